"""How often a password may be tried: for one name, from one address, and by everybody at once."""

from __future__ import annotations

import threading
from collections import Counter

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from access_control.errors import TooManyLogins
from shared_kernel.errors import Unavailable

PAUSE_MINUTES = 5
_PER_LOGIN = RateLimitItemPerMinute(10, PAUSE_MINUTES)
_PER_CLIENT = RateLimitItemPerMinute(60, PAUSE_MINUTES)
# A verification takes 64 MiB, a core and a worker thread; those who look at images need the others.
_WAITING_AT_MOST = 16


class Attempts:
    """Counts failed attempts; those still under way count as failed, so that many at once gain nothing."""

    def __init__(self) -> None:
        self._failures = MovingWindowRateLimiter(MemoryStorage())
        self._lock = threading.Lock()
        self._under_way: Counter[tuple[RateLimitItem, str]] = Counter()
        self._everybody = 0

    def begin(self, login: str, client: str) -> None:
        """Take up one attempt, to be ended by `end`.

        Raises TooManyLogins when a door is closed, Unavailable when too many are under way.
        """
        keys = _keys(login, client)
        with self._lock:
            if not all(self._failures.test(*key, cost=1 + self._under_way[key]) for key in keys):
                raise TooManyLogins(retry_after_seconds=PAUSE_MINUTES * 60)
            if self._everybody >= _WAITING_AT_MOST:
                raise Unavailable(reason="too many are signing in at once")
            self._everybody += 1
            self._under_way.update(keys)

    def end(self, login: str, client: str, *, failed: bool) -> list[str]:
        """Count the attempt if it failed; names the doors that this failure has closed."""
        keys = _keys(login, client)
        with self._lock:
            self._everybody -= 1
            self._under_way.subtract(keys)
            self._under_way = +self._under_way
            if not failed:
                return []
            for key in keys:
                self._failures.hit(*key)
            doors = ("this name", "this address")
            return [door for door, key in zip(doors, keys, strict=True) if not self._failures.test(*key)]


def _keys(login: str, client: str) -> tuple[tuple[RateLimitItem, str], ...]:
    return (_PER_LOGIN, login.lower()), (_PER_CLIENT, client)
