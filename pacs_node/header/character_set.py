"""SpecificCharacterSet (0008,0005) to text (PS3.3 C.12.1.1.2, PS3.5 section 6.1 and annexes H to K).

Reading never raises: bytes that mean nothing in the declared sets become U+FFFD, and a declared name that
is unknown counts as not declared.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_ESC = 0x1B
_HIGH = 0x80

# Single-byte sets: the defined term's number to a Python codec. The lower half of all of them is ASCII.
_SINGLE_BYTE = {
    "100": "latin_1",
    "101": "iso8859_2",
    "109": "iso8859_3",
    "110": "iso8859_4",
    "126": "iso8859_7",
    "127": "iso8859_6",
    "138": "iso8859_8",
    "144": "iso8859_5",
    "148": "iso8859_9",
    "166": "iso8859_11",
    "203": "iso8859_15",
}
_SHIFT_JIS = "cp932"
"""ISO_IR 13 alone: its kana have the same codes in Shift_JIS, which is what many devices send under that name."""
# The last two are no terms of the standard: some devices write them, and an operator can say them of a device.
_WITHOUT_EXTENSIONS = {"192": "utf_8", "GB18030": "gb18030", "GBK": "gbk", "EUC-JP": "euc_jp", "SHIFT_JIS": _SHIFT_JIS}

_TERM = re.compile(r"ISO[ _-]*(?:2022[ _-]*)?IR[ _-]*(\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Set:
    """One set that an escape sequence designates: its codec, bytes a character, and what to put around the bytes."""

    codec: str
    width: int = 1
    prefix: bytes = b""


_ASCII = _Set("ascii")
_KANA = _Set("shift_jis")
# Escape sequences of PS3.3 tables C.12-3 and C.12-4: to G0 (codes below 80) and to G1 (codes above).
_TO_G0 = {
    b"(B": _ASCII,
    b"(J": _ASCII,  # JIS X 0201 romaji: ¥ and ‾ are read as the delimiters that they stand for
    b"$B": _Set("euc_jp", 2),
    b"$@": _Set("euc_jp", 2),
    b"$(D": _Set("euc_jp", 2, b"\x8f"),
}
_TO_G1 = {
    b")I": _KANA,
    b"-A": _Set("latin_1"),
    b"-B": _Set("iso8859_2"),
    b"-C": _Set("iso8859_3"),
    b"-D": _Set("iso8859_4"),
    b"-F": _Set("iso8859_7"),
    b"-G": _Set("iso8859_6"),
    b"-H": _Set("iso8859_8"),
    b"-L": _Set("iso8859_5"),
    b"-M": _Set("iso8859_9"),
    b"-T": _Set("iso8859_11"),
    b"-b": _Set("iso8859_15"),
    b"$)C": _Set("euc_kr", 2),
    b"$)A": _Set("gb2312", 2),
}
_FIRST_G1 = {"13": _KANA, "149": _Set("euc_kr", 2), "58": _Set("gb2312", 2)} | {
    number: _Set(codec) for number, codec in _SINGLE_BYTE.items()
}


class CharacterSet:
    """How the text of one data set is to be read; made from the raw value of SpecificCharacterSet."""

    def __init__(self, declared: bytes = b"") -> None:
        terms = [term.strip() for term in declared.decode("ascii", "replace").replace("\0", " ").upper().split("\\")]
        numbers = [_number(term) for term in terms]
        self._whole = _whole_codec(numbers)
        known = [_FIRST_G1[number] for number in numbers if number in _FIRST_G1]
        self._g1 = known[0] if known else None

    def decode(self, raw: bytes) -> str:
        """The text of one element, all its values together."""
        if raw.isascii() and _ESC not in raw:
            return raw.decode("ascii")
        if self._whole and _ESC not in raw:
            return raw.decode(self._whole, "replace")
        return _decode_extended(raw, self._g1)


def _number(term: str) -> str:
    match = _TERM.fullmatch(term)
    return match[1] if match else term


def _whole_codec(numbers: list[str]) -> str | None:
    """The codec that reads whole values, where no code extensions are declared."""
    for number in numbers:
        if number in _WITHOUT_EXTENSIONS:
            return _WITHOUT_EXTENSIONS[number]
    if numbers == ["13"]:
        return _SHIFT_JIS
    if len(numbers) == 1:
        return _SINGLE_BYTE.get(numbers[0])
    return None


def _decode_extended(raw: bytes, g1: _Set | None) -> str:
    """ISO 2022 code extensions (PS3.5 section 6.1.2.5): G0 is ASCII at first, escape sequences change G0 and G1.

    Sets stay designated across delimiters, where the standard resets them: writers that forget to
    designate again are common, writers that rely on the reset must have G0 back at ASCII anyhow.
    """
    g0 = _ASCII
    text: list[str] = []
    at = 0
    while at < len(raw):
        if raw[at] == _ESC:
            length, into_g0, into_g1 = _designation(raw, at)
            g0, g1 = into_g0 or g0, into_g1 or g1
            at += length
            continue
        high = raw[at] >= _HIGH
        using = g1 if high else g0
        if using is None or (not high and raw[at] <= 0x20):  # noqa: PLR2004 - space and controls are in no set
            text.append("\ufffd" if high else chr(raw[at]))
            at += 1
            continue
        end = at
        while end < len(raw) and raw[end] != _ESC and (raw[end] >= _HIGH) == high and (high or raw[end] > 0x20):  # noqa: PLR2004
            end += 1
        text.append(_run(raw[at:end], using))
        at = end
    return "".join(text)


def _designation(raw: bytes, at: int) -> tuple[int, _Set | None, _Set | None]:
    for length in (3, 2):
        sequence = raw[at + 1 : at + 1 + length]
        if sequence in _TO_G0:
            return 1 + length, _TO_G0[sequence], None
        if sequence in _TO_G1:
            return 1 + length, None, _TO_G1[sequence]
    return 1, None, None


def _run(raw: bytes, using: _Set) -> str:
    if using.width == 1:
        return raw.decode(using.codec, "replace")
    characters = []
    for at in range(0, len(raw), 2):
        pair = bytes(code | _HIGH for code in raw[at : at + 2])
        try:
            characters.append(codecs.decode(using.prefix + pair, using.codec))
        except UnicodeDecodeError:
            characters.append("\ufffd")
    return "".join(characters)
