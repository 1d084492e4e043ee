"""What was promised: every instance that the hub has acknowledged, and whatever went otherwise than it should."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import NamedTuple

from benchmarks.objects import Identity, Template


class Abandoned(Exception):
    """A deed that can't go on; why stands in the ledger already."""


class Kept(NamedTuple):
    """An acknowledged instance; `site` is whose it is."""

    made: Template
    identity: Identity
    site: str


class Examined(NamedTuple):
    """An examination that was said to be complete, and how many images it has; `request_id` is the hub's own."""

    request_id: str
    images: int
    site: str


class Ledger:
    """Written by all the threads of a soak."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Kept] = []
        self._examined: list[Examined] = []
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.slowest: dict[str, float] = {}
        self.wrong: list[str] = []

    def keep(self, made: Template, identity: Identity, site: str) -> None:
        """The hub has answered success for the first time."""
        with self._lock:
            self._kept.append(Kept(made, identity, site))

    def count(self, what: str, number: int = 1) -> None:
        """Something went as it should."""
        with self._lock:
            self.done[what] += number

    def longest(self, what: str, seconds: float) -> None:
        """How long something took; the longest time is kept."""
        with self._lock:
            self.slowest[what] = max(seconds, self.slowest.get(what, 0.0))

    def expect(self, what: str, expected: object, actual: object) -> bool:
        """Count it when it is as expected, else note it as wrong."""
        if expected == actual:
            self.count(what)
        else:
            self.fail(f"{what}: expected {expected!r}, got {actual!r}", what)
        return expected == actual

    def demand(self, what: str, expected: object, actual: object) -> None:
        """The same for what a deed can't go on without. Raises Abandoned."""
        if not self.expect(what, expected, actual):
            raise Abandoned(what)

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """What ends in an exception has failed. Raises Abandoned for it."""
        try:
            yield
        except Abandoned:
            raise
        except Exception as error:
            self.fail(f"{what}: {type(error).__name__}: {error}", what)
            raise Abandoned(what) from error

    def fail(self, sentence: str, what: str = "other") -> None:
        """Something went otherwise than it should."""
        with self._lock:
            self.wrong.append(sentence)
            self.failed[what] += 1

    def complete(self, examined: Examined) -> None:
        """A scanner's MPPS has said COMPLETED, and the hub has answered success."""
        with self._lock:
            self._examined.append(examined)

    def examined(self) -> list[Examined]:
        """Every examination that is complete."""
        with self._lock:
            return list(self._examined)

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
