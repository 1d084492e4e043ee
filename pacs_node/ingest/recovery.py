"""Taking up what the landing log holds when ingest starts: a power failure, or a process that was killed, left it.

The rows of the last second may be lost, the bytes of files of which the index knows, or nothing at all; and some of
what is in the log may never have been acknowledged. So each record is looked at: a file that the index names is written
again, of any other the instance is stored anew by the rules by which it came. Once all of that lasts the log is
emptied; until then a second failure changes nothing, because doing it twice does no more than doing it once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog

from pacs_node.archive.files import FileStore, full_disk
from pacs_node.archive.index import names_file
from pacs_node.archive.landing import LandingLog
from pacs_node.archive.segment import Record
from pacs_node.errors import RootAway, StorageFull
from pacs_node.ingest.landed import Landed, read_facts
from pacs_node.ingest.spool import Spool
from pacs_node.ingest.work import Incoming, Stored
from shared_kernel.database import Database, DatabaseUnavailable

log = structlog.get_logger(__name__)


class Recovery:
    """One look through a log."""

    def __init__(self, files: FileStore, database: Database, store: Callable[[Incoming], Stored]) -> None:
        """`store` is `IngestService.store`, which answers when what it was given is durable."""
        self._files = files
        self._database = database
        self._store = store
        self._written: list[str] = []
        self._stored = 0

    def run(self, landing: LandingLog) -> None:
        """Take up everything and empty the log.

        Raises what keeps it from that (StorageFull, RootAway, DatabaseUnavailable, OSError); the log stays then.
        """
        for record in landing.records():
            with full_disk():
                self._take_up(record)
        self._files.sync_names(self._written)
        self._database.make_lasting()
        landing.forget()
        if self._written or self._stored:
            log.warning("archive.landing_log_taken_up", files=len(self._written), instances=self._stored)

    def _take_up(self, record: Record) -> None:
        try:
            landed = read_facts(record.facts)
        except ValueError as error:
            log.warning("archive.landing_record_unknown", number=record.number, reason=str(error))
            return
        with self._database.read() as session:
            named = names_file(session, landed.file)
        if named:
            self._write(landed, record.content)
            return
        try:
            self._store_again(landed, record.content)
        except (StorageFull, RootAway, DatabaseUnavailable, OSError):
            raise
        except Exception as error:
            # Its sender was refused it, too, as a rule. The sweep sets the file aside: nothing is thrown away, and
            # one record does not keep the hub from starting.
            log.warning("archive.landing_record_refused", file=landed.file, reason=repr(error))
            self._write(landed, record.content)

    def _write(self, landed: Landed, content: bytes) -> None:
        path = str(self._files.path_of(landed.file))
        self._files.write_again(path, content)
        self._written.append(path)

    def _store_again(self, landed: Landed, content: bytes) -> None:
        with Spool(self._files, limit=len(content), min_free=0) as spool:
            spool.write(content)
            incoming = Incoming(sender=landed.sender, spool=spool, channel=landed.channel, rules=landed.rules)
            stored = self._store(incoming)
        self._stored += not stored.duplicate
        with suppress(RootAway):  # one that held nothing, and is named no longer
            self._files.remove(self._files.path_of(landed.file))  # another file holds it now
