"""Answers made of pieces: whole or in part, at once or streamed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.http.pieces import LARGEST_AT_ONCE, FileRange, NotAtOnce, Piece, PiecesResponse, read, read_at_once, total
from dicomweb.http.ranges import asked_range, part_of


def whole(
    pieces: Sequence[Piece], media_type: str, headers: Mapping[str, str], *, status: int = 200, at_once: bool = False
) -> Response:
    """All the bytes. Raises NotAtOnce when `at_once` is wanted and can't be; BrokenPixelData, OSError."""
    length = total(pieces)
    if length <= LARGEST_AT_ONCE:
        return Response(read_at_once(pieces) if at_once else read(pieces), status, headers, media_type)
    if at_once:
        raise NotAtOnce
    require_ends(pieces)
    return PiecesResponse(pieces, length, status_code=status, media_type=media_type, headers=headers)


def in_part(
    request: Request, pieces: Sequence[Piece], media_type: str, headers: Mapping[str, str], *, at_once: bool = False
) -> Response:
    """All the bytes, or the range that was asked for (206); `headers` hold the ETag.

    Raises RangeNotThere (416), and what `whole` raises.
    """
    length = total(pieces)
    offering = {**headers, "Accept-Ranges": "bytes"}
    found = asked_range(request, headers["ETag"], length)
    if found is None:
        return whole(pieces, media_type, offering, at_once=at_once)
    first, end = found
    offering["Content-Range"] = f"bytes {first}-{end - 1}/{length}"
    return whole([*part_of(pieces, first, end)], media_type, offering, status=206, at_once=at_once)


def require_ends(pieces: Sequence[Piece]) -> None:
    """Read the last byte of each file, so that one that is away or cut off is an answer of its own.

    Raises BrokenPixelData, OSError.
    """
    ends: dict[Path, FileRange] = {}
    for piece in pieces:
        if isinstance(piece, FileRange) and piece.length:
            last = ends.get(piece.path)
            if last is None or last.offset + last.length < piece.offset + piece.length:
                ends[piece.path] = piece
    for path, last in ends.items():
        read([FileRange(path, last.offset + last.length - 1, 1)])
