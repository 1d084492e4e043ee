"""How many may be under way at once, asked for on an event loop and given back by any thread."""

from __future__ import annotations

import asyncio
import threading
from collections import deque


class Room:
    """A semaphore between event loops and threads; who comes first is let in first."""

    def __init__(self, places: int) -> None:
        self._lock = threading.Lock()
        self._free = places
        self._waiting: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()

    async def take(self) -> None:
        """Return when there is a place."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            loop = asyncio.get_running_loop()
            mine = loop, loop.create_future()
            self._waiting.append(mine)
        try:
            await mine[1]
        except BaseException:
            with self._lock:
                waits = mine in self._waiting
                if waits:
                    self._waiting.remove(mine)
            if not waits:
                self.give()  # the place was ours already
            raise

    def give(self) -> None:
        """Give a place back; safe from any thread."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._free += 1
                    return
                loop, future = self._waiting.popleft()
            try:
                loop.call_soon_threadsafe(_wake, future)
            except RuntimeError:
                continue  # its event loop is closed: nobody waits there any more
            return


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
