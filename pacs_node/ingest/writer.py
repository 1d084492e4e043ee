"""Group commit: up to 64 instances that wait together are indexed in one transaction.

There is no thread of its own for it: of the threads that have something to store the first leads, works for
all that wait, and hands the lead on. So a sender that is alone waits for no other thread; where others are just
writing their files, the leader waits a moment for them.

The order is what "acknowledged means durable" rests on: a file in its place; its bytes synced (by its own thread,
before it comes here) and its folder, or, of a small one, its bytes in the landing log, synced; its row committed; and
only then the answer. A crash between any two leaves at most files that no row names.
"""

from __future__ import annotations

import math
import threading
import time

from pacs_node.archive.files import FileStore
from pacs_node.archive.index import Found
from pacs_node.archive.landing import LandingLog
from pacs_node.ingest.indexing import Indexing
from pacs_node.ingest.work import Work
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import Unavailable

_BATCH = 64
_BUSY_SECONDS = 2.0
_WORTH_WAITING_SECONDS = 0.003


class Writer:
    """The one place where files become part of the archive; safe to call from many threads."""

    def __init__(self, database: Database, files: FileStore, clock: Clock) -> None:
        self._indexing = Indexing(database, files, clock)
        self._guard = threading.Lock()
        self._idle = threading.Condition(self._guard)
        self._all_came = threading.Condition(self._guard)
        self._coming = 0
        """Instances whose files are being written."""
        self._waiting: list[Work] = []
        self._leader: Work | None = None
        self._open = False
        self._stored_at = -math.inf

    def start(self) -> None:
        """Begin to take instances."""
        with self._guard:
            self._open = True

    def land(self, landing: LandingLog | None) -> None:
        """From now on sync small files later, and let their bytes last by this log until then; None: no longer."""
        self._indexing.land(landing)

    def stop(self) -> None:
        """Take no more; returns when everything that is waiting has been stored and answered."""
        with self._guard:
            self._open = False
            while self._leader is not None:
                self._idle.wait()

    @property
    def alive(self) -> bool:
        """Whether instances can be taken."""
        return self._open

    @property
    def busy(self) -> bool:
        """Whether something is being stored, or was within the last two seconds: what can wait should."""
        return self._coming > 0 or time.monotonic() - self._stored_at < _BUSY_SECONDS

    def store(self, work: Work) -> None:
        """Return when the instance is durable and indexed, or turned out to be `known`, of which nothing was stored.

        Raises what went wrong, ForeignStudy, StorageFull, and Unavailable when stopped. What is to become of
        the file in all cases but success is the caller's.
        """
        with self._guard:
            self._require_open()
            self._coming += 1
        try:
            work.incoming.spool.move(work.path)
        except BaseException:
            with self._guard:
                self._came()
            raise
        with self._guard:
            self._came()
            self._require_open()
            self._waiting.append(work)
            leads = self._leader is None
            if leads:
                self._leader = work
        if not leads:
            self._wait(work)
        if not work.settled:
            self._lead(work)
        if work.error is not None:
            raise work.error

    def replace(self, work: Work, there: Found) -> bool:
        """Make an instance that `store` has found to be `known` the current version in the place of `there`.

        False when that is no longer current, and nothing was done.
        """
        return self._indexing.replace(work, there)

    def _require_open(self) -> None:
        if not self._open:
            raise Unavailable(reason="ingest is stopped")

    def _came(self) -> None:
        """One less is on its way here; under the guard."""
        self._coming -= 1
        if not self._coming:
            self._all_came.notify()

    def _wait(self, work: Work) -> None:
        """Wait until the work is settled or this thread has the lead."""
        try:
            work.turn.acquire()
        except BaseException:  # a signal on the main thread: nobody must wait for one who has left
            with self._guard:
                if work in self._waiting:
                    self._waiting.remove(work)
                left = self._leader is work
            if left:
                self._hand_on()
            raise

    def _lead(self, own: Work) -> None:
        """Store everything that waits, the own work first, and let the next thread lead."""
        with self._guard:
            if self._coming:
                # A sync and a commit for two cost no more than for one.
                self._all_came.wait(_WORTH_WAITING_SECONDS)
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
        try:
            self._indexing.store(batch)
            self._stored_at = time.monotonic()
        finally:
            for work in batch:
                if not work.settled:
                    work.error, work.settled = Unavailable(reason="ingest was interrupted"), True
            self._hand_on()
            for work in batch:
                if work is not own:
                    work.turn.release()

    def _hand_on(self) -> None:
        with self._guard:
            self._leader = self._waiting[0] if self._waiting else None
            following = self._leader
            if following is None:
                self._idle.notify_all()
        if following is not None:
            following.turn.release()
