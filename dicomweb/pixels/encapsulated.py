"""Where the frames of encapsulated pixel data are (PS3.5 section A.4), found without reading the pixels."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import BinaryIO, NamedTuple

from dicomweb.errors import BrokenPixelData

_ITEM = 0xFFFEE000
_SEQUENCE_END = 0xFFFEE0DD
_HEAD = 8
_MOST_FRAGMENTS = 1_000_000
_LONGEST_TABLE = 4 * _MOST_FRAGMENTS
# How a codestream begins: JPEG and JPEG-LS (SOI and another marker), JPEG 2000 and HTJ2K (SOC, SIZ).
_BEGINNINGS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51")


class Fragment(NamedTuple):
    """Bytes of the file."""

    offset: int
    length: int


Frame = tuple[Fragment, ...]


def encapsulated_frames(
    file: BinaryIO, offset: int, frames: int, extended: tuple[bytes, bytes] | None = None
) -> list[Frame]:
    """The fragments of each frame of the pixel data whose value begins at `offset`.

    `extended` is the Extended Offset Table and its lengths (PS3.3 section C.7.6.3.1.8). Tables that do
    not fit the fragments are not believed. Raises BrokenPixelData when no division into `frames` frames is certain.
    """
    table, fragments = _items(file, offset)
    if extended is not None:
        found = _by_extended_table(extended, fragments, frames)
        if found is not None:
            return found
    found = _by_basic_table(table, fragments, frames)
    if found is not None:
        return found
    if frames == 1 and fragments:
        return [tuple(fragments)]
    if len(fragments) == frames:
        return [(fragment,) for fragment in fragments]
    if len(fragments) > frames:
        found = _by_beginnings(file, fragments, frames)
        if found is not None:
            return found
    raise BrokenPixelData(frames=frames, fragments=len(fragments))


def _items(file: BinaryIO, offset: int) -> tuple[tuple[int, ...], list[Fragment]]:
    """The Basic Offset Table, and every fragment after it; a file that is cut off ends at its last whole one."""
    end = file.seek(0, 2)
    place = offset
    fragments: list[Fragment] = []
    table: tuple[int, ...] | None = None
    while place + _HEAD <= end:
        file.seek(place)
        group, element, length = struct.unpack("<HHI", file.read(_HEAD))
        tag = group << 16 | element
        if tag == _SEQUENCE_END:
            break
        if tag != _ITEM or place + _HEAD + length > end or len(fragments) > _MOST_FRAGMENTS:
            raise BrokenPixelData(reason="an item of the pixel data is damaged or cut off")
        if table is None:
            if length > _LONGEST_TABLE:
                raise BrokenPixelData(reason="the offset table is too long")
            raw = file.read(length - length % 4)
            table = struct.unpack(f"<{len(raw) // 4}I", raw)
        else:
            fragments.append(Fragment(place + _HEAD, length))
        place += _HEAD + length
    return table or (), fragments


def _by_basic_table(table: Sequence[int], fragments: Sequence[Fragment], frames: int) -> list[Frame] | None:
    if len(table) != frames or not fragments:
        return None
    # Offsets count from the first fragment's item head.
    first = fragments[0].offset
    return _grouped(fragments, [first + place for place in table])


def _by_extended_table(extended: tuple[bytes, bytes], fragments: Sequence[Fragment], frames: int) -> list[Frame] | None:
    offsets, lengths = extended
    if len(offsets) != 8 * frames or len(lengths) != 8 * frames or not fragments:
        return None
    first = fragments[0].offset
    starts = [first + place for place in struct.unpack(f"<{frames}Q", offsets)]
    grouped = _grouped(fragments, starts)
    if grouped is None:
        return None
    # A frame is one fragment here; its length leaves out the padding byte.
    cut: list[Frame] = []
    for frame, length in zip(grouped, struct.unpack(f"<{frames}Q", lengths), strict=True):
        if len(frame) != 1 or not 0 <= frame[0].length - length <= 1:
            return None
        cut.append((Fragment(frame[0].offset, length),))
    return cut


def _grouped(fragments: Sequence[Fragment], starts: Sequence[int]) -> list[Frame] | None:
    """Fragments from one start to the next; None unless every start is the beginning of a fragment, in order."""
    places = {fragment.offset: number for number, fragment in enumerate(fragments)}
    numbers = [places.get(start, -1) for start in starts]
    if numbers[0] != 0 or any(later <= earlier for earlier, later in pairwise(numbers)):
        return None
    bounds = [*numbers, len(fragments)]
    return [tuple(fragments[first:last]) for first, last in pairwise(bounds)]


def _by_beginnings(file: BinaryIO, fragments: Sequence[Fragment], frames: int) -> list[Frame] | None:
    starts = []
    for fragment in fragments:
        file.seek(fragment.offset)
        if file.read(4).startswith(_BEGINNINGS):
            starts.append(fragment.offset)
    return _grouped(fragments, starts) if len(starts) == frames else None
