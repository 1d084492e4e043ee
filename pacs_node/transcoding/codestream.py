"""What the head of a compressed frame says of its size, read before anything is decoded.

A codestream that unfolds to another size than the data set says is damage or a decompression bomb;
either way it must not reach a decoder.
"""

from __future__ import annotations

import struct

_SOI, _MARKER = b"\xff\xd8", 0xFF
_STARTS_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_COD, _TLM, _SOT = 0x52, 0x55, 0x90
_SOC_SIZ = b"\xff\x4f\xff\x51"
_JP2_HEAD = 1024


def size_of(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns of a JPEG, JPEG-LS, JPEG 2000 or HTJ2K codestream; None when they can't be found."""
    if frame.startswith(_SOI):
        return _jpeg_size(frame)
    start = frame.find(_SOC_SIZ, 0, _JP2_HEAD)
    if start < 0 or len(frame) < start + 24:
        return None
    width, height, left, top = struct.unpack_from(">4I", frame, start + 8)
    return height - top, width - left


def _jpeg_size(frame: bytes) -> tuple[int, int] | None:
    place = 2
    while place + 9 <= len(frame):
        if frame[place] != _MARKER:
            return None
        marker = frame[place + 1]
        if marker == _MARKER:
            place += 1
        elif marker in _STARTS_OF_FRAME:
            rows, columns = struct.unpack_from(">HH", frame, place + 5)
            return rows, columns
        elif marker in _WITHOUT_LENGTH:
            place += 2
        else:
            place += 2 + struct.unpack_from(">H", frame, place + 2)[0]
    return None


def resolutions(codestream: bytes) -> list[tuple[int, int, int]]:
    """Rows, columns, and the bytes from the beginning that each resolution of a JPEG 2000 codestream needs.

    The smallest first; empty unless the main header says so: one tile, one tile-part for each resolution and their
    lengths in TLM (ITU-T T.800 section A.7.1), as in HTJ2K RPCL (PS3.5 section 8.2.14).
    """
    if not codestream.startswith(_SOC_SIZ):
        return []
    try:
        return _resolutions(codestream)
    except (struct.error, IndexError):
        return []


def _resolutions(codestream: bytes) -> list[tuple[int, int, int]]:
    width, height, left, top, tile_width, tile_height = struct.unpack_from(">6I", codestream, 8)
    levels, lengths, place = -1, [], 2
    while (marker := codestream[place + 1]) != _SOT:
        (length,) = struct.unpack_from(">H", codestream, place + 2)
        if marker == _COD:
            levels = codestream[place + 9]
        elif marker == _TLM:
            lengths += _tile_part_lengths(codestream[place + 4 : place + 2 + length])
        place += 2 + length
    one_tile = tile_width >= width and tile_height >= height
    if codestream[place] != _MARKER or not one_tile or left or top or len(lengths) != levels + 1:
        return []
    found, end = [], place
    for level, length in zip(range(levels, -1, -1), lengths, strict=True):
        end += length
        found.append((-(-height >> level), -(-width >> level), end))
    # The last tile-part is followed by the end of the codestream.
    return found if end <= len(codestream) <= end + 2 else []


def _tile_part_lengths(body: bytes) -> list[int]:
    index_size, length_size = body[1] >> 4 & 3, 4 if body[1] & 0x40 else 2
    return [
        int.from_bytes(body[place + index_size : place + index_size + length_size], "big")
        for place in range(2, len(body), index_size + length_size)
    ]
