"""One gzip stream (RFC 1952) of parts that were compressed at other times.

Each part is raw deflate (RFC 1951) that ends with an empty stored block, so at a whole byte, and refers to nothing
before itself: parts stand one after another in one member as they are. Several members would be simpler, but many a
reader (Python's `zlib.decompressobj`, for one) ends after the first.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

SMALL = 6
"""Level for what is kept: the time of compressing is little beside that of reading the files."""
FAST = 1
"""Level for what somebody waits for."""

_RAW = -zlib.MAX_WBITS
# No name, no time, made on a system that is nobody's business.
_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_LAST_BLOCK = b"\x03\0"  # of no bytes, with the mark of the last one
_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31


@dataclass(frozen=True, slots=True)
class Packed:
    """Deflated bytes, with the length and the CRC-32 of what they unfold to."""

    deflated: bytes
    size: int
    crc: int


def pack(pieces: Iterable[bytes], level: int = FAST) -> Packed:
    """Compress pieces into one part; never more than one of them is in memory."""
    packer = zlib.compressobj(level, wbits=_RAW)
    packed, size, crc = [], 0, 0
    for piece in pieces:
        packed.append(packer.compress(piece))
        size += len(piece)
        crc = zlib.crc32(piece, crc)
    packed.append(packer.flush(zlib.Z_FULL_FLUSH))
    return Packed(b"".join(packed), size, crc)


def unpack(packed: Packed) -> bytes:
    """What was compressed. Raises zlib.error for bytes that are no deflate."""
    return zlib.decompressobj(_RAW).decompress(packed.deflated)


def join(parts: Iterable[Packed]) -> bytes:
    """All parts as one gzip stream; their bytes are copied, not compressed again."""
    body, size, crc = [_HEAD], 0, 0
    for part in parts:
        body.append(part.deflated)
        size += part.size
        crc = _crc_of_both(crc, part.crc, part.size)
    body += [_LAST_BLOCK, struct.pack("<II", crc, size & 0xFFFFFFFF)]
    return b"".join(body)


def _crc_of_both(first: int, second: int, second_size: int) -> int:
    """The CRC-32 of two pieces behind each other: the first one's moved by the second's length, and added.

    A CRC is a polynomial over GF(2), bit 31 its constant; moving it by n bytes is multiplying it by x^(8n).
    """
    return _product(_power(second_size), first) ^ second


def _product(left: int, right: int) -> int:
    """Of two polynomials, modulo that of the CRC."""
    answer = 0
    bit = _ONE
    while left:
        if left & bit:
            answer ^= right
            left ^= bit
        bit >>= 1
        right = (right >> 1) ^ (_POLYNOMIAL if right & 1 else 0)
    return answer


@cache
def _doubled(times: int) -> int:
    """x^8, squared so many times."""
    if times == 0:
        return _ONE >> 8
    half = _doubled(times - 1)
    return _product(half, half)


def _power(size: int) -> int:
    """x^(8 size)."""
    answer = _ONE
    for place in range(size.bit_length()):
        if size >> place & 1:
            answer = _product(_doubled(place), answer)
    return answer
