"""The one way into the archive: spool → check → durable → committed → answered."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType

import structlog

from access_control.gate import AccessGate
from access_control.model import Action, Actor, Resource
from pacs_node.archive.files import FileStore, full_disk
from pacs_node.archive.index import Found, find, names_file, owner_of
from pacs_node.archive.sweep import Presence
from pacs_node.archive_care.mending import Copy, Mending
from pacs_node.errors import DifferentContent, ForeignStudy, IdentifierMismatch, StorageFull
from pacs_node.header.scan import Header, scan, scan_head
from pacs_node.ingest.duplicates import Again
from pacs_node.ingest.holding import Holding
from pacs_node.ingest.indexing import named
from pacs_node.ingest.part10 import PREAMBLE, FileMeta, read_header, write_header
from pacs_node.ingest.reception import Reception
from pacs_node.ingest.spool import Spool
from pacs_node.ingest.work import Incoming, Stored, Work
from pacs_node.ingest.writer import Writer
from pacs_node.peers.coerced_header import coerce_header
from pacs_node.peers.model import IntakeRules, OnDifferentContent
from shared_kernel.clock import Clock
from shared_kernel.database import Database, DatabaseUnavailable
from shared_kernel.errors import NotFound, Unavailable
from shared_kernel.settings import Settings

_CHUNK = 1 * 2**20
_MOST_REMEMBERED = 5_000

log = structlog.get_logger(__name__)

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
        self._mending = Mending(database, file_store, clock)
        self._presence = Presence(file_store, database, clock)
        self._lands = True
        self._holding = Holding(file_store, database, self.store, self._writer.land)
        self._allowed: set[tuple[str, str]] = set()
        """Sessions and studies that the gate has let through."""

    def start(self) -> None:
        """Take up and sweep what a crash has left, and begin to take instances.

        A server that can't take it up because the disk is full starts, and answers StorageFull until it can.
        """
        self._files.prepare()
        self._writer.start()
        try:
            self._presence.enter(lambda: self._holding.take_up(keeps=self._lands))
            if self._lands:
                self._holding.begin()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Finish what is waiting and take no more."""
        self._holding.stop_trying()
        self._writer.stop()
        self._holding.leave()
        self._presence.leave()

    def beside_the_server(self) -> IngestService:
        """The same for a command: the landing log is the server's, only what a crash has left in it is taken up."""
        self._lands = False
        return self

    @property
    def alive(self) -> bool:
        """Whether instances can be taken."""
        return self._writer.alive

    @property
    def busy(self) -> bool:
        """Whether something is being stored, or was just now: work that can wait should leave it the processor."""
        return self._writer.busy

    def __enter__(self) -> IngestService:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def spool(self, limit: int | None = None, beside: str | None = None, study_uid: str = "") -> Spool:
        """A new file to receive into, of at most `limit` bytes if the hub's own limit is not smaller.

        It is on the disk of the file `beside`, if one is given, and near the images of the study, if that is known.

        Raises StorageFull.
        """
        if self._holding.waits_for_space:
            error = StorageFull()
            self._files.space.refuse(error)
            raise error
        return self._spool(limit, beside, study_uid)

    def _spool(self, limit: int | None = None, beside: str | None = None, study_uid: str = "") -> Spool:
        largest = min(limit or self._settings.max_instance, self._settings.max_instance)
        at = self._clock.now() if study_uid else None
        return Spool(
            self._files,
            limit=largest,
            min_free=self._settings.min_free_disk,
            beside=beside,
            study_uid=study_uid,
            at=at,
        )

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
        """Store a received file; returns when it is durable and indexed.

        The first instances of a study put InstancesStored into the outbox; of those that follow, CompletionWorker
        tells. Raises InstanceRefused (its subclasses say why), Forbidden when the sender may not store at
        all, Unavailable when ingest is stopped. Whatever is raised, nothing is left behind; the spool
        is used up either way.
        """
        try:
            work = self._prepared(incoming)
            return self._store(work)
        except StorageFull as error:
            self._files.space.refuse(error)
            raise
        except DatabaseUnavailable as error:
            known = named(error)
            if isinstance(known, StorageFull):
                self._files.space.refuse(known)
            raise known from error
        finally:
            incoming.spool.discard()

    def _prepared(self, incoming: Incoming) -> Work:
        """The checks that need nothing but the instance and its sender."""
        meta, header = self._read(incoming)
        _compare(incoming, header)
        if incoming.rules.coercions:
            header, _ = coerce_header(header, incoming.rules.coercions)
        if site := incoming.rules.site_of_issuer(header.issuer_of_patient_id):
            header = replace(header, patient_site=site)
        self._require_access(incoming, header)
        offset = meta.dataset_offset
        if (meta.sop_class_uid, meta.sop_instance_uid) != (header.sop_class_uid, header.sop_instance_uid):
            offset = self._write_own_header(incoming.spool, meta, header)
        return Work(incoming, header, transfer_syntax_uid=meta.transfer_syntax_uid, dataset_offset=offset)

    def _store(self, work: Work) -> Stored:
        target = self._files.place_for(work.header.study_uid, self._clock.now(), beside=work.path)
        work.path, work.file = target, self._files.name_of(target)
        try:
            return self._stored(work)
        except Exception:
            # Whatever else passes (Ctrl-C in the middle of a commit) leaves the file: the next sweep knows what it is.
            self._take_back(work)
            raise

    def _stored(self, work: Work) -> Stored:
        """Let the writer have it, and answer what came of that."""
        try:
            self._writer.store(work)
        except ForeignStudy:
            self._note_foreign(work)
            raise
        while work.known is not None and work.known.file != work.file:
            match self._again(work, work.known):
                case Again.STORED:
                    self._take_back(work)
                    return work.stored(duplicate=True)
                case Again.MENDS if self._mend(work, work.known):
                    return work.stored(duplicate=True)
                case Again.OTHER if self._writer.replace(work, work.known):
                    break
            # Somebody else came first: compare with what is current now.
            with self._database.read() as session:
                work.known = find(session, [work.header.sop_instance_uid]).get(work.header.sop_instance_uid)
            if work.known is None:
                raise Unavailable(reason="the instance was removed in the meantime")
        return work.stored(duplicate=False)

    def _take_back(self, work: Work) -> None:
        """Remove the file, unless the index names it after all: an error may have come behind the commit."""
        try:
            with self._database.read() as session:
                named = names_file(session, work.file)
        except DatabaseUnavailable:
            log.warning("ingest.file_left", path=work.path)  # the next sweep asks again
            return
        if not named:
            self._files.remove(work.path)

    def _note_foreign(self, work: Work) -> None:
        """Put into the trail that somebody wanted to add to another site's study."""
        with self._database.read() as session:
            owner = owner_of(session, work.header.study_uid) or ""
        resource = _resource(work.header, owner)
        self._gate.deny(work.incoming.sender, Action.STUDY_STORE, resource, "the study is another site's")

    def _read(self, incoming: Incoming) -> tuple[FileMeta, Header]:
        """File meta information and header, from the spool's first bytes where these suffice."""
        spool, rules = incoming.spool, incoming.rules
        if incoming.meta is None:
            spool.close()
        meta = incoming.meta or self._read_meta(spool)
        header = incoming.header or scan_head(
            spool.head,
            meta.dataset_offset,
            meta.transfer_syntax_uid,
            meta.sop_class_uid,
            character_set=rules.character_set,
        )
        if header is None:
            spool.close()
            with open(spool.path, "rb") as file:
                header = scan(
                    file,
                    meta.dataset_offset,
                    meta.transfer_syntax_uid,
                    meta.sop_class_uid,
                    character_set=rules.character_set,
                )
        return meta, header

    @staticmethod
    def _read_meta(spool: Spool) -> FileMeta:
        with open(spool.path, "rb") as file:
            meta = read_header(file)
        # A preamble can make the file a program for another system (PS3.10 section 7.1); ours is empty.
        if spool.head[: len(PREAMBLE)] != PREAMBLE:
            spool.overwrite(PREAMBLE)
        return meta

    def _write_own_header(self, spool: Spool, meta: FileMeta, header: Header) -> int:
        """Put a header of ours before a data set whose file meta names something else; the data set stays as it is.

        Returns where the data set begins now.
        """
        spool.close()
        with self._spool(beside=spool.path) as other, open(spool.path, "rb") as file:
            offset = write_header(
                other,
                transfer_syntax_uid=meta.transfer_syntax_uid,
                sop_class_uid=header.sop_class_uid,
                sop_instance_uid=header.sop_instance_uid,
            )
            file.seek(meta.dataset_offset)
            while chunk := file.read(_CHUNK):
                other.write(chunk)
            spool.replace_with(other)
        return offset

    def _require_access(self, incoming: Incoming, header: Header) -> None:
        """Ask the gate once for each session and study, as if it were the own site's; the writer knows if it is not."""
        sender = incoming.sender
        if (sender.session_id, header.study_uid) in self._allowed:
            return
        try:
            self._gate.check(sender, Action.STUDY_STORE, _resource(header, sender.site_code))
        except NotFound:
            raise ForeignStudy() from None
        if len(self._allowed) >= _MOST_REMEMBERED:
            self._allowed.clear()
        self._allowed.add((sender.session_id, header.study_uid))

    def _again(self, work: Work, there: Found) -> Again:
        """What it is that came again under the UID of `there`. Raises ForeignStudy, DifferentContent, RootAway."""
        header = work.header
        if there.site_code != work.incoming.sender.site_code:
            self._note_foreign(work)
            raise ForeignStudy()
        again = self._mending.compare(_copy(work), there)
        same_place = (there.study_uid, there.series_uid) == (header.study_uid, header.series_uid)
        may_replace = same_place and work.incoming.rules.on_different_content is not OnDifferentContent.REJECT
        if again is Again.OTHER and not may_replace:
            raise DifferentContent(sop_instance_uid=header.sop_instance_uid)
        return again

    def _mend(self, work: Work, there: Found) -> bool:
        """Put it in the place of a stored file that is damaged; False where that is no longer current."""
        incoming = work.incoming
        with full_disk(self._files.space):
            return self._mending.put_back(
                _copy(work),
                there,
                sop_instance_uid=work.header.sop_instance_uid,
                sender=incoming.sender,
                channel=incoming.channel,
            )


def _copy(work: Work) -> Copy:
    return Copy(
        path=work.path,
        file=work.file,
        dataset_offset=work.dataset_offset,
        size=work.size,
        transfer_syntax_uid=work.transfer_syntax_uid,
    )


def _resource(header: Header, owner: str) -> Resource:
    return Resource(label=f"study/{header.study_uid}", site_code=owner, study_uid=header.study_uid)


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
