"""What becomes of a batch of received instances: durable names, rows, events and audit lines."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from access_control.gate import audit_entry
from access_control.model import Action, Resource
from pacs_node.archive.appending import Appender, Like, NotAppended
from pacs_node.archive.files import NO_SPACE, FileStore
from pacs_node.archive.index import Found, IndexWriter, NewInstance, find
from pacs_node.archive.landing import LandingLog
from pacs_node.archive.segment import Segment
from pacs_node.errors import ForeignStudy, StorageFull
from pacs_node.events import InstanceReplaced, InstancesStored
from pacs_node.ingest.landed import Facts
from pacs_node.ingest.work import Work
from shared_kernel.audit.trail import AuditEntry, record
from shared_kernel.clock import Clock
from shared_kernel.database import Database, DatabaseUnavailable
from shared_kernel.events.outbox import publish
from shared_kernel.postgresql import is_full

_MOST_REMEMBERED = 5_000

log = structlog.get_logger(__name__)


class Indexing:
    """What the leader does with a batch; one instance can't fail another."""

    def __init__(self, database: Database, files: FileStore, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self._landing: LandingLog | None = None
        self._facts = Facts()
        self._appender = Appender(database)
        self._audited: set[tuple[str, str]] = set()
        """Sessions and studies whose storing is in the audit trail."""

    def land(self, landing: LandingLog | None) -> None:
        """From now on sync small files later, and let their bytes last by this log until then; None: no longer."""
        self._landing = landing
        self._files.sync_later(landing.takes if landing is not None else None)

    def store(self, batch: Sequence[Work]) -> None:
        """Settle every work of the batch, whatever happens."""
        landed: Segment | None = None
        try:
            landed, rest = self._land(batch)
            durable = self._make_durable(batch, rest)
            # A large file is in no log that could bring its row back.
            self._append(durable, lasting=landed is None or bool(rest))
            self._commit([work for work in durable if not work.settled])
        except Exception as error:
            log.exception("ingest.batch_failed")
            for work in batch:
                if not work.settled:
                    _fail(work, error)

        finally:
            if landed is not None and self._landing is not None:
                self._landing.release(landed)

    def _land(self, batch: Sequence[Work]) -> tuple[Segment | None, Sequence[Work]]:
        """Let the landing log have the files that are not synced; returns where they are, and the works that are not.

        The segment is to be released when the rows are committed.
        """
        small: list[tuple[str, bytes, memoryview]] = []
        rest: list[Work] = []
        for work in batch:
            content = work.incoming.spool.unsynced
            if content is None:
                rest.append(work)
            else:
                small.append((work.path, self._facts.of(work.file, work.incoming), content))
        segment = self._landing.append(small) if small and self._landing is not None else None
        return segment, batch if segment is None else rest

    def _make_durable(self, batch: Sequence[Work], not_landed: Sequence[Work]) -> Sequence[Work]:
        """Sync what is not yet of the files that did not land, and their folders.

        Where that fails, all of the batch has failed, and is settled: asking again for each alone would believe a
        disk that tells of an error once.
        """
        try:
            for work in not_landed:
                if work.incoming.spool.unsynced is not None:
                    self._files.sync(work.path)
            self._files.sync_names([work.path for work in not_landed])
        except OSError as error:
            return _fail_all(batch, error)
        return batch

    def _append(self, batch: Sequence[Work], *, lasting: bool) -> None:
        """Index those that ask no question, and settle them; after an error none, and each must be looked at."""
        instances = [(_new_instance(work), _like(work)) for work in batch]
        deeds: dict[tuple[str, str], AuditEntry] = {}

        def deeds_of(numbers: Sequence[int]) -> list[AuditEntry]:
            deeds.update(self._deeds([batch[number] for number in numbers]))
            return list(deeds.values())

        try:
            appended = self._appender.append(instances, self._clock.now(), deeds_of, lasting=lasting)
        except NotAppended:
            self._appender.forget()
            return
        except Exception as error:
            if not isinstance(named(error), StorageFull):  # of that, the archive tells once
                log.warning("ingest.append_failed", instances=len(batch), reason=repr(error))
            if _waited_in_vain(error):
                _fail_all(batch, error)
            return
        self._remember(deeds)
        for number in appended:
            batch[number].settled = True

    def _remember(self, deeds: Iterable[tuple[str, str]]) -> None:
        if len(self._audited) > _MOST_REMEMBERED:
            self._audited.clear()
        self._audited.update(deeds)

    def _deeds(self, stored: Sequence[Work]) -> dict[tuple[str, str], AuditEntry]:
        """An audit line for the first instance of a session and study."""
        deeds: dict[tuple[str, str], AuditEntry] = {}
        for work in stored:
            sender, study_uid = work.incoming.sender, work.header.study_uid
            key = (sender.session_id, study_uid)
            if key not in self._audited and key not in deeds:
                deeds[key] = audit_entry(
                    sender,
                    Action.STUDY_STORE,
                    Resource(label=f"study/{study_uid}", site_code=sender.site_code, study_uid=study_uid),
                    clock=self._clock,
                    outcome="done",
                    reason=f"storing by {work.incoming.channel}",
                )
        return deeds

    def _commit(self, batch: Sequence[Work]) -> None:
        """Index the batch in one transaction; where that fails for what it holds, each on its own."""
        first: dict[str, Work] = {}
        twins = [work for work in batch if first.setdefault(work.header.sop_instance_uid, work) is not work]
        batch = list(first.values())
        if not batch:
            return
        try:
            self._index(batch)
        except Exception as error:
            if len(batch) == 1 or _waited_in_vain(error):
                _fail_all(batch, error)
            else:
                if not isinstance(named(error), StorageFull):  # of that, the archive tells once
                    log.warning("ingest.commit_split", instances=len(batch), reason=repr(error))
                for work in batch:
                    self._commit([work])
        if twins:
            self._commit(twins)

    def _index(self, batch: Sequence[Work]) -> None:
        """Rows, events and audit lines of a batch."""
        now = self._clock.now()
        refused: list[Work] = []
        stored: list[Work] = []
        with self._database.write() as session:
            known = find(session, [work.header.sop_instance_uid for work in batch])
            index = IndexWriter(session, now)
            for work in batch:
                site_code = work.incoming.sender.site_code
                if (index.owner(work.header.study_uid) or site_code) != site_code:
                    refused.append(work)
                elif work.header.sop_instance_uid not in known:
                    index.add(_new_instance(work))
                    stored.append(work)
            self._tell(session, index, stored)
            index.finish()
            deeds = self._deeds(stored)
            if deeds:
                record(session, list(deeds.values()))
        for work in refused:
            _fail(work, ForeignStudy())
        for work in batch:
            if not work.settled:
                work.known = known.get(work.header.sop_instance_uid)
                work.settled = True
        self._remember(deeds)

    def replace(self, work: Work, there: Found) -> bool:
        """See Writer; the file is durable since it was found to be known."""
        sender = work.incoming.sender
        with self._database.write() as session:
            now = self._clock.now()  # in its turn: somebody who took the case before must be told of it
            index = IndexWriter(session, now)
            version = index.replace(_new_instance(work), there)
            if version is None:
                return False
            index.finish()
            study_uid, sop_instance_uid = work.header.study_uid, work.header.sop_instance_uid
            event = InstanceReplaced(
                study_uid=study_uid, site_code=sender.site_code, sop_instance_uid=sop_instance_uid, version=version
            )
            publish(session, event, at=now, actor=sender.login)
            resource = Resource(label=f"instance/{sop_instance_uid}", site_code=sender.site_code, study_uid=study_uid)
            reason = f"version {version} by {work.incoming.channel}"
            record(
                session,
                [audit_entry(sender, Action.STUDY_STORE, resource, clock=self._clock, outcome="done", reason=reason)],
            )
        return True

    def _tell(self, session: Session, index: IndexWriter, stored: Sequence[Work]) -> None:
        """An event for each study that is new.

        Of the instances that follow, CompletionWorker tells.
        """
        now = self._clock.now()
        told = set()
        for work in stored:
            sender, study_uid = work.incoming.sender, work.header.study_uid
            if study_uid in index.opened and study_uid in index.added and study_uid not in told:
                told.add(study_uid)
                added = index.counted(study_uid)
                event = InstancesStored(study_uid=study_uid, site_code=sender.site_code, added=added, total=added)
                publish(session, event, at=now, actor=sender.login)


def _like(work: Work) -> Like | None:
    """What two instances have in common when the second one tells the index nothing new; None: not known."""
    likeness = work.header.likeness
    return None if likeness is None else (likeness, work.incoming.sender.site_code, work.incoming.rules.coercions)


def _new_instance(work: Work) -> NewInstance:
    return NewInstance(
        site_code=work.incoming.sender.site_code,
        header=work.header,
        transfer_syntax_uid=work.transfer_syntax_uid,
        file=work.file,
        dataset_offset=work.dataset_offset,
        size=work.size,
        received_from=work.incoming.sender.login,
    )


def _waited_in_vain(error: Exception) -> bool:
    """Whether the database could not be had: each further attempt would hold up everybody as long again."""
    return isinstance(error, DatabaseUnavailable) and not isinstance(named(error), StorageFull)


def _fail_all(batch: Sequence[Work], error: BaseException) -> list[Work]:
    """Settle all of them with the error; returns that nobody is left."""
    for work in batch:
        _fail(work, error)
    return []


def _fail(work: Work, error: BaseException) -> None:
    work.error, work.settled = named(error), True


def named(error: BaseException) -> BaseException:
    """A full disk has many faces; the sender sees one."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return StorageFull()
    cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    driver = cause.orig if isinstance(cause, DBAPIError) else cause
    if getattr(driver, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or is_full(driver):
        return StorageFull()
    return error
