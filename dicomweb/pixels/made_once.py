"""What is costly to make of a picture: kept up to a bound, and made once for all who ask at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

from dicomweb.http.cache import BoundedCache

_LONGEST_WAIT_SECONDS = 120.0


class MadeOnce:
    """Bytes by their key, at most `most` bytes together.

    Who asks for what another thread is making waits for it and gets the same bytes, or the same error; an error is
    not kept.
    """

    def __init__(self, most: int) -> None:
        self._kept: BoundedCache[bytes] = BoundedCache(most, len)
        self._lock = threading.Lock()
        self._making: dict[Hashable, Future[bytes]] = {}

    def kept(self, key: Hashable) -> bytes | None:
        """What is here already."""
        return self._kept.get(key)

    def get(self, key: Hashable, make: Callable[[], bytes]) -> bytes:
        """The kept bytes, or those that `make` gives. Raises what `make` raises."""
        found = self._kept.get(key)
        if found is not None:
            return found
        with self._lock:
            under_way = self._making.get(key)
            if under_way is None:
                mine: Future[bytes] = Future()
                self._making[key] = mine
        if under_way is not None:
            try:
                return under_way.result(_LONGEST_WAIT_SECONDS)
            except FutureTimeout:
                return make()
        return self._make(key, mine, make)

    def _make(self, key: Hashable, mine: Future[bytes], make: Callable[[], bytes]) -> bytes:
        try:
            made = self._kept.get(key)  # whoever was before may just have finished
            if made is None:
                made = make()
                self._kept.put(key, made)
        except BaseException as error:
            mine.set_exception(error)
            raise
        else:
            mine.set_result(made)
            return made
        finally:
            with self._lock:
                del self._making[key]
