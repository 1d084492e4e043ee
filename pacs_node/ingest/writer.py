"""Group commit: one thread makes up to 64 waiting instances durable and indexes them in one transaction.

The order is what "acknowledged means durable" rests on: bytes synced, renamed, folders synced, rows
committed, and only then the answers. A crash between any two leaves at most files that no row names.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from access_control.gate import audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.archive.files import NO_SPACE, FileStore
from pacs_node.archive.index import IndexWriter, NewInstance, find
from pacs_node.errors import DifferentContent, ForeignStudy, StorageFull
from pacs_node.events import InstancesStored
from pacs_node.ingest.duplicates import same_dataset
from pacs_node.ingest.work import Stored, Work
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database, DatabaseUnavailable
from shared_kernel.errors import Unavailable
from shared_kernel.events.outbox import publish

_BATCH = 64
_FULL = ("disk is full", "No space left on device")

log = structlog.get_logger(__name__)


class Writer:
    """The one thread that moves files into the archive and writes the index."""

    def __init__(self, database: Database, files: FileStore, clock: Clock) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self._waiting: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._accepting = threading.Lock()
        self._open = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to work."""
        self._open = True
        self._thread = threading.Thread(target=self._run, name="ingest-writer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after everything that is waiting has been stored and answered."""
        with self._accepting:
            if not self._open:
                return
            self._open = False
            self._waiting.put(None)
        if self._thread:
            self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def submit(self, work: Work) -> None:
        """Queue an instance; its answer comes through `work.answer`. Raises Unavailable when stopped."""
        with self._accepting:
            if not self._open:
                raise Unavailable(reason="ingest is stopped")
            self._waiting.put(work)

    def _run(self) -> None:
        going_on = True
        while going_on:
            batch: list[Work] = []
            item = self._waiting.get()
            while item is not None:
                batch.append(item)
                if len(batch) == _BATCH:
                    break
                try:
                    item = self._waiting.get_nowait()
                except queue.Empty:
                    break
            going_on = item is not None
            self._store(batch)

    def _store(self, batch: Sequence[Work]) -> None:
        """Store a batch; every work gets its answer, whatever happens."""
        try:
            durable = self._make_durable(batch)
            self._commit(durable)
        except BaseException as error:
            log.exception("ingest.batch_failed")
            for work in batch:
                self._fail(work, error)

    def _make_durable(self, batch: Sequence[Work]) -> list[Work]:
        """Sync, move and sync folders; answers those that fail and returns the others."""
        now = self._clock.now()
        moved: list[Work] = []
        folders = set()
        for work in batch:
            try:
                self._files.sync(work.incoming.spool.path)
                target = self._files.place_for(work.header.study_uid, now)
                work.path = target
                folders |= self._files.move(work.incoming.spool.path, target)
                moved.append(work)
            except Exception as error:
                self._fail(work, error)
        try:
            self._files.sync_folders(sorted(folders))
        except Exception as error:
            for work in moved:
                self._fail(work, error)
            return []
        return moved

    def _commit(self, batch: Sequence[Work]) -> None:
        """Index the batch in one transaction; where that fails, each on its own, so that one can't fail others."""
        if not batch:
            return
        try:
            with self._database.write() as session:
                outcomes = self._index(session, batch)
        except Exception as error:
            if len(batch) == 1:
                self._fail(batch[0], error)
                return
            log.warning("ingest.commit_split", instances=len(batch), reason=repr(error))
            for work in batch:
                self._commit([work])
            return
        for work, outcome in zip(batch, outcomes, strict=True):
            self._answer(work, outcome)

    def _index(self, session: Session, batch: Sequence[Work]) -> list[Stored | Exception]:
        """Rows, events and audit lines of a batch; an outcome that is an exception has left no row."""
        now = self._clock.now()
        known = find(session, [work.header.sop_instance_uid for work in batch])
        index = IndexWriter(session, now)
        earlier: dict[str, Work] = {}
        outcomes: list[Stored | Exception] = []
        deeds: dict[tuple[Actor, str, str], int] = {}
        for work in batch:
            header, site_code = work.header, work.incoming.sender.site_code
            there = known.get(header.sop_instance_uid)
            twin = earlier.get(header.sop_instance_uid)
            if (index.owner(header.study_uid) or site_code) != site_code:
                outcomes.append(ForeignStudy())
            elif there is not None:
                path = self._files.path_of(there.file)
                outcomes.append(self._resent(work, there.site_code, path, there.dataset_offset))
            elif twin is not None and twin.path is not None:
                outcomes.append(self._resent(work, twin.incoming.sender.site_code, twin.path, twin.dataset_offset))
            else:
                index.add(self._new_instance(work))
                earlier[header.sop_instance_uid] = work
                deed = (work.incoming.sender, header.study_uid, work.incoming.channel)
                deeds[deed] = deeds.get(deed, 0) + 1
                outcomes.append(work.stored(duplicate=False))
        index.finish()
        self._tell(session, index, deeds)
        return outcomes

    def _tell(self, session: Session, index: IndexWriter, deeds: dict[tuple[Actor, str, str], int]) -> None:
        now = self._clock.now()
        senders = {study_uid: sender for sender, study_uid, _ in deeds}
        for study_uid, added in index.added.items():
            sender = senders[study_uid]
            event = InstancesStored(
                study_uid=study_uid, site_code=sender.site_code, added=added, total=index.total(study_uid)
            )
            publish(session, event, at=now, actor=sender.login)
        record(
            session,
            [
                audit_entry(
                    sender,
                    Action.STUDY_STORE,
                    Resource(label=f"study/{study_uid}", site_code=sender.site_code, study_uid=study_uid),
                    clock=self._clock,
                    outcome="done",
                    reason=f"{count} stored by {channel}",
                )
                for (sender, study_uid, channel), count in deeds.items()
            ],
        )

    def _new_instance(self, work: Work) -> NewInstance:
        assert work.path is not None  # noqa: S101 - _make_durable has moved it
        return NewInstance(
            site_code=work.incoming.sender.site_code,
            header=work.header,
            transfer_syntax_uid=work.transfer_syntax_uid,
            file=self._files.name_of(work.path),
            dataset_offset=work.dataset_offset,
            size=work.incoming.spool.size,
        )

    @staticmethod
    def _resent(work: Work, owner: str, path: Path, dataset_offset: int) -> Stored | Exception:
        """What to answer when the SOP Instance UID is known already, with the file at `path`."""
        assert work.path is not None  # noqa: S101 - _make_durable has moved it
        if owner != work.incoming.sender.site_code:
            return ForeignStudy()
        if same_dataset(work.path, work.dataset_offset, path, dataset_offset):
            return work.stored(duplicate=True)
        return DifferentContent(sop_instance_uid=work.header.sop_instance_uid)

    def _answer(self, work: Work, outcome: Stored | Exception) -> None:
        if isinstance(outcome, Exception):
            self._fail(work, outcome)
            return
        if outcome.duplicate:
            self._clear(work)
        work.answer.set_result(outcome)

    def _fail(self, work: Work, error: BaseException) -> None:
        """Answer with an error and leave nothing of the instance behind."""
        if work.answer.done():
            return
        self._clear(work)
        work.answer.set_exception(_named(error))

    def _clear(self, work: Work) -> None:
        try:
            work.incoming.spool.discard()
            if work.path is not None:
                self._files.remove(work.path)
        except OSError:
            log.exception("ingest.leftover", path=str(work.path))


def _named(error: BaseException) -> BaseException:
    """A full disk has many faces; the sender sees one."""
    if isinstance(error, OSError) and error.errno in NO_SPACE:
        return StorageFull()
    cause = error.__cause__ if isinstance(error, DatabaseUnavailable) else error
    if isinstance(cause, DBAPIError) and any(words in str(cause) for words in _FULL):
        return StorageFull()
    return error
