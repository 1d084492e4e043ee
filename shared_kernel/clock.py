"""Time: UTC inside, Japan Standard Time where a person or a clinical day is meant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

JST = timezone(timedelta(hours=9), "JST")


class Clock(Protocol):
    """Where a service gets the time from, so that a test can set it."""

    def now(self) -> datetime:
        """Now, timezone-aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)


class SetClock:
    """A clock that stands until it is moved; for tests and simulations."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The time it was set to, in UTC."""
        return self._at

    def move(self, by: timedelta) -> None:
        """Move forwards (or backwards) by an interval."""
        self._at += by
