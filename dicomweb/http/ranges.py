"""A part of a body (RFC 9110 section 14): one range of bytes, for pieces of known length."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from starlette.requests import Request

from dicomweb.errors import RangeNotThere
from dicomweb.http.pieces import FileRange, Piece

_ONE = re.compile(r"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


def asked_range(request: Request, tag: str, length: int) -> tuple[int, int] | None:
    """First and last byte (exclusive) that a GET asks for; None for the whole body.

    A range that can't be read, several ranges and one of another version (`If-Range`) are passed over, as RFC 9110
    section 14.2 allows. Raises RangeNotThere for one that begins behind the end.
    """
    header = request.headers.get("range")
    if header is None or request.method != "GET" or request.headers.get("if-range", tag).strip() != tag:
        return None
    found = _ONE.fullmatch(header)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:  # the last so many bytes
        count = min(int(found[2]), length)
        if not count:
            raise RangeNotThere(length)
        return length - count, length
    first = int(found[1])
    if found[2] and int(found[2]) < first:
        return None
    if first >= length:
        raise RangeNotThere(length)
    return first, min(int(found[2]) + 1, length) if found[2] else length


def part_of(pieces: Iterable[Piece], first: int, end: int) -> Iterator[Piece]:
    """The bytes from `first` to `end` (exclusive) of what the pieces are together."""
    place = 0
    for piece in pieces:
        size = piece.length if isinstance(piece, FileRange) else len(piece)
        begin, stop = max(first - place, 0), min(end - place, size)
        if begin < stop:
            if isinstance(piece, FileRange):
                yield FileRange(piece.path, piece.offset + begin, stop - begin)
            else:
                yield piece[begin:stop]
        place += size
        if place >= end:
            return
