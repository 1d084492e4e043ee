"""How fast a peer may send, over all its associations: by reading later, nothing is dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_BURST_SECONDS = 1.0
_LONGEST_SLEEP = 0.5
# Seconds at once, so that an association that is to end is soon seen to.


class Meter:
    """The bytes of one peer. `take` waits so that its associations together stay at `rate` bytes per second.

    A second's worth may come at once.
    """

    def __init__(
        self, rate: int, *, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], object] = time.sleep
    ) -> None:
        self.rate = rate
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()
        self._free_at = 0.0

    def take(self, count: int, ending: Callable[[], bool] = lambda: False) -> float:
        """Count `count` bytes; returns the seconds that were waited, no longer than until `ending`."""
        with self._lock:
            begun = now = self._now()
            free_at = self._free_at = max(self._free_at, now - _BURST_SECONDS) + count / self.rate
        while now < free_at and not ending():
            self._sleep(min(free_at - now, _LONGEST_SLEEP))
            now = self._now()
        return now - begun


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
