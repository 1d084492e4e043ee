"""A round through the archive: every file read and compared, by steps, from where it was left.

First the current files of all instances, then those of earlier versions.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from pacs_node.archive.files import FileStore
from pacs_node.archive_care.entries import Selection, count, earlier_entries, entries, last_rows
from pacs_node.archive_care.ledger import write_down
from pacs_node.archive_care.model import Entry, Verdict
from pacs_node.archive_care.reading import inspect
from pacs_node.archive_care.tables import ArchiveRoundRow
from shared_kernel.clock import Clock
from shared_kernel.database import Database

_AT_ONCE = 64
_SECONDS_AT_ONCE = 2.0


class Verification:
    """One round, which has a name; a round that was broken off goes on behind what was last written down.

    Files are read outside of any transaction; what they have shown is written down together with the place, some
    dozens or two seconds at a time.
    """

    def __init__(
        self, database: Database, files: FileStore, clock: Clock, name: str, chosen: Selection | None = None
    ) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self._name = name
        self._chosen = chosen or Selection()

    def begin(self, *, anew: bool = False) -> bool:
        """Begin a round, or go on with the unfinished one unless `anew`; returns whether one goes on."""
        with self._database.write() as session:
            row = session.get(ArchiveRoundRow, self._name)
            if row is not None and row.finished_at is None and not anew:
                return True
            until, version_until = last_rows(session)
            if row is None:
                row = ArchiveRoundRow(name=self._name)
                session.add(row)
            row.position, row.until, row.version_position, row.version_until = 0, until, 0, version_until
            row.looked_at, row.wrong = 0, 0
            row.started_at, row.finished_at = self._clock.now(), None
        return False

    def round(self) -> ArchiveRoundRow | None:
        """How far the round is; None before the first."""
        with self._database.read() as session:
            row = session.get(ArchiveRoundRow, self._name)
            if row is not None:
                session.expunge(row)
            return row

    def remaining(self) -> int:
        """How many files are still to be read."""
        row = self.round()
        if row is None or row.finished_at is not None:
            return 0
        with self._database.read() as session:
            after, until = (row.position, row.version_position), (row.until, row.version_until)
            return count(session, self._chosen, after=after, until=until)

    def run(self) -> Iterator[Verdict]:
        """Read all that remains; each verdict as it comes. What has been read is kept also when this is broken off."""
        pending: list[Verdict] = []
        since = time.monotonic()
        try:
            while batch := self.next():
                for entry in batch:
                    verdict = inspect(entry, self._files)
                    pending.append(verdict)
                    yield verdict
                    if len(pending) >= _AT_ONCE or time.monotonic() - since > _SECONDS_AT_ONCE:
                        self.keep(pending)
                        pending, since = [], time.monotonic()
                self.keep(pending)
                pending = []
        finally:
            self.keep(pending)
        self.finish()

    def next(self, most: int = _AT_ONCE) -> Sequence[Entry]:
        """The entries that are to be read next; none at the end of the round."""
        row = self.round()
        if row is None or row.finished_at is not None:
            return []
        with self._database.read() as session:
            found = entries(session, self._chosen, after=row.position, until=row.until, most=most)
            if found:
                return found
            after, until = row.version_position, row.version_until
            return earlier_entries(session, self._chosen, after=after, until=until, most=most)

    def keep(self, verdicts: Sequence[Verdict]) -> None:
        """Write down what was read, and that the round has come so far."""
        if not verdicts:
            return
        with self._database.write() as session:
            row = self._row(session)
            row.wrong += write_down(session, verdicts, self._clock)
            row.looked_at += len(verdicts)
            last = verdicts[-1].entry
            if last.version_row is None:
                row.position = last.row
            else:
                row.version_position = last.version_row

    def finish(self) -> None:
        """The round is at its end."""
        with self._database.write() as session:
            self._row(session).finished_at = self._clock.now()

    def _row(self, session: Session) -> ArchiveRoundRow:
        row = session.get(ArchiveRoundRow, self._name)
        if row is None:
            raise RuntimeError("begin() comes first")
        return row
