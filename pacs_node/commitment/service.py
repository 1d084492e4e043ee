"""Storage Commitment: each step of a transaction is one transaction of the database, with its audit row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, ActorKind, Resource
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.commitment import store
from pacs_node.commitment.check import checked
from pacs_node.commitment.model import (
    CONFIRMED,
    DUPLICATE_TRANSACTION,
    NEVER_TOLD,
    Commitment,
    CommitmentState,
    Direction,
    Reference,
    Taken,
    pause_after,
)
from pacs_node.commitment.tables import CommitmentRow
from pacs_node.model import InstanceRecord
from pacs_node.peers.model import Peer
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound
from shared_kernel.ids import new_id, new_uid

_IN_HAND = timedelta(minutes=15)
"""How long whoever has a transaction in hand is left alone with it; after a crash the worker takes it up."""
_OWED = timedelta(hours=24)
"""How long a peer may take for its result."""
MOST_AT_ONCE = 4000
"""Instances in one request of ours: more, some peers do not take."""


class CommitmentService:
    """The door to transactions, for associations, the worker and the command line."""

    def __init__(
        self, database: Database, files: FileStore, clock: Clock, gate: AccessGate, catalogue: Catalogue
    ) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self._gate = gate
        self._catalogue = catalogue

    def requested(self, sender: Actor, transaction_uid: str, references: Sequence[Reference]) -> str:
        """A peer asks for commitment: keep that, for whoever called to go on with; returns the transaction's id.

        A repeated request is checked and reported again; a result other than the one that was reported before stands
        beside that. Another request under a UID that is in use is answered with failure reason 0131 for each of its
        instances. Raises Forbidden.
        """
        resource = Resource(label=f"commitment/{transaction_uid}", site_code=sender.site_code)
        self._gate.require(sender, Action.STUDY_COMMIT, resource)
        with self._database.read() as session:
            row = store.repeated(session, Direction.BY_PEER, sender.name, transaction_uid, references)
            again = row is not None and row.ended_at is not None
            found = set(checked(session, self._files, references, sender.site_code)) if again else set()
        with self._database.write() as session:
            now = self._clock.now()
            first = store.of_transaction(session, Direction.BY_PEER, sender.name, transaction_uid)
            duplicate = first is not None and not store.same(store.load(session, first).references, references)
            row = store.repeated(session, Direction.BY_PEER, sender.name, transaction_uid, references)
            if row is not None and row.ended_at is not None:
                # What was reported once stays as it was reported, and is reported again while it is still true.
                open_again = duplicate or set(store.load(session, row).references) == found
                row.state = (CommitmentState.CHECKED if open_again else CommitmentState.ENDED).value
                row.next_attempt_at = now + _IN_HAND if open_again else None
                if open_again:
                    row.asked_at, row.attempts = now, 0
                    self._note(session, sender, row, f"asked again to commit {len(references)} instances")
                    return row.commitment_id
                row = None
            if row is None:
                row = CommitmentRow(
                    commitment_id=new_id(),
                    direction=Direction.BY_PEER.value,
                    ae_title=sender.name,
                    site_code=sender.site_code,
                    transaction_uid=transaction_uid,
                    attempts=0,
                    last_error="",
                )
                session.add(row)
            row.asked_at, row.attempts = now, 0
            row.state = (CommitmentState.CHECKED if duplicate else CommitmentState.WAITING).value
            row.checked_at = now if duplicate else None
            row.next_attempt_at = now + _IN_HAND
            reason = DUPLICATE_TRANSACTION if duplicate else None
            kept = [Reference(each.sop_class_uid, each.sop_instance_uid, reason) for each in references]
            store.write_references(session, row.commitment_id, kept)
            self._note(session, sender, row, f"asked to commit {len(references)} instances")
            return row.commitment_id

    def check(self, commitment_id: str) -> Commitment:
        """Find out about each instance of a peer's transaction, unless that is done; returns it with the results."""
        with self._database.read() as session:
            before = store.load(session, _row(session, commitment_id))
            if before.state is not CommitmentState.WAITING:
                return before
            found = checked(session, self._files, before.references, before.site_code)
        with self._database.write() as session:
            row = _row(session, commitment_id, lock=True)
            if row.state != CommitmentState.WAITING:  # somebody was faster
                return store.load(session, row)
            row.state, row.checked_at = CommitmentState.CHECKED.value, self._clock.now()
            store.write_references(session, commitment_id, found)
            good = sum(each.failure_reason == CONFIRMED for each in found)
            self._note(session, _peer(row), row, f"{good} of {len(found)} instances confirmed")
            session.flush()
            return store.load(session, row)

    def reported(self, commitment_id: str) -> None:
        """The peer has taken our result."""
        self._end(commitment_id, "the result was reported")

    def ask(self, operator: Actor, peer: Peer, study_uid: str) -> str:
        """Have a peer asked to commit to a study that it was sent; the worker does it. Raises NotFound.

        Returns the transaction's id, the first one's where there are more instances than MOST_AT_ONCE.
        """
        instances = self._catalogue.instances(study_uid)
        if not instances:
            raise NotFound(study_uid=study_uid)
        resource = Resource(label=f"study/{study_uid}", site_code=instances[0].site_code, study_uid=study_uid)
        self._gate.require(operator, Action.STUDY_COMMIT, resource)
        with self._database.write() as session:
            return self._ask(session, operator, peer, instances)

    def ask_for_sent(self, session: Session, peer: Peer, sop_instance_uids: Sequence[str]) -> str:
        """Have a peer asked to commit to what it was just sent, in the caller's transaction.

        Returns the (first) transaction's id; nothing where the peer's settings do not want it.
        """
        if not peer.ask_commitment:
            return ""
        instances = self._catalogue.records(sop_instance_uids, session=session)
        return self._ask(session, peer.actor("commitment"), peer, instances) if instances else ""

    def _ask(self, session: Session, actor: Actor, peer: Peer, instances: Sequence[InstanceRecord]) -> str:
        parts = [instances[start : start + MOST_AT_ONCE] for start in range(0, len(instances), MOST_AT_ONCE)]
        first, *_ = [self._ask_one(session, actor, peer, part) for part in parts]
        return first

    def _ask_one(self, session: Session, actor: Actor, peer: Peer, instances: Sequence[InstanceRecord]) -> str:
        now = self._clock.now()
        row = CommitmentRow(
            commitment_id=new_id(),
            direction=Direction.BY_US.value,
            ae_title=peer.ae_title,
            site_code=peer.site_code,
            transaction_uid=new_uid(),
            state=CommitmentState.WAITING.value,
            asked_at=now,
            attempts=0,
            next_attempt_at=now,
            last_error="",
        )
        session.add(row)
        references = [Reference(each.sop_class_uid, each.sop_instance_uid, None, each.study_uid) for each in instances]
        store.write_references(session, row.commitment_id, references)
        self._note(session, actor, row, f"{len(references)} instances to be committed by {peer.ae_title}")
        return row.commitment_id

    def asked(self, commitment_id: str) -> None:
        """The peer has taken our request and owes the result."""
        with self._database.write() as session:
            row = _row(session, commitment_id, lock=True)
            if row.state == CommitmentState.WAITING:  # the result may have been faster
                row.state, row.last_error = CommitmentState.ASKED.value, ""
                row.next_attempt_at = self._clock.now() + _OWED

    def told(self, sender: Actor, transaction_uid: str, references: Sequence[Reference]) -> Taken:
        """A peer reports the result of our request. The first result is the proof: no later one changes it."""
        said = {each.sop_instance_uid: each.failure_reason for each in references}
        with self._database.write() as session:
            row = store.of_transaction(session, Direction.BY_US, sender.name, transaction_uid)
            if row is None:
                return Taken.UNKNOWN
            before = store.load(session, row).references
            kept = [replace(each, failure_reason=said.get(each.sop_instance_uid, NEVER_TOLD)) for each in before]
            good = sum(each.failure_reason == CONFIRMED for each in kept)
            if row.state == CommitmentState.ENDED:
                if kept == before:
                    return Taken.KEPT
                self._note(session, sender, row, f"another report, of {good} of {len(kept)} confirmed, was refused")
                return Taken.CONTRADICTS
            store.write_references(session, row.commitment_id, kept)
            now = self._clock.now()
            row.state, row.checked_at, row.ended_at = CommitmentState.ENDED.value, now, now
            row.next_attempt_at, row.last_error = None, ""
            self._note(session, sender, row, f"{good} of {len(kept)} instances confirmed by the peer")
            return Taken.KEPT

    def take_due(self, limit: int, busy: Collection[str] = (), most_peers: int | None = None) -> list[Commitment]:
        """Transactions that wait for the worker, with so many peers and no `busy` ones; taken in hand for a while."""
        now = self._clock.now()
        with self._database.read() as session:
            peers = store.peers_due(session, now, most_peers, busy)
        if not peers:
            return []
        with self._database.write() as session:
            rows = store.due(session, now, limit, peers)
            for row in rows:
                row.next_attempt_at = now + _IN_HAND
                if row.state == CommitmentState.ASKED:
                    # The peer owes it for too long: ask again, under the same UID.
                    row.state, row.last_error = CommitmentState.WAITING.value, "the peer did not report in time"
                    row.attempts += 1
                    if pause_after(row.attempts) is None:
                        self._give_up(session, row)
            session.flush()
            return [store.load(session, row) for row in rows if row.next_attempt_at is not None]

    def hand_to_worker(self, commitment_id: str, *, after: timedelta = timedelta()) -> None:
        """Whoever had it in hand could not bring it to its end; nothing has failed."""
        with self._database.write() as session:
            row = _row(session, commitment_id, lock=True)
            if row.next_attempt_at is not None:
                row.next_attempt_at = self._clock.now() + after

    def failed(self, commitment_id: str, reason: str) -> None:
        """An attempt failed: the next one comes after a pause, or it is given up."""
        with self._database.write() as session:
            row = _row(session, commitment_id, lock=True)
            if row.state == CommitmentState.ENDED:
                return
            row.attempts += 1
            row.last_error = reason[:500]
            pause = pause_after(row.attempts)
            if pause is None:
                self._give_up(session, row)
            else:
                row.next_attempt_at = self._clock.now() + pause

    def _give_up(self, session: Session, row: CommitmentRow) -> None:
        row.state, row.next_attempt_at = CommitmentState.GIVEN_UP.value, None
        self._note(session, _peer(row), row, f"given up: {row.last_error[:200]}")

    def of_study(self, study_uid: str) -> list[Commitment]:
        """Every transaction that names an instance of a study, the newest first; asks no access rule."""
        with self._database.read() as session:
            return store.of_study(session, study_uid)

    def one(self, commitment_id: str) -> Commitment:
        """A transaction. Raises NotFound."""
        with self._database.read() as session:
            return store.load(session, _row(session, commitment_id))

    def _end(self, commitment_id: str, reason: str) -> None:
        with self._database.write() as session:
            row = _row(session, commitment_id, lock=True)
            row.state, row.ended_at = CommitmentState.ENDED.value, self._clock.now()
            row.next_attempt_at, row.last_error = None, ""
            self._note(session, _peer(row), row, reason)

    def _note(self, session: Session, actor: Actor, row: CommitmentRow, reason: str) -> None:
        resource = Resource(label=f"commitment/{row.transaction_uid}", site_code=row.site_code)
        entry = audit_entry(actor, Action.STUDY_COMMIT, resource, clock=self._clock, outcome="done", reason=reason)
        record(session, [entry])


def _row(session: Session, commitment_id: str, *, lock: bool = False) -> CommitmentRow:
    found = select(CommitmentRow).filter_by(commitment_id=commitment_id)
    row = session.scalar(found.with_for_update() if lock else found)
    if row is None:
        raise NotFound(commitment_id=commitment_id)
    return row


def _peer(row: CommitmentRow) -> Actor:
    """The peer of a transaction, where no association of its is at hand."""
    return Actor(
        kind=ActorKind.PEER,
        login=f"ae:{row.ae_title}",
        name=row.ae_title,
        role=None,
        site_code=row.site_code,
        site_name=row.site_code,
        session_id="commitment",
    )
