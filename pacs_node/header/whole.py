"""A whole data set that is in memory, taken apart within limits (PS3.5 section 7): what messages carry beside images.

Stricter than `elements`, which looks for a few values in what is stored whatever it is: here every byte belongs to an
element, lengths fit to the byte, and no tag comes twice, or the data set is refused. So no key of a query gets lost
on the way, and what a message costs is bounded before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import NamedTuple, TypeAlias

from pydicom.datadict import dictionary_VR

from pacs_node.header.elements import BrokenDataSet

MOST_PARTS = 60_000
"""Elements, items and values of one data set; a storage commitment of 10,000 instances has up to 50,000."""
DEEPEST = 16
"""Sequences within each other; the standard's own worklist items and performed steps have five at most."""

_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_DELIMITERS = 0xFFFE
_HEAD = 8
_LONG_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
_SHORT_VRS = frozenset(
    [
        "AE",
        "AS",
        "AT",
        "CS",
        "DA",
        "DS",
        "DT",
        "FD",
        "FL",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "SL",
        "SS",
        "ST",
        "TM",
        "UI",
        "UL",
        "US",
    ]
)
_OF_ONE_VALUE = frozenset(["LT", "ST", "UR", "UT", "OB", "OD", "OF", "OL", "OV", "OW", "UN"])
_BYTES_OF_VALUE = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}
_LITTLE, _BIG = (Struct("<HH"), Struct("<H"), Struct("<I")), (Struct(">HH"), Struct(">H"), Struct(">I"))


class RawElement(NamedTuple):
    """An element as it came; `vr` is the dictionary's where the encoding says none, UN where nobody knows."""

    tag: int
    vr: str
    value: bytes | Sequence[RawItem]
    """The items of an SQ, the bytes of anything else."""
    implicit: bool
    big_endian: bool


RawItem: TypeAlias = list[RawElement]


def read_whole(data: bytes, *, explicit: bool, big_endian: bool) -> RawItem:
    """All elements of a data set. Raises BrokenDataSet, also for more than MOST_PARTS, or sequences below DEEPEST."""
    # Some devices declare explicit VR and send implicit.
    explicit = explicit and (not data[4:6] or _is_vr(data[4:6]))
    return _Reader(data).elements(0, len(data), 0, implicit=not explicit, big_endian=big_endian)[0]


class _Reader:
    """Over the bytes of one data set; counts what it has met."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._met = 0

    def elements(
        self, at: int, end: int, depth: int, *, implicit: bool, big_endian: bool, delimited: bool = False
    ) -> tuple[RawItem, int]:
        """The elements up to `end`, or `delimited` up to the item's delimiter, and where they ended."""
        found: RawItem = []
        seen: set[int] = set()
        while at < end or delimited:
            if end - at < _HEAD:
                if depth == 0 and not any(self._data[at:end]):
                    break  # padding
                raise BrokenDataSet("an element that is cut off")
            tag, vr, length, at = self._head(at, end, implicit=implicit, big_endian=big_endian)
            if tag == _ITEM_END and delimited:
                return found, at
            if tag in seen or tag >> 16 == _DELIMITERS:
                raise BrokenDataSet(f"{_name(tag)} comes twice, or where it has no place")
            seen.add(tag)
            if length != _UNDEFINED and length > end - at:
                raise BrokenDataSet(f"{_name(tag)} is longer than what it is in")
            # What is unknown and of undefined length is a sequence of implicit VR (PS3.5 section 6.2.2 note 4).
            unknown = vr == "UN"
            if unknown and (length == _UNDEFINED or (tag >> 16) % 2 == 0):
                vr = "SQ" if length == _UNDEFINED else known_vr(tag)
            known = known_vr(tag)
            if known != "UN" and (vr == "SQ") is not (known == "SQ"):
                raise BrokenDataSet(f"{_name(tag)} is {'no' if vr == 'SQ' else 'a'} sequence")
            if vr == "SQ":
                within, big = implicit or unknown, big_endian and not unknown
                items, at = self._items(at, end, length, depth + 1, implicit=within, big_endian=big)
                found.append(RawElement(tag, vr, items, within, big))
                continue
            if length == _UNDEFINED:
                raise BrokenDataSet(f"{_name(tag)} has no length")
            value = self._data[at : at + length]
            self._count(_values(vr, value) - 1)
            found.append(RawElement(tag, vr, value, implicit or unknown, big_endian))
            at += length
        return found, at

    def _items(
        self, at: int, end: int, length: int, depth: int, *, implicit: bool, big_endian: bool
    ) -> tuple[list[RawItem], int]:
        """The items of a sequence, and where it ended."""
        if depth > DEEPEST:
            raise BrokenDataSet(f"more than {DEEPEST} sequences within each other")
        delimited = length == _UNDEFINED
        end = end if delimited else at + length
        found: list[RawItem] = []
        while at < end or delimited:
            if end - at < _HEAD:
                raise BrokenDataSet("a sequence without its end")
            tag, _, length, at = self._head(at, end, implicit=True, big_endian=big_endian)
            if tag == _SEQUENCE_END and delimited:
                break
            if tag != _ITEM:
                raise BrokenDataSet(f"{_name(tag)} where an item belongs")
            open_ended = length == _UNDEFINED
            if not open_ended and length > end - at:
                raise BrokenDataSet("an item that is longer than its sequence")
            item, at = self.elements(
                at,
                end if open_ended else at + length,
                depth,
                implicit=implicit,
                big_endian=big_endian,
                delimited=open_ended,
            )
            found.append(item)
        return found, at

    def _head(self, at: int, end: int, *, implicit: bool, big_endian: bool) -> tuple[int, str, int, int]:
        """Tag, VR and length of the element or item at `at`, and where its value begins."""
        tag_at, short, long = _BIG if big_endian else _LITTLE
        group, number = tag_at.unpack_from(self._data, at)
        tag = group << 16 | number
        if tag not in (_ITEM_END, _SEQUENCE_END):
            self._count(1)
        if implicit or group == _DELIMITERS:
            return tag, known_vr(tag) if implicit else "", long.unpack_from(self._data, at + 4)[0], at + _HEAD
        vr = self._data[at + 4 : at + 6].decode("latin-1")
        if vr in _SHORT_VRS:
            return tag, vr, short.unpack_from(self._data, at + 6)[0], at + _HEAD
        if vr not in _LONG_VRS:
            raise BrokenDataSet(f"no value representation at {_name(tag)}")
        if end - at < _HEAD + 4:
            raise BrokenDataSet("an element that is cut off")
        return tag, vr, long.unpack_from(self._data, at + _HEAD)[0], at + _HEAD + 4

    def _count(self, parts: int) -> None:
        self._met += parts
        if self._met > MOST_PARTS:
            raise BrokenDataSet(f"more than {MOST_PARTS} elements, items and values")


@lru_cache(maxsize=4096)
def known_vr(tag: int) -> str:
    """The dictionary's VR, which may be one of several (US or SS); UN for what it does not know."""
    if tag >> 16 == _DELIMITERS:
        return ""
    if not tag & 0xFFFF:
        return "UL"
    if (tag >> 16) % 2:
        return "LO" if 0x10 <= tag & 0xFFFF <= 0xFF else "UN"  # noqa: PLR2004 - private creators, PS3.5 section 7.8.1
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _values(vr: str, value: bytes) -> int:
    """How many values pydicom would make of it, at most."""
    if vr in _OF_ONE_VALUE:
        return 1
    size = _BYTES_OF_VALUE.get(vr) or (2 if " or " in vr else 0)
    return len(value) // size if size else value.count(b"\\") + 1


def _is_vr(said: bytes) -> bool:
    return said.decode("latin-1") in _LONG_VRS | _SHORT_VRS


def _name(tag: int) -> str:
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
