"""Text that the hub itself writes into data sets: declared in a character set that holds it (PS3.3 C.12.1.1.2).

pydicom writes `?` for what a set lacks, with a warning only. Here a set is chosen only when it has every
character, so that a name on its way out is never damaged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import structlog
from pydicom.charset import convert_encodings
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.valuerep import PersonName

from pacs_node.header.identifiers import IDENTIFIERS
from pacs_node.header.single_set import SingleSet
from shared_kernel.japanese.variants import folding

UTF_8 = "ISO_IR 192"
_TEXT_VRS = frozenset({"SH", "LO", "ST", "LT", "UC", "UT"})
_DELIMITERS = re.compile(r"[\^=]")
_NUMBER = re.compile(r"IR[ _-]*(\d+)")
_ASCII = ""
_ESC = "\x1b"
# From the smallest to the largest; the hub's own texts need no other sets.
_WESTERN = ("ISO_IR 100", ("100",))
_JAPANESE = (
    ("\\ISO 2022 IR 87", ("87",)),
    ("\\ISO 2022 IR 13\\ISO 2022 IR 87", ("13", "87")),
    ("\\ISO 2022 IR 87\\ISO 2022 IR 159", ("87", "159")),
    ("\\ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159", ("13", "87", "159")),
)
_KANA_FIRST, _KANA_LAST = "\uff61", "\uff9f"
_KANA_RUN = re.compile(f"[{_KANA_FIRST}-{_KANA_LAST}]+")
_SOUND_MARKS = str.maketrans({"\u3099": "゛", "\u309a": "゜"})
_MISSING = "〓"
"""GETA MARK: what Japanese print has long put where a character is missing; all Japanese sets have it."""

# Windows and JIS name the same signs with different code points (JIS X 0208 as Unicode first mapped it).
_SAME_SIGN = str.maketrans({"～": "〜", "－": "−", "∥": "‖", "￠": "¢", "￡": "£", "￢": "¬", "—": "―"})
_VARIANTS = folding()

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """How texts go out: `character_set` as SpecificCharacterSet has it, and what had to be folded for it."""

    character_set: str
    folded: Mapping[str, str]
    """Each character that the set lacks, with what is written for it (髙 → 高); empty: nothing is changed."""

    def text(self, value: str) -> str:
        """The value as it is to be written."""
        return _folded(value, self.folded) if self.folded else value

    def name(self, value: str) -> str:
        """A person's name as it is to be written."""
        return self.text(value)

    def identifier(self, value: str) -> str:
        """The value to the letter (see `header.identifiers`); empty where something of it would be folded."""
        return "" if any(character in self.folded for character in value) else value


def encode_dataset_text(dataset: Dataset, charset_preference: str = "", *, only: SingleSet | None = None) -> Outgoing:
    """Give a data set of our own the smallest SpecificCharacterSet that holds all its texts; sequences are included.

    `charset_preference` is a SpecificCharacterSet value (terms between backslashes) that the receiver is
    known to take; empty: anything, so 髙﨑栁𠮷 go as ISO_IR 192. Where it has ISO 2022 terms, or ISO_IR 13, the
    text goes in Japanese ISO 2022 sets only and what they lack is folded (髙 → 高) with a line in the log.
    With `only`, everything goes in that one set, as far as it can say it (see `single_set`). Identifiers
    (`header.identifiers`) are never folded: one that can't go out to the letter is left out, with a line in the log.
    Changes the data set in place, with `only` values that are not ASCII to bytes; an item's own SpecificCharacterSet
    goes, as its texts are in the set of the whole.
    """
    elements = list(_text_elements(dataset))
    if only is not None:
        _write(elements, only)
        plain = all(text.isascii() for element in elements for text in _texts(element))
        _declare(dataset, _ASCII if plain else only.declared)
        _fix_bytes(elements, only)
        return Outgoing(only.declared, {})
    outgoing = outgoing_text((text for element in elements for text in _texts(element)), charset_preference)
    _write(elements, outgoing)
    _declare(dataset, outgoing.character_set)
    return outgoing


def outgoing_text(texts: Iterable[str], charset_preference: str = "") -> Outgoing:
    """The smallest set that holds all `texts`; see `encode_dataset_text`."""
    pieces = {piece for text in texts for piece in _DELIMITERS.split(text)}
    numbers = frozenset(_NUMBER.findall(charset_preference.upper()))
    if all(_holds((), piece) for piece in pieces):
        return Outgoing(_ASCII, {})
    if "192" in numbers:
        return Outgoing(UTF_8, {})
    if numbers & {"13", "87", "159"}:
        return _japanese_only(pieces, numbers | {"87"})
    terms = (terms for terms, sets in (_WESTERN, *_JAPANESE) if all(_holds(sets, piece) for piece in pieces))
    return Outgoing(next(terms, UTF_8), {})


def _japanese_only(pieces: set[str], numbers: frozenset[str]) -> Outgoing:
    allowed = [(terms, sets) for terms, sets in _JAPANESE if numbers.issuperset(sets)]
    for terms, sets in allowed:
        if all(_holds(sets, piece) for piece in pieces):
            return Outgoing(terms, {})
    _, widest = allowed[-1]
    lacking = sorted({character for piece in pieces for character in piece if not _has(widest, character)})
    folded = {character: _nearest(character, widest) for character in lacking}
    kept = {_folded(piece, folded) for piece in pieces}
    smallest = next(terms for terms, sets in ((_ASCII, ()), *allowed) if all(_holds(sets, piece) for piece in kept))
    log.info("text.folded", character_set=smallest, folded=" ".join(f"{old}→{new}" for old, new in folded.items()))
    return Outgoing(smallest, folded)


def _holds(sets: tuple[str, ...], piece: str) -> bool:
    return (piece.isascii() and _ESC not in piece) or all(_has(sets, character) for character in piece)


def _has(sets: tuple[str, ...], character: str) -> bool:
    """Whether one of the sets has the character. What has it, pydicom encodes; what has not, becomes `?` there."""
    if character.isascii():
        return character != _ESC
    return any(_SETS[number](character) for number in sets)


def _latin_1(character: str) -> bool:
    return "\xa0" <= character <= "\xff"


def _half_width(character: str) -> bool:
    return _KANA_FIRST <= character <= _KANA_LAST


@lru_cache(maxsize=8192)
def _designated(character: str, escape: bytes) -> bool:
    """Whether the character is in the set that `escape` designates."""
    try:
        return character.encode("iso2022_jp_2").startswith(escape)
    except UnicodeEncodeError:
        return False


_SETS: Mapping[str, Callable[[str], bool]] = {
    "100": _latin_1,
    "13": _half_width,
    "87": lambda character: _designated(character, b"\x1b$B"),
    "159": lambda character: _designated(character, b"\x1b$(D"),
}


def _nearest(character: str, sets: tuple[str, ...]) -> str:
    """What stands for a character that the sets lack; the geta mark where nothing does."""
    if unicodedata.category(character) in {"Cc", "Cf", "Mn"}:
        return ""
    plain = unicodedata.normalize("NFKC", character)
    ways = (
        character.translate(_SAME_SIGN),
        character.translate(_VARIANTS),
        plain,
        plain.translate(_SAME_SIGN).translate(_VARIANTS),
        "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)),
    )
    usable = (way for way in ways if way and not set(way) & set("\\^=") and _holds(sets, way))
    return next(usable, _MISSING)


def _folded(text: str, folded: Mapping[str, str]) -> str:
    if any(_half_width(character) for character in folded):
        # ﾀﾞ are two characters that become one.
        text = _KANA_RUN.sub(lambda run: unicodedata.normalize("NFKC", run[0]).translate(_SOUND_MARKS), text)
    return "".join(folded.get(character, character) for character in text)


def _text_elements(dataset: Dataset) -> Iterator[DataElement]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value or ():
                if "SpecificCharacterSet" in item:
                    # Its texts are decoded while it still says how.
                    list(_text_elements(item))
                    del item.SpecificCharacterSet
                yield from _text_elements(item)
        elif element.VR in _TEXT_VRS or element.VR == "PN":
            yield element


def _values(element: DataElement) -> Sequence[object]:
    value = element.value
    if value is None or value == "":
        return ()
    return list(value) if element.VM > 1 else [value]


def _texts(element: DataElement) -> Iterator[str]:
    return (str(value) for value in _values(element))


def _write(elements: Iterable[DataElement], outgoing: Outgoing | SingleSet) -> None:
    """Give each element its values as they go out; raises nothing, what can't be said is left out."""
    left_out: set[str] = set()
    for element in elements:
        texts = list(_texts(element))
        if element.keyword in IDENTIFIERS:
            said = [text for text in texts if outgoing.identifier(text)]
            if len(said) < len(texts):
                left_out.add(element.keyword)
            element.value = said or None
        elif element.VR == "PN":
            # A PersonName remembers the bytes that it came from; a new one is encoded as the data set now says.
            element.value = [PersonName(outgoing.name(text)) for text in texts] or None
        else:
            element.value = [outgoing.text(text) for text in texts] or None
    tell_left_out(left_out, outgoing.character_set)


def _fix_bytes(elements: Iterable[DataElement], only: SingleSet) -> None:
    """Make values that are not ASCII bytes: pydicom writes `?` where ｱ and A stand in one value of ISO_IR 13."""
    encodings = convert_encodings(only.character_set)
    for element in elements:
        texts = list(_texts(element))
        if not all(map(str.isascii, texts)):
            said = [only.encode(text) for text in texts]
            element.value = [PersonName(each, encodings) for each in said] if element.VR == "PN" else said


def tell_left_out(keywords: Collection[str], character_set: str) -> None:
    """A line in the log where identifiers could not be said to a receiver; the values stay out of it."""
    if keywords:
        log.warning("text.identifiers_left_out", character_set=character_set, keywords=" ".join(sorted(keywords)))


def _declare(dataset: Dataset, character_set: str) -> None:
    if character_set == _ASCII:
        if "SpecificCharacterSet" in dataset:
            del dataset.SpecificCharacterSet
        return
    terms = character_set.split("\\")
    dataset.SpecificCharacterSet = terms if len(terms) > 1 else terms[0]
