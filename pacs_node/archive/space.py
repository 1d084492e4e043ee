"""A full disk: told once when it begins and once when it is over, however many instances are refused meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from pacs_node.errors import StorageFull

_QUIET_SECONDS = 10.0
_LATELY_SECONDS = 60.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FullDisk:
    """A time in which instances were refused for want of space."""

    began_at: datetime
    ended_at: datetime
    refused: int


class SpaceWatch:
    """Hears of each refusal; `look` finds out when there is space again. Ingest itself does not wait for that."""

    def __init__(self, quiet_seconds: float = _QUIET_SECONDS) -> None:
        self._quiet = quiet_seconds
        self._guard = threading.Lock()
        self._began_at: datetime | None = None
        self._last = 0.0
        self._refused = 0
        self._told: StorageFull | None = None

    def refuse(self, error: StorageFull) -> None:
        """An instance was refused; the same error may be told of twice."""
        with self._guard:
            if self._told is error:
                return
            self._told, self._last = error, time.monotonic()
            self._refused += 1
            if self._began_at is not None:
                return
            self._began_at = datetime.now(UTC)
        log.error("archive.disk_full", told="instances are refused until there is space; told again when it is over")

    @property
    def refused_lately(self) -> bool:
        """Whether an instance was refused within the last minute; what it is sent again for goes elsewhere then."""
        return self._last > 0 and time.monotonic() - self._last < _LATELY_SECONDS

    def look(self, has_space: Callable[[], bool], keep: Callable[[FullDisk], None]) -> FullDisk | None:
        """What is over now: nothing was refused for some seconds, `has_space` says so, and `keep` has written it down.

        What `keep` raises is raised, and nothing is over: the disk that is full may be the database's.
        """
        with self._guard:
            began_at = self._began_at
            if began_at is None or time.monotonic() - self._last < self._quiet:
                return None
        if not has_space():
            return None
        with self._guard:
            over = FullDisk(began_at=began_at, ended_at=datetime.now(UTC), refused=self._refused)
        keep(over)
        with self._guard:
            self._refused -= over.refused
            # What was refused while that was written is the begin of the next time.
            self._began_at = over.ended_at if self._refused else None
            if not self._refused:
                self._told = None
        log.warning("archive.disk_has_space", since=over.began_at.isoformat(), refused=over.refused)
        return over
