"""Digests of what came in, made when nobody is waiting for the disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from pacs_node.archive.files import FileStore
from pacs_node.archive.tables import InstanceRow
from pacs_node.archive_care.entries import replaced_without_digest, without_digest
from pacs_node.archive_care.ledger import write_down
from pacs_node.archive_care.model import Entry
from pacs_node.archive_care.reading import inspect
from pacs_node.archive_care.tables import ArchiveRoundRow
from shared_kernel.clock import Clock
from shared_kernel.database import Database

_NAME = "digests"
_AT_ONCE = 64
_LOOKED_AT_AGAIN = 500
_MOST_BYTES_AT_ONCE = 64 * 2**20
_IDLE = timedelta(seconds=10)
_BEHIND = timedelta(minutes=10)


class Digesting:
    """Reads each new file once, keeps its digest, and remembers how far it has come."""

    def __init__(self, database: Database, files: FileStore, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._clock = clock

    def due(self) -> bool:
        """Whether there is something to digest, and either nothing comes in or it has waited for long."""
        now = self._clock.now()
        with self._database.read() as session:
            waiting, _ = self._waiting(session, most=1)
            newest = session.scalar(select(InstanceRow.received_at).order_by(InstanceRow.id.desc()).limit(1))
        if not waiting or newest is None:
            return False
        return newest <= now - _IDLE or waiting[0].received_at <= now - _BEHIND

    def step(self, stopping: threading.Event | None = None) -> int:
        """Digest some dozens of files, at least one; returns how many bytes were read, 0 if there are none.

        Raises BrokenOff once `stopping` is set; then the files in hand are read again another time.
        """
        with self._database.read() as session:
            waiting, version_rows = self._waiting(session, most=_AT_ONCE)
        found = _some(waiting)
        if not found:
            return 0
        verdicts = [inspect(entry, self._files, stopping) for entry in found]
        with self._database.write() as session:
            row = session.get(ArchiveRoundRow, _NAME)
            if row is None:
                now = self._clock.now()
                row = ArchiveRoundRow(name=_NAME, position=0, until=0, version_position=0, version_until=0)
                row.looked_at, row.wrong, row.started_at = 0, 0, now
                session.add(row)
            row.wrong += write_down(session, verdicts, self._clock)
            row.looked_at += len(verdicts)
            if version_rows:
                row.version_position = max(row.version_position, version_rows[len(found) - 1])
            else:
                row.position = max(row.position, found[-1].row)
        return max(1, sum(entry.size for entry in found))

    @staticmethod
    def _waiting(session: Session, *, most: int) -> tuple[list[Entry], list[int]]:
        """The next files: of new instances; else of replaced ones, old and new, with the earlier versions' rows."""
        row = session.get(ArchiveRoundRow, _NAME)
        # Where several write at once, an older row may become visible after a newer one: some are looked at once more.
        # So is the second file of an earlier version, if only the first one was among the last.
        after, version_after = (row.position, row.version_position) if row else (0, 0)
        found = without_digest(session, after=max(0, after - _LOOKED_AT_AGAIN), most=most)
        if found:
            return found, []
        replaced = replaced_without_digest(session, after=max(0, version_after - _LOOKED_AT_AGAIN), most=most)
        return [entry for _, entry in replaced], [version_row for version_row, _ in replaced]

    def run(self) -> int:
        """Digest all there is, whatever comes in meanwhile; returns how many bytes were read."""
        done = 0
        while read := self.step():
            done += read
        return done


def _some(found: Sequence[Entry]) -> Sequence[Entry]:
    bytes_so_far = 0
    for number, entry in enumerate(found, 1):
        bytes_so_far += entry.size
        if bytes_so_far >= _MOST_BYTES_AT_ONCE:
            return found[:number]
    return found
