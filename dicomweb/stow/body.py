"""The bytes of a request as they come, within the limits of size and of patience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

from starlette.requests import Request

from dicomweb.errors import BodyTooLarge, BodyTooSlow

PATIENCE_SECONDS = 60.0
"""For how long a client may keep us waiting at a stretch, and in all beyond what its bytes have at the slowest rate."""
SLOWEST_BYTES_PER_SECOND = 16 * 1024


class Body:
    """The chunks of a request, counted against the limits; whoever reads slowly slows the client down.

    Only the time in which we wait for the client counts as the client's.
    """

    def __init__(self, request: Request, limit: int, patience: float = PATIENCE_SECONDS) -> None:
        self._stream = request.stream()
        self._limit = limit
        self._patience = patience
        self._taken = 0
        self._waited = 0.0

    async def chunks(self) -> AsyncIterator[bytes]:
        """Every byte once. Raises BodyTooLarge, BodyTooSlow, and ClientDisconnect when the client leaves."""
        while chunk := await self._next():
            self._taken += len(chunk)
            if self._taken > self._limit:
                raise BodyTooLarge(limit_bytes=self._limit)
            yield chunk

    async def _next(self) -> bytes:
        """The next bytes; nothing at the end, for which Starlette has an empty chunk."""
        begun = time.monotonic()
        left = self._patience + self._taken / SLOWEST_BYTES_PER_SECOND - self._waited
        try:
            async with asyncio.timeout(max(0, min(left, self._patience))):
                return await anext(self._stream, b"")
        except TimeoutError:
            raise BodyTooSlow(received_bytes=self._taken) from None
        finally:
            self._waited += time.monotonic() - begun
