"""What the head of a compressed frame says of its size, read before anything is decoded.

A codestream that unfolds to another size than the data set says is damage or a decompression bomb;
either way it must not reach a decoder.
"""

from __future__ import annotations

import struct

_SOI, _MARKER = b"\xff\xd8", 0xFF
_STARTS_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
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
