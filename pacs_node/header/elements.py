"""Walking over the top-level elements of a data set (PS3.5 section 7), reading the values that are wanted.

Nothing is decoded and nothing is kept but those values, so that memory does not depend on what was sent;
values that nobody wants are jumped over, sequences of undefined length are walked to their end without
recursion.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO

_UNDEFINED = 0xFFFFFFFF
_ITEM = 0xFFFEE000
_ITEM_END = 0xFFFEE00D
_SEQUENCE_END = 0xFFFEE0DD
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_LONGEST_WANTED = 64 * 1024
_DEEPEST = 64
MOST_ELEMENTS = 200_000
"""Elements and items walked over in one data set; a real header has some hundreds before its last wanted tag."""


class BrokenDataSet(ValueError):
    """The bytes can't be elements of the transfer syntax that was declared; the caller refuses the instance."""


@dataclass(slots=True)
class _Encoding:
    explicit: bool
    big_endian: bool

    @property
    def order(self) -> str:
        return ">" if self.big_endian else "<"


class _Count:
    """Elements met so far, so that a file of nothing but heads can't occupy the hub."""

    def __init__(self) -> None:
        self._met = 0

    def one_more(self) -> None:
        """Raises BrokenDataSet when it is one too many."""
        self._met += 1
        if self._met > MOST_ELEMENTS:
            raise BrokenDataSet(f"more than {MOST_ELEMENTS} elements")


@dataclass(slots=True)
class _Element:
    tag: int
    length: int
    explicit: bool
    """How its items are encoded, where it is of undefined length."""


def read_elements(
    file: BinaryIO, *, explicit: bool, big_endian: bool, wanted: Collection[int], last_tag: int
) -> tuple[dict[int, bytes], int]:
    """Raw values of the `wanted` tags, from the file's position up to `last_tag` or the end, and the last tag seen.

    A value longer than 64 KiB counts as absent: nothing that the index keeps is so long. A data set
    that ends in the middle of an element is read as far as it goes. Raises BrokenDataSet, also for
    more than MOST_ELEMENTS.
    """
    encoding = _Encoding(looks_explicit(file) if explicit else False, big_endian)
    found: dict[int, bytes] = {}
    seen = 0
    count = _Count()
    while (element := _next(file, encoding, count)) is not None:
        seen = element.tag
        if element.tag > last_tag:
            break
        if element.length == _UNDEFINED:
            _walk_to_end(file, _Encoding(element.explicit, big_endian), count)
        elif element.tag in wanted and element.length <= _LONGEST_WANTED:
            value = file.read(element.length)
            if len(value) < element.length:
                break
            found.setdefault(element.tag, value)
        else:
            file.seek(element.length, 1)
    return found, seen


def ends_whole(file: BinaryIO, *, explicit: bool, big_endian: bool, size: int) -> bool:
    """Whether the data set from the file's position ends where an element ends, at `size` bytes: nothing is cut off.

    True also for bytes that can't be walked over: nobody can tell then.
    """
    encoding = _Encoding(looks_explicit(file) if explicit else False, big_endian)
    count = _Count()
    try:
        at = file.tell()
        while (element := _next(file, encoding, count)) is not None:
            if element.length != _UNDEFINED:
                file.seek(element.length, 1)
            elif not _walk_to_end(file, _Encoding(element.explicit, big_endian), count):
                return False
            at = file.tell()
    except (BrokenDataSet, OverflowError):
        return True
    return at == size


def looks_explicit(file: BinaryIO) -> bool:
    """Whether the element at the file's position has a VR: some devices declare explicit VR and send implicit."""
    start = file.read(6)
    file.seek(-len(start), 1)
    return not start[4:6] or (start[4:6].isalpha() and start[4:6].isupper())


def _next(file: BinaryIO, encoding: _Encoding, count: _Count) -> _Element | None:
    """The next element's head; None at the end or where only part of a head is left."""
    head = file.read(8)
    if len(head) < 8:  # noqa: PLR2004 - tag, and a length or a VR with a short length
        return None
    count.one_more()
    group, number = struct.unpack(encoding.order + "HH", head[:4])
    tag = group << 16 | number
    vr = head[4:6]
    if not encoding.explicit or tag in (_ITEM, _ITEM_END, _SEQUENCE_END):
        return _Element(tag, struct.unpack(encoding.order + "I", head[4:])[0], encoding.explicit)
    if vr not in _LONG_VRS:
        if not (vr.isalpha() and vr.isupper()):
            raise BrokenDataSet(f"no value representation at ({group:04X},{number:04X})")
        return _Element(tag, struct.unpack(encoding.order + "H", head[6:])[0], True)
    long = file.read(4)
    if len(long) < 4:  # noqa: PLR2004
        return None
    # An UN of undefined length holds implicit VR (PS3.5 section 6.2.2 note 4).
    return _Element(tag, struct.unpack(encoding.order + "I", long)[0], vr != b"UN")


def _walk_to_end(file: BinaryIO, encoding: _Encoding, count: _Count) -> bool:
    """Go behind the sequence delimiter that closes the sequence just opened; False if there is none.

    Raises BrokenDataSet.
    """
    open_encodings = [encoding]
    while open_encodings:
        inner = open_encodings[-1]
        element = _next(file, inner, count)
        if element is None:
            return False
        if element.tag == _SEQUENCE_END:
            open_encodings.pop()
        elif element.tag in (_ITEM, _ITEM_END):
            if element.tag == _ITEM and element.length != _UNDEFINED:
                file.seek(element.length, 1)
        elif element.length == _UNDEFINED:
            if len(open_encodings) >= _DEEPEST:
                raise BrokenDataSet("sequences are nested too deeply")
            open_encodings.append(_Encoding(element.explicit, inner.big_endian))
        else:
            file.seek(element.length, 1)
    return True
