"""Taking up what the landing log holds when ingest starts: a power failure, or a process that was killed, left it.

The rows of the last second may be lost, the bytes of files of which the index knows, or nothing at all; and some of
what is in the log may never have been acknowledged. So each record is looked at: a file that the index names is written
again, of any other the instance is stored anew by the rules by which it came. Once all of that lasts the log is
emptied; until then a second failure changes nothing, because doing it twice does no more than doing it once.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from io import BytesIO

import structlog
from sqlalchemy import select

from pacs_node.archive.files import FileStore, full_disk
from pacs_node.archive.index import names_file
from pacs_node.archive.landing import LandingLog
from pacs_node.archive.segment import Record
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from pacs_node.errors import DifferentContent, ForeignStudy, RootAway, StorageFull
from pacs_node.ingest.landed import Landed, file_of, read_facts
from pacs_node.ingest.part10 import read_header
from pacs_node.ingest.spool import Spool
from pacs_node.ingest.work import Incoming, Stored
from pacs_node.peers.model import OnDifferentContent
from shared_kernel.database import Database
from shared_kernel.errors import Unavailable

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
        with full_disk():
            for record in landing.records():
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
            self._keep(record)
            return
        with self._database.read() as session:
            named = names_file(session, landed.file)
        if named:
            self._write(landed.file, record.content)
            return
        try:
            self._store_again(landed, record.content)
        except (StorageFull, RootAway, Unavailable, OSError):
            raise
        except ForeignStudy:
            # Its sender was refused it, and it is not to lie in the folder of somebody else's study.
            log.warning("archive.landing_record_foreign", file=landed.file)
            self._drop(landed.file)
        except DifferentContent as error:
            if self._is_earlier_version(str(error.details["sop_instance_uid"]), record.content):
                self._drop(landed.file)
            else:
                self._refused(landed, record.content, error)
        except Exception as error:
            self._refused(landed, record.content, error)

    def _refused(self, landed: Landed, content: bytes, error: Exception) -> None:
        """The sweep sets the file aside: nothing is thrown away, and one record does not keep the hub from starting."""
        log.warning("archive.landing_record_refused", file=landed.file, reason=repr(error))
        self._write(landed.file, content)

    def _keep(self, record: Record) -> None:
        """Let the bytes last of which it can't be said whose they are: the index, or else the sweep, knows the file."""
        if file := file_of(record.facts):
            self._write(file, record.content)
        else:
            log.warning("archive.landing_record_kept", file=str(self._files.keep_aside(record.content, record.facts)))

    def _write(self, file: str, content: bytes) -> None:
        path = str(self._files.path_of(file))
        self._files.write_again(path, content)
        self._written.append(path)

    def _drop(self, file: str) -> None:
        with suppress(RootAway):  # one that held nothing, and is named no longer
            self._files.remove(self._files.path_of(file))

    def _store_again(self, landed: Landed, content: bytes) -> None:
        # A version that was acknowledged is named: its commit was synced. One that is not must replace nothing now.
        rules = replace(landed.rules, on_different_content=OnDifferentContent.REJECT)
        with Spool(self._files, limit=len(content), min_free=0) as spool:
            spool.write(content)
            stored = self._store(Incoming(sender=landed.sender, spool=spool, channel=landed.channel, rules=rules))
        self._stored += not stored.duplicate
        self._drop(landed.file)  # another file holds it now

    def _is_earlier_version(self, sop_instance_uid: str, content: bytes) -> bool:
        """Whether it was stored, and then replaced, and came again in between."""
        data_set = content[read_header(BytesIO(content)).dataset_offset :]
        kept = select(InstanceVersionRow.file, InstanceVersionRow.dataset_offset).join(
            InstanceRow, InstanceRow.id == InstanceVersionRow.instance_row
        )
        with self._database.read() as session:
            versions = session.execute(kept.where(InstanceRow.sop_instance_uid == sop_instance_uid)).all()
        return any(self._files.path_of(file).read_bytes()[offset:] == data_set for file, offset in versions)
