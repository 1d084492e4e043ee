"""The one way into the archive: spool → check → durable → committed → answered."""

from __future__ import annotations

import os
from types import TracebackType

from access_control.gate import AccessGate
from access_control.model import Action, Actor, Resource
from pacs_node.archive.files import FileStore, full_disk
from pacs_node.archive.index import Found, find, owner_of
from pacs_node.archive.sweep import Presence
from pacs_node.errors import DifferentContent, ForeignStudy, IdentifierMismatch
from pacs_node.header.scan import Header, scan
from pacs_node.ingest.duplicates import same_dataset
from pacs_node.ingest.part10 import PREAMBLE, FileMeta, read_header, write_header
from pacs_node.ingest.reception import Reception
from pacs_node.ingest.spool import Spool
from pacs_node.ingest.work import Incoming, Stored, Work
from pacs_node.ingest.writer import Writer
from pacs_node.peers.coerced_header import coerce_header
from pacs_node.peers.model import IntakeRules
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound
from shared_kernel.settings import Settings

_CHUNK = 1 * 2**20

__all__ = ["Incoming", "IngestService", "Reception", "Spool", "Stored"]


class IngestService:
    """Takes instances from every channel by the same rules; safe to call from many threads.

    Several processes may ingest into one data folder at once (a running server and an import on the
    command line): they never name the same file, and the database orders their commits.
    """

    def __init__(
        self, database: Database, file_store: FileStore, settings: Settings, clock: Clock, gate: AccessGate
    ) -> None:
        self._database = database
        self._files = file_store
        self._settings = settings
        self._gate = gate
        self._clock = clock
        self._writer = Writer(database, file_store, clock)
        self._presence = Presence(file_store, database, clock)

    def start(self) -> None:
        """Sweep what a crash has left, and begin to take instances."""
        self._files.prepare()
        self._presence.enter()
        self._writer.start()

    def stop(self) -> None:
        """Finish what is waiting and take no more."""
        self._writer.stop()
        self._presence.leave()

    @property
    def alive(self) -> bool:
        """Whether instances can be taken."""
        return self._writer.alive

    def __enter__(self) -> IngestService:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def spool(self, limit: int | None = None) -> Spool:
        """A new file to receive into, of at most `limit` bytes if the hub's own limit is not smaller.

        Raises StorageFull.
        """
        largest = min(limit or self._settings.max_instance, self._settings.max_instance)
        return Spool(self._files, limit=largest, min_free=self._settings.min_free_disk)

    def receive(
        self,
        sender: Actor,
        *,
        transfer_syntax_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
        rules: IntakeRules | None = None,
    ) -> Reception:
        """Begin to take in the data set of a C-STORE request. Never raises; see Reception."""
        return Reception(
            self,
            sender=sender,
            rules=rules or IntakeRules(),
            transfer_syntax_uid=transfer_syntax_uid,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
        )

    def store(self, incoming: Incoming) -> Stored:
        """Store a received file; returns when it is durable and indexed, and its event is in the outbox.

        Raises InstanceRefused (its subclasses say why), Forbidden when the sender may not store at
        all, Unavailable when ingest is stopped. Whatever is raised, nothing is left behind; the spool
        is used up either way.
        """
        try:
            return self._store(incoming)
        finally:
            incoming.spool.discard()

    def _store(self, incoming: Incoming) -> Stored:
        incoming.spool.close()
        meta, header = self._read(incoming)
        _compare(incoming, header)
        header, _ = coerce_header(header, incoming.rules.coercions)
        work = Work(
            incoming=incoming,
            header=header,
            transfer_syntax_uid=meta.transfer_syntax_uid,
            dataset_offset=meta.dataset_offset,
        )
        with self._database.read() as session:
            owner = owner_of(session, header.study_uid)
            there = find(session, [header.sop_instance_uid]).get(header.sop_instance_uid)
        self._require_access(incoming, header, owner or incoming.sender.site_code)
        if (meta.sop_class_uid, meta.sop_instance_uid) != (header.sop_class_uid, header.sop_instance_uid):
            self._write_own_header(work)
        if there is not None and self._is_resend(work, there):
            return work.stored(duplicate=True)
        self._writer.submit(work)
        return work.answer.result()

    def _read(self, incoming: Incoming) -> tuple[FileMeta, Header]:
        with incoming.spool.path.open("r+b") as file:
            meta = read_header(file)
            header = scan(file, meta.dataset_offset, meta.transfer_syntax_uid, meta.sop_class_uid)
            # A preamble can make the file a program for another system (PS3.10 section 7.1); ours is empty.
            file.seek(0)
            if file.read(len(PREAMBLE)) != PREAMBLE:
                with full_disk():
                    os.pwrite(file.fileno(), PREAMBLE, 0)
        return meta, header

    def _write_own_header(self, work: Work) -> None:
        """Put a header of ours before a data set whose file meta names something else; the data set stays as it is."""
        with self.spool() as other, work.incoming.spool.path.open("rb") as file:
            offset = write_header(
                other,
                transfer_syntax_uid=work.transfer_syntax_uid,
                sop_class_uid=work.header.sop_class_uid,
                sop_instance_uid=work.header.sop_instance_uid,
            )
            file.seek(work.dataset_offset)
            while chunk := file.read(_CHUNK):
                other.write(chunk)
            other.close()
            work.incoming.spool.replace_with(other)
        work.dataset_offset = offset

    def _require_access(self, incoming: Incoming, header: Header, owner: str) -> None:
        sender = incoming.sender
        resource = Resource(label=f"study/{header.study_uid}", site_code=owner, study_uid=header.study_uid)
        try:
            self._gate.require(sender, Action.STUDY_STORE, resource)
        except NotFound:
            raise ForeignStudy() from None
        if owner != sender.site_code:
            # The operator may do anything here, but not give one site's images to another.
            self._gate.deny(sender, Action.STUDY_STORE, resource, "the study is another site's")
            raise ForeignStudy()

    def _is_resend(self, work: Work, there: Found) -> bool:
        """Whether exactly this is stored already; asked before the work of storing, and again while storing."""
        if there.site_code != work.incoming.sender.site_code:
            raise ForeignStudy()
        path = self._files.path_of(there.file)
        if not same_dataset(work.incoming.spool.path, work.dataset_offset, path, there.dataset_offset):
            raise DifferentContent(sop_instance_uid=work.header.sop_instance_uid)
        return True


def _compare(incoming: Incoming, header: Header) -> None:
    """Refuse when the request names something else than the data set."""
    said = (
        ("SOPInstanceUID", incoming.sop_instance_uid, header.sop_instance_uid),
        ("SOPClassUID", incoming.sop_class_uid, header.sop_class_uid),
        ("StudyInstanceUID", incoming.study_uid, header.study_uid),
    )
    for keyword, claimed, actual in said:
        if claimed and claimed != actual:
            raise IdentifierMismatch(keyword=keyword)
