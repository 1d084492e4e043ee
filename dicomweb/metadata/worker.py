"""Makes the metadata of studies that have arrived, off the way of images and of people who wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from dicomweb.metadata.series import SeriesMetadata, by_series
from pacs_node.archive.catalogue import Catalogue
from shared_kernel.repeating import Repeating

_LOOK_EVERY = 0.5
_MOST_WAITING = 10_000
_REST = 2.0  # for each second of work: at most a third of one core
_REST_WHILE_BUSY = 50.0  # while images come, whose senders wait

log = structlog.get_logger(__name__)


class _Stopped(Exception):
    """The worker is to end."""


class MetadataWorker:
    """One thread over a queue in memory. What it has not come to when the hub ends is made when somebody asks."""

    def __init__(self, catalogue: Catalogue, series: SeriesMetadata, busy: Callable[[], bool]) -> None:
        """`busy` says whether images are being taken in just now."""
        self.series = series
        self._catalogue = catalogue
        self._busy = busy
        self._waiting: dict[str, None] = {}
        self._lock = threading.Lock()
        self._thread = Repeating("metadata", self._turn, subject="metadata.worker", pause=_LOOK_EVERY)

    def ask(self, study_uid: str) -> None:
        """Make the metadata of a study soon. Waits for nothing."""
        with self._lock:
            self._waiting.pop(study_uid, None)
            self._waiting[study_uid] = None
            if len(self._waiting) > _MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End before the next instance."""
        self._thread.stop()

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread.alive

    def run_once(self) -> int:
        """Make all that waits, without rests and on the calling thread; returns how many series were made."""
        made = 0
        while (study_uid := self._next()) is not None:
            records = self._catalogue.instances(study_uid)
            made += sum(self.series.prepare(group, lambda: None) for group in by_series(records))
        return made

    def _turn(self) -> float:
        study_uid = self._next()
        if study_uid is None:
            return _LOOK_EVERY
        pace = _Pace(self._thread.stopping, self._busy)
        try:
            for group in by_series(self._catalogue.instances(study_uid)):
                self.series.prepare(group, pace.breathe)
        except _Stopped:
            log.info("metadata.stopped_at", study_uid=study_uid)
        return 0

    def _next(self) -> str | None:
        with self._lock:
            study_uid = next(iter(self._waiting), None)
            if study_uid is not None:
                del self._waiting[study_uid]
            return study_uid


class _Pace:
    """Rests between instances, in proportion to what the last one took."""

    def __init__(self, stopping: threading.Event, busy: Callable[[], bool]) -> None:
        self._stopping = stopping
        self._busy = busy
        self._since = time.thread_time()

    def breathe(self) -> None:
        rest = _REST_WHILE_BUSY if self._busy() else _REST
        if self._stopping.wait((time.thread_time() - self._since) * rest):
            raise _Stopped
        self._since = time.thread_time()
