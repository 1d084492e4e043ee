"""Samples of the hub's process while it works, and how fast they rise."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import processes


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the process; `at` in seconds since the start, sizes in bytes."""

    at: float
    resident: int
    threads: int
    files: int
    wal: int


class Watch:
    """Looks at a process every `period` seconds, in a thread of its own, until it is stopped."""

    def __init__(self, pid: int, data: Path, period: float) -> None:
        self._pid, self._wal, self._period = pid, data / "hub.sqlite-wal", period
        self._start = time.monotonic()
        self._stop = threading.Event()
        self.samples: list[Sample] = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def look(self) -> Sample:
        """One sample now."""
        wal = self._wal.stat().st_size if self._wal.exists() else 0
        pid = self._pid
        return Sample(
            time.monotonic() - self._start,
            processes.resident(pid),
            processes.threads(pid),
            processes.open_files(pid),
            wal,
        )

    def _run(self) -> None:
        while not self._stop.wait(self._period):
            self.samples.append(self.look())


def at_intervals(samples: Sequence[Sample], count: int = 13) -> list[Sample]:
    """The first sample, the last one, and those that lie evenly between them; all of them where there are fewer."""
    if len(samples) <= count:
        return list(samples)
    return [samples[round(number * (len(samples) - 1) / (count - 1))] for number in range(count)]


def later(samples: Sequence[Sample]) -> list[Sample]:
    """The samples of the later half of the time.

    The first half is left out: caches fill, and the allocator takes what the busiest moment needs.
    """
    if not samples:
        return []
    middle = (samples[0].at + samples[-1].at) / 2
    return [each for each in samples if each.at >= middle]


def slope(samples: Sequence[Sample]) -> float:
    """Bytes a minute by which resident memory rises over these samples, by least squares."""
    if len(samples) < 2:
        return 0.0
    mean_at = sum(each.at for each in samples) / len(samples)
    mean = sum(each.resident for each in samples) / len(samples)
    spread = sum((each.at - mean_at) ** 2 for each in samples)
    return 60 * sum((each.at - mean_at) * (each.resident - mean) for each in samples) / spread
