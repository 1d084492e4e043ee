"""Texts whose SpecificCharacterSet (0008,0005) is absent, wrong or incomplete, as many Japanese devices send them.

A declared reading stands wherever it is possible. Only where bytes can't be what is declared (they give no
character, or control characters) another reading is looked for, among those that such devices write:
Shift_JIS, EUC-JP and UTF-8. It is taken when it is the only one that reads as Japanese; whatever was
repaired, can't be decided or looks garbled, is `suspect` (文字化け疑い). This is for the index alone: the
stored file keeps its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pacs_node.header.character_set import CharacterSet

_ESC = 0x1B
_LONGEST_CUT = 4
# What a field's limit leaves when a device cuts a text by bytes: SH 16, LO and PN 64 (PS3.5 section 6.2).
_CUT_LENGTHS = (15, 16, 63, 64)
_PADDING = b" \0"

# Controls that no text has; ESC is among them once the text is decoded. C1 is what Shift_JIS gives as ISO_IR 100.
_BROKEN = re.compile("[\ufffd\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_UNASSIGNED = re.compile("[\ue000-\uf8ff\ufffd\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff\uff66-\uff9f]")
_FULL_WIDTH = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
_HALF_WIDTH = "\uff61-\uff9f"
# One kanji or a few half-width kana within a Latin word is an accented letter that was read wrongly.
_IN_A_WORD = re.compile(f"[a-z][\u4e00-\u9fff][a-z]|[A-Za-z][{_HALF_WIDTH}]+[a-z]")
# No word begins with a sound mark, a small kana, ｰ or ﾝ; sound marks stand behind the kana that take them.
_NO_KANA_WORD = re.compile(
    f"(?:^|[^{_HALF_WIDTH}])[ｧ-ｰﾝﾞﾟ]|[｢｣｡､]|(?<![ｦｳｶ-ﾄﾊ-ﾎ])ﾞ|(?<![ﾊ-ﾎ])ﾟ|[ｧ-ｯ][ｧ-ｯ]|ｯ(?:$|[^{_HALF_WIDTH}])"
)
_STRIPPED_ESCAPES = re.compile(r"(?:^|[^\x1b])\$[B@](?:[!-~]{2})+\([BJ]")
# Signs among letters, or three letters with accents on end, are no European text.
_NO_EUROPEAN_TEXT = re.compile("[\xa1-\xa9\xab-\xb1\xb4\xb6\xb8\xbb-\xbf\xd7\xf7]|[\xa1-\u024f]{3}")
_EUROPEAN = re.compile(r"ISO[ _-]*IR[ _-]*(?:100|101|109|110|148|203)", re.ASCII | re.IGNORECASE)
_UTF_8 = re.compile(r"ISO[ _-]*IR[ _-]*192", re.ASCII | re.IGNORECASE)
_ONE_BYTE_A_LETTER = re.compile(r"ISO[ _-]*IR[ _-]*(?!13$|192$)\d+", re.ASCII | re.IGNORECASE)
_CODECS = ("cp932", "euc_jp", "utf_8")


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of a data set, by the keys that were given, and whether any of them is doubtful or repaired."""

    by_key: Mapping[int, str]
    suspect: bool


def read_texts(raw: Mapping[int, bytes], declared: bytes, override: str = "") -> Texts:
    """Decode the raw text values of one data set; never raises.

    `declared` is the raw value of SpecificCharacterSet. `override`, of the same form, is what the operator
    knows of the sender: it is read instead, and nothing is guessed.
    """
    if all(value.isascii() and _ESC not in value for value in raw.values()):
        return Texts(
            {key: value.decode("ascii") for key, value in raw.items()},
            any(_STRIPPED_ESCAPES.search(value.decode("ascii")) for value in raw.values() if b"$" in value),
        )
    if override:
        characters = CharacterSet(override.encode("ascii", "replace"))
        texts = {key: characters.decode(value) for key, value in raw.items()}
        return Texts(texts, any(_is_broken(text) for text in texts.values()))
    return _read_as_declared(raw, declared)


def _read_as_declared(raw: Mapping[int, bytes], declared: bytes) -> Texts:
    characters = CharacterSet(declared)
    terms = declared.decode("ascii", "replace").strip("\0 ")
    texts = {key: characters.decode(value) for key, value in raw.items()}
    broken = {key for key, text in texts.items() if not raw[key].isascii() and _is_broken(text)}
    suspect = _undeclared_escapes(raw.values(), terms) or any(_is_broken(text) for text in texts.values())
    if broken and (not terms or _ONE_BYTE_A_LETTER.fullmatch(terms)):
        # What is declared is wrong for one text, so it is for the others that are no ASCII.
        broken = {key for key, value in raw.items() if not value.isascii() and _ESC not in value}
    if broken:
        texts |= _repaired({key: raw[key] for key in broken}, utf_8=bool(_UTF_8.fullmatch(terms)))
    elif _EUROPEAN.fullmatch(terms) and any(_NO_EUROPEAN_TEXT.search(text) for text in texts.values()):
        suspect = suspect or bool(_candidates([value for value in raw.values() if not value.isascii()]))
    return Texts(texts, suspect)


def _is_broken(text: str) -> bool:
    return _BROKEN.search(text.rstrip("\0 ")) is not None


def _undeclared_escapes(values: Iterable[bytes], terms: str) -> bool:
    """Whether escape sequences of ISO 2022 come where none is declared."""
    return "2022" not in terms and any(_ESC in value for value in values)


def _repaired(raw: Mapping[int, bytes], *, utf_8: bool) -> dict[int, str]:
    """Another reading of values that the declared one can't read, for those where there is one."""
    if utf_8 and (cut := {key: _cut_utf_8(value) for key, value in raw.items()}) and None not in cut.values():
        return {key: text for key, text in cut.items() if text is not None}
    codec = _only(_candidates(list(raw.values())))
    if codec:
        return {key: _decoded(value, codec) or "" for key, value in raw.items()}
    repaired: dict[int, str] = {}
    for key, value in raw.items():
        codec = _only(_candidates([value]))
        text = _decoded(value, codec) if codec else _western(value)
        if text is not None:
            repaired[key] = text
    return repaired


def _candidates(values: list[bytes]) -> list[str]:
    """The codecs by which all values, together, read as Japanese."""
    clean = []
    for codec in _CODECS:
        texts = [_decoded(value, codec) for value in values]
        if all(text is not None and _reads_as_japanese(text) for text in texts):
            clean.append(codec)
    return clean if len(clean) < 2 else _likelier(clean, values)  # noqa: PLR2004


def _likelier(clean: list[str], values: list[bytes]) -> list[str]:
    """Of several codecs that give Japanese, the one that the others can't be; all where that is open.

    Bytes that are UTF-8 by chance do not exist, but UTF-8 bytes often are some Shift_JIS (螻ｱ逕ｰ for 山田).
    Half-width kana are pairs of EUC-JP by chance, but of kanji that nobody has in a name.
    """
    if "utf_8" in clean:
        return ["utf_8"]
    as_shift_jis = "".join(_decoded(value, "cp932") or "" for value in values)
    as_euc = b"".join(values)
    if _FULL_WIDTH.search(as_shift_jis):
        return clean
    # Half-width kana against EUC-JP: kanji of the second level (rows from 48) are rare, kana in good order no chance.
    if any(0xD0 <= lead <= 0xF4 for lead in _leads(as_euc)) and not _NO_KANA_WORD.search(as_shift_jis):  # noqa: PLR2004
        return ["cp932"]
    return clean


def _leads(raw: bytes) -> list[int]:
    """The first bytes of the pairs of EUC-JP."""
    leads, at = [], 0
    while at < len(raw):
        high = raw[at] >= 0x80  # noqa: PLR2004
        if high:
            leads.append(raw[at])
        at += 2 if high else 1
    return leads


def _reads_as_japanese(text: str) -> bool:
    if _UNASSIGNED.search(text) or _IN_A_WORD.search(text):
        return False
    return bool(_JAPANESE.search(text)) and (bool(_FULL_WIDTH.search(text)) or not _NO_KANA_WORD.search(text))


def _decoded(raw: bytes, codec: str) -> str | None:
    """The value, None where the codec can't read it; a last character that a length limit has cut is left out."""
    raw = raw.rstrip(_PADDING)
    try:
        return raw.decode(codec)
    except UnicodeDecodeError as error:
        if len(raw) in _CUT_LENGTHS and len(raw) - error.start < _LONGEST_CUT and error.start:
            try:
                return raw[: error.start].decode(codec)
            except UnicodeDecodeError:
                return None
        return None


def _cut_utf_8(raw: bytes) -> str | None:
    """A text of UTF-8 without its last character, if that is all that is wrong with it."""
    raw = raw.rstrip(_PADDING)
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data" and error.start > 0
        return raw[: error.start].decode() if cut else None


def _western(raw: bytes) -> str | None:
    """Letters with accents of a device that declares nothing: as UTF-8, or as ISO_IR 100; None if they are neither."""
    if _candidates([raw]):
        return None
    for codec in ("utf_8", "latin_1"):
        text = _decoded(raw, codec)
        if text is not None and not _UNASSIGNED.search(text) and not _NO_EUROPEAN_TEXT.search(text):
            return text
    return None


def _only(codecs: list[str]) -> str | None:
    return codecs[0] if len(codecs) == 1 else None
