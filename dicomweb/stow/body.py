"""The bytes of a request as they come, within the limits of size and of patience."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from types import TracebackType

from starlette.requests import ClientDisconnect, Request

from dicomweb.errors import BodyTooLarge, BodyTooSlow

PATIENCE_SECONDS = 60.0
"""For how long a client may keep us waiting at a stretch, and in all beyond what its bytes have at the slowest rate."""
SLOWEST_BYTES_PER_SECOND = 16 * 1024
_LOOKS = 4
"""How often in that time somebody looks: a timer for each chunk would cost more than the chunk."""


class Body:
    """The chunks of a request, counted against the limits; whoever reads slowly slows the client down.

    To be read within `async with`, which raises BodyTooSlow when the client is waited for too long; only the time
    in which we wait for the client counts as the client's.
    """

    def __init__(self, request: Request, limit: int, patience: float = PATIENCE_SECONDS) -> None:
        self._request = request
        self._limit = limit
        self._patience = patience
        self._taken = 0
        self._waited = 0.0
        self._since: float | None = None
        self._end = asyncio.timeout(None)
        self._next_look: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Body:
        await self._end.__aenter__()
        self._look()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        try:
            await self._end.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise BodyTooSlow(received_bytes=self._taken) from None

    async def chunks(self) -> AsyncIterator[bytes]:
        """Every byte once. Raises BodyTooLarge, and ClientDisconnect when the client leaves."""
        receive, more = self._request.receive, True
        while more:
            self._since = begun = time.monotonic()
            message = await receive()
            self._since = None
            self._waited += time.monotonic() - begun
            if message["type"] == "http.disconnect":
                raise ClientDisconnect()
            chunk, more = message.get("body", b""), message.get("more_body", False)
            self._taken += len(chunk)
            if self._taken > self._limit:
                raise BodyTooLarge(limit_bytes=self._limit)
            if chunk:
                yield chunk

    def _look(self) -> None:
        """End it if the client is waited for too long; else look again later."""
        loop = asyncio.get_running_loop()
        if self._since is not None:
            waits = time.monotonic() - self._since
            allowed = self._patience + self._taken / SLOWEST_BYTES_PER_SECOND
            if waits > self._patience or self._waited + waits > allowed:
                self._end.reschedule(loop.time())
                return
        self._next_look = loop.call_later(self._patience / _LOOKS, self._look)
