"""What was promised: every instance that the hub has acknowledged, and whatever went otherwise than it should."""

from __future__ import annotations

import threading
from collections import Counter
from random import Random
from typing import NamedTuple

from benchmarks.objects import Identity, Template


class Kept(NamedTuple):
    """An acknowledged instance; `site` is whose it is."""

    made: Template
    identity: Identity
    site: str


class Ledger:
    """Written by all the threads of a soak."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Kept] = []
        self.done: Counter[str] = Counter()
        self.wrong: list[str] = []

    def keep(self, made: Template, identity: Identity, site: str) -> None:
        """The hub has answered success for the first time."""
        with self._lock:
            self._kept.append(Kept(made, identity, site))

    def count(self, what: str, number: int = 1) -> None:
        """Something went as it should."""
        with self._lock:
            self.done[what] += number

    def expect(self, what: str, expected: object, actual: object) -> None:
        """Count it when it is as expected, else note it as wrong."""
        if expected == actual:
            self.count(what)
        else:
            self.fail(f"{what}: expected {expected!r}, got {actual!r}")

    def fail(self, sentence: str) -> None:
        """Something went otherwise than it should."""
        with self._lock:
            self.wrong.append(sentence)

    def any(self, source: Random, site: str) -> Kept | None:
        """One of the acknowledged instances of a site; None while there are none."""
        with self._lock:
            own = [kept for kept in self._kept[-500:] if kept.site == site]
        return source.choice(own) if own else None

    def series_of(self, kept: Kept) -> list[Kept]:
        """What is acknowledged of an instance's series so far."""
        with self._lock:
            return [each for each in self._kept if each.identity.series == kept.identity.series]

    def all(self) -> list[Kept]:
        """Everything acknowledged."""
        with self._lock:
            return list(self._kept)
