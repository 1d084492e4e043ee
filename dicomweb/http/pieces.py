"""Bodies made of bytes and of ranges of files: read at once from the page cache, or streamed in large pieces."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyio import CapacityLimiter, create_task_group, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dicomweb.errors import BrokenPixelData

LARGEST_AT_ONCE = 4 * 2**20
"""Bytes that may be read and given in one go: half a millisecond of copying."""
_PIECE = 2**20
# Those who wait for a disk hold a thread each; more than these would only wait for each other.
_READING = CapacityLimiter(16)
_NOWAIT = os.RWF_NOWAIT


class NotAtOnce(Exception):  # no error, an answer that takes longer
    """Something would have to be waited for; the same is done on a thread."""


@dataclass(frozen=True, slots=True)
class FileRange:
    """`length` bytes of a file from `offset` on."""

    path: Path
    offset: int
    length: int


Piece = bytes | FileRange


def total(pieces: Iterable[Piece]) -> int:
    """How many bytes the pieces are."""
    return sum(piece.length if isinstance(piece, FileRange) else len(piece) for piece in pieces)


def read(pieces: Sequence[Piece]) -> memoryview:
    """All pieces in one buffer. Raises BrokenPixelData for a file that ends too early, OSError."""
    found = _fill(pieces, 0)
    if found is None:  # without the flag nothing is left out but what is not there
        raise BrokenPixelData(reason="the file is shorter than it was")
    return found


def read_at_once(pieces: Sequence[Piece]) -> memoryview:
    """All pieces in one buffer where every byte is in memory already, without a wait. Raises NotAtOnce."""
    try:
        found = _fill(pieces, _NOWAIT)
    except OSError as error:  # not in the page cache, no such file, a file system that can't tell
        raise NotAtOnce from error
    if found is None:
        raise NotAtOnce
    return found


def _fill(pieces: Sequence[Piece], flags: int) -> memoryview | None:
    """One buffer, made once: putting parts together afterwards costs more than reading them."""
    buffer = memoryview(bytearray(total(pieces)))
    place, path, file = 0, None, -1
    try:
        for piece in pieces:
            if not isinstance(piece, FileRange):
                buffer[place : place + len(piece)] = piece
                place += len(piece)
                continue
            if piece.path != path:
                if file >= 0:
                    os.close(file)
                    file = -1
                file, path = os.open(piece.path, os.O_RDONLY | os.O_CLOEXEC), piece.path
            end, offset = place + piece.length, piece.offset
            while place < end:
                got = os.preadv(file, [buffer[place:end]], offset, flags)
                if not got:
                    return None
                place += got
                offset += got
    finally:
        if file >= 0:
            os.close(file)
    return buffer


class PiecesResponse(Response):
    """A body of known length, a piece of about 1 MiB after the other; two of them are in memory at any time.

    What the page cache holds is read on the event loop, the rest on threads of a number. A reader that is
    slow is waited for, one that hangs up ends it. A file that turns out to be damaged on the way breaks the
    transfer off, which the client sees by the length.
    """

    def __init__(
        self,
        pieces: Iterable[Piece],
        length: int,
        *,
        status_code: int = 200,
        media_type: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(None, status_code, {**(headers or {}), "Content-Length": str(length)}, media_type)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            async with create_task_group() as group:

                async def watch() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    group.cancel_scope.cancel()

                group.start_soon(watch)
                await self._send(send)
                group.cancel_scope.cancel()
        except* Exception as raised:
            raise raised.exceptions[0] from None

    async def _send(self, send: Send) -> None:
        for batch in _batches(self._pieces):
            try:
                data = read_at_once(batch)
            except NotAtOnce:
                data = await to_thread.run_sync(read, batch, limiter=_READING)
            await send({"type": "http.response.body", "body": data, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """The same bytes in batches of about a piece's size."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        for part in _parts(piece):
            batch.append(part)
            size += part.length if isinstance(part, FileRange) else len(part)
            if size >= _PIECE:
                yield batch
                batch, size = [], 0
    if batch:
        yield batch


def _parts(piece: Piece) -> Iterator[Piece]:
    if not isinstance(piece, FileRange) or piece.length <= _PIECE:
        yield piece
        return
    for start in range(0, piece.length, _PIECE):
        yield FileRange(piece.path, piece.offset + start, min(_PIECE, piece.length - start))
