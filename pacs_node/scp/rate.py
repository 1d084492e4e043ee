"""How fast a peer may send, over all its associations: by reading later, nothing is dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_BURST_SECONDS = 1.0
LONGEST_PAUSE = 5.0
"""Seconds at once, so that an association that is to end need not be waited for."""


class Meter:
    """The bytes of one peer. `take` waits so that its associations together stay at `rate` bytes per second.

    A second's worth may come at once. `paused` sums up the seconds that were waited, which are not the peer's fault.
    """

    def __init__(
        self, rate: int, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.rate = rate
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, count: int) -> float:
        """Count `count` bytes; returns the seconds that were waited."""
        with self._lock:
            now = self._now()
            self._free_at = max(self._free_at, now - _BURST_SECONDS) + count / self.rate
            pause = min(self._free_at - now, LONGEST_PAUSE)
        if pause <= 0:
            return 0.0
        self._sleep(pause)
        return pause


class Meters:
    """The meter of each peer that has a rate; a peer that is given another has it from its next association on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._meters: dict[str, Meter] = {}

    def of(self, ae_title: str, rate: int | None) -> Meter | None:
        """The peer's meter; None for one without a limit."""
        with self._lock:
            if rate is None:
                self._meters.pop(ae_title, None)
                return None
            meter = self._meters.get(ae_title)
            if meter is None or meter.rate != rate:
                meter = self._meters[ae_title] = Meter(rate)
            return meter
