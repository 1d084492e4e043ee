"""The slow background work on the archive, in one thread of low priority: digests first, then the scheduled check."""

from __future__ import annotations

import os
import threading
from datetime import timedelta
from pathlib import Path

from pacs_node.archive.files import FileStore
from pacs_node.archive.roots import sync_file
from pacs_node.archive.space import FullDisk
from pacs_node.archive_care.digesting import Digesting
from pacs_node.archive_care.reading import BrokenOff, inspect
from pacs_node.archive_care.tables import FullDiskRow
from pacs_node.archive_care.verification import Verification
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.repeating import Repeating
from shared_kernel.settings import Settings

SCHEDULED = "scheduled"
CHECK_RATE = 20 * 10**6
"""Bytes a second that the scheduled check reads at most: 50 TB in 30 days."""
DIGEST_RATE = 100 * 10**6
_PROBE = 256 * 1024
_LOOK_EVERY = 2.0
_SHORTEST_PAUSE = 0.05
_LOWEST_PRIORITY = 15


class CareWorker:
    """Digests new files and verifies every file once in `verify_days`; what it has done survives a restart."""

    def __init__(self, database: Database, files: FileStore, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._files = files
        self._min_free = settings.min_free_disk
        self._clock = clock
        self._every = timedelta(days=settings.verify_days)
        self._digesting = Digesting(database, files, clock)
        self._check = Verification(database, files, clock, SCHEDULED)
        self._thread = Repeating(
            "archive-care", self._turn, subject="archive.care", pause=_LOOK_EVERY, begin=_lower_priority
        )

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End inside the file in hand, which is read again another time."""
        self._thread.stop()

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread.alive

    def run_once(self) -> float:
        """Do one step of what is due; returns after how many seconds the next one may follow."""
        self._files.space.look(self._has_space, self._keep)
        if self._digesting.due() and (read := self._digesting.step(self._thread.stopping)):
            return max(_SHORTEST_PAUSE, read / DIGEST_RATE)
        if self._every and self._check_due() and (read := self._check_step()):
            return max(_SHORTEST_PAUSE, read / CHECK_RATE)
        return _LOOK_EVERY

    def _check_due(self) -> bool:
        """Whether a round is under way, or it is time for the next."""
        row = self._check.round()
        if row is None or (row.finished_at is not None and row.started_at + self._every <= self._clock.now()):
            self._check.begin()
            return True
        return row.finished_at is None

    def _check_step(self) -> int:
        found = self._check.next(most=8)
        if not found:
            self._check.finish()
            return 0
        verdicts = []
        for entry in found:
            verdicts.append(inspect(entry, self._files, self._thread.stopping))
            if entry.size > CHECK_RATE:
                break
        self._check.keep(verdicts)
        return max(1, sum(verdict.entry.size for verdict in verdicts))

    def _has_space(self) -> bool:
        """Whether there is the space that is asked for, and a file can really be written and synced."""
        if self._files.free() < self._min_free:
            return False
        probe = Path(self._files.new_incoming())
        try:
            probe.write_bytes(bytes(_PROBE))
            sync_file(probe)
        except OSError:
            return False
        finally:
            self._files.remove(probe)
        return True

    def _keep(self, over: FullDisk) -> None:
        with self._database.write() as session:
            session.add(FullDiskRow(began_at=over.began_at, ended_at=over.ended_at, refused=over.refused))

    def _turn(self) -> float:
        try:
            return self.run_once()
        except BrokenOff:
            return 0


def _lower_priority() -> None:
    # On Linux a thread has a priority of its own.
    # A hub that was itself started low stays as low: going up would take a right that it lacks.
    thread = threading.get_native_id()
    lowest = max(_LOWEST_PRIORITY, os.getpriority(os.PRIO_PROCESS, thread))
    os.setpriority(os.PRIO_PROCESS, thread, lowest)
