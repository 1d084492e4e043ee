"""Orders to send studies, kept until every instance has been sent or given up: across restarts and broken connections.

    waiting ──claimed──▶ sending ──all answered, or the last attempt is over──▶ sent | failed
       ▲                    │                                                            │
       └──some left, or its lease has run out──┘ ◀────────────── tried again by hand ────┘

Who sends holds a lease and renews it while the sending goes on: of two processes only one sends, and what a killed
one has left is taken up when its lease is over. What was answered is written down every few seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from access_control.decision import decide
from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.archive.catalogue import Catalogue
from pacs_node.peers.model import Peer
from pacs_node.peers.service import PeerDirectory
from pacs_node.scu import orders
from pacs_node.scu.errors import DestinationMayNotSee, DestinationUnknown, NothingToRetry
from pacs_node.scu.lease import renewed
from pacs_node.scu.model import Fate, Sent
from pacs_node.scu.orders import Item, Order, State
from pacs_node.scu.outcome import Proof, finish
from pacs_node.scu.sending import StorageScu
from pacs_node.scu.tables import OutgoingItemRow, OutgoingSendRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound
from shared_kernel.ids import new_id

ATTEMPTS = 8
"""After so many an instance that could go better is given up: about 18 hours."""
LEASE = timedelta(minutes=10)
_RENEWED_SECONDS = 120.0
_AT_ONCE = 200
_WRITTEN_DOWN_SECONDS = 5.0
_LONGEST_REASON = 500
_NOT_HERE = "not here any more, or not the peer's to see"

log = structlog.get_logger(__name__)


def _nobody(_sent: Sent) -> None:
    return None


def _never() -> bool:
    return False


class _LeaseLost(Exception):
    """Somebody else carries out the order now."""


class OutgoingQueue:
    """Takes orders and carries them out; safe between threads and processes.

    `proof` is asked, in the transaction that ends an order, for the Storage Commitment of what was sent.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        gate: AccessGate,
        catalogue: Catalogue,
        *,
        peers: PeerDirectory,
        scu: StorageScu,
        proof: Proof | None = None,
        renewed_seconds: float = _RENEWED_SECONDS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate
        self._catalogue = catalogue
        self._peers = peers
        self._scu = scu
        self._proof = proof
        self._renewed_seconds = renewed_seconds
        self._held: dict[int, str] = {}

    def order_study(self, actor: Actor, study_uid: str, destination: str, *, after: timedelta = timedelta()) -> int:
        """Order that a study be sent as it is now, `after` some time unless it is run earlier; returns its number.

        Raises NotFound, Forbidden, DestinationUnknown, DestinationMayNotSee.
        """
        site = self._catalogue.site_of(study_uid)
        resource = Resource(label=f"study/{study_uid}", site_code=site or "", study_uid=study_uid)
        self._gate.require(actor, Action.STUDY_VIEW, resource)
        if site is None:
            raise NotFound()
        peer = self.destination(destination)
        if not decide(peer.actor(actor.session_id), Action.STUDY_VIEW, resource):
            raise DestinationMayNotSee(ae_title=peer.ae_title)
        instances = [each.sop_instance_uid for each in self._catalogue.instances(study_uid)]
        now = self._clock.now()
        with self._database.write() as session:
            row = OutgoingSendRow(
                destination=peer.ae_title,
                asked_by=actor.login,
                label=resource.label,
                state=State.WAITING,
                created_at=now,
                due_at=now + after,
                finished_at=None,
                attempts=0,
                last_error="",
            )
            session.add(row)
            session.flush()
            session.add_all(
                OutgoingItemRow(
                    send=row.id, study_uid=study_uid, sop_instance_uid=uid, state=State.WAITING, status=None, reason=""
                )
                for uid in instances
            )
            reason = f"{len(instances)} instances to {peer.ae_title}"
            entry = audit_entry(actor, "study.send", resource, clock=self._clock, outcome="done", reason=reason)
            record(session, [entry])
            return row.id

    def retry(self, actor: Actor, order_id: int) -> None:
        """Let what an order could not send be tried again, from the first attempt on. Raises NotFound, NothingToRetry.

        The caller has made sure that `actor` may.
        """
        with self._database.write() as session:
            row = session.get(OutgoingSendRow, order_id, with_for_update=True)
            if row is None:
                raise NotFound()
            if row.state != State.FAILED:
                raise NothingToRetry(order=order_id)
            session.execute(
                update(OutgoingItemRow)
                .where(OutgoingItemRow.send == order_id, OutgoingItemRow.state == State.FAILED)
                .values(state=State.WAITING, status=None, reason="")
            )
            row.state, row.due_at, row.finished_at, row.attempts = State.WAITING, self._clock.now(), None, 0
            row.last_error = ""
            resource = Resource(label=row.label, site_code="")
            reason = f"order {order_id} to {row.destination} is tried again"
            entry = audit_entry(actor, "study.send", resource, clock=self._clock, outcome="done", reason=reason)
            record(session, [entry])

    def destination(self, ae_title: str) -> Peer:
        """A peer that can be sent to. Raises DestinationUnknown."""
        peer = self._peers.find(ae_title)
        if peer is None or not peer.enabled or peer.address is None:
            raise DestinationUnknown(ae_title=ae_title[:16])
        return peer

    def due(self) -> dict[str, list[int]]:
        """Numbers of the orders whose time has come, in their order, by destination."""
        statement = select(OutgoingSendRow.destination, OutgoingSendRow.id).where(self._is_due())
        found: dict[str, list[int]] = {}
        with self._database.read() as session:
            for destination, order_id in session.execute(statement.order_by(OutgoingSendRow.id)):
                found.setdefault(destination, []).append(order_id)
        return found

    def run(
        self,
        order_id: int,
        told: Callable[[Sent], None] = _nobody,
        cancelled: Callable[[], bool] = _never,
        *,
        early: bool = False,
    ) -> bool:
        """Carry out what an order has left; False if it is not due (unless `early`) or another process is at it.

        `told` hears of every instance. What `cancelled` cuts short is due again at once, and was no attempt.
        """
        holder = new_id()
        if not self._claim(order_id, holder, early=early):
            return False
        self._held[order_id] = holder
        error, cut = "", False
        try:
            with renewed(
                lambda: self._renew(order_id, holder), every=self._renewed_seconds, name=f"lease-of-order-{order_id}"
            ) as lease:
                try:
                    error, cut = self._send(order_id, holder, told, lambda: cancelled() or lease.lost)
                except _LeaseLost:
                    raise
                except Exception as failure:
                    log.exception("outgoing.failed", order=order_id)
                    error = f"the hub failed: {type(failure).__name__}"
            self._finish(order_id, holder, error, cut=cut)
        except _LeaseLost:
            log.warning("outgoing.lease_lost", order=order_id)
            return False
        finally:
            self._held.pop(order_id, None)
        return True

    def let_go(self) -> None:
        """Whatever this process still has in hand is due again at once; its late answers count for nothing."""
        for order_id, holder in list(self._held.items()):
            with self._database.write() as session:
                row = _held_row(session, order_id, holder)
                if row is not None:
                    row.state, row.holder, row.due_at = State.WAITING, "", self._clock.now()
                    row.attempts -= 1

    def order(self, order_id: int) -> Order:
        """One order. Raises NotFound."""
        with self._database.read() as session:
            found = orders.one(session, order_id)
        if found is None:
            raise NotFound()
        return found

    def orders(self, *, states: Collection[State] = (), limit: int = 100) -> list[Order]:
        """The newest orders; those in `states` where any is named."""
        with self._database.read() as session:
            return orders.newest(session, states=states, limit=limit)

    def items(self, order_id: int, states: Collection[State]) -> list[Item]:
        """Instances of an order in these states."""
        with self._database.read() as session:
            return orders.items(session, order_id, states)

    def _is_due(self) -> ColumnElement[bool]:
        open_ = or_(OutgoingSendRow.state == State.WAITING, OutgoingSendRow.state == State.SENDING)
        return and_(open_, OutgoingSendRow.due_at <= self._clock.now())

    def _claim(self, order_id: int, holder: str, *, early: bool = False) -> bool:
        wanted = or_(self._is_due(), OutgoingSendRow.state == State.WAITING) if early else self._is_due()
        with self._database.write() as session:
            row = session.scalar(
                select(OutgoingSendRow).where(OutgoingSendRow.id == order_id, wanted).with_for_update()
            )
            if row is None:
                return False
            row.state, row.holder, row.attempts = State.SENDING, holder, row.attempts + 1
            row.due_at = self._lease_end()
            return True

    def _lease_end(self) -> datetime:
        return self._clock.now() + LEASE

    def _renew(self, order_id: int, holder: str) -> bool:
        with self._database.write() as session:
            row = _held_row(session, order_id, holder)
            if row is not None:
                row.due_at = self._lease_end()
            return row is not None

    def _send(
        self, order_id: int, holder: str, told: Callable[[Sent], None], cancelled: Callable[[], bool]
    ) -> tuple[str, bool]:
        """Send what waits, in parts; returns the last reason why something is left, and whether it was cut short."""
        with self._database.read() as session:
            row = session.get_one(OutgoingSendRow, order_id)
            title, last_attempt = row.destination, row.attempts >= ATTEMPTS
            waiting = session.execute(
                select(OutgoingItemRow.sop_instance_uid, OutgoingItemRow.study_uid)
                .where(OutgoingItemRow.send == order_id, OutgoingItemRow.state == State.WAITING)
                .order_by(OutgoingItemRow.id)
            ).all()
        try:
            peer = self.destination(title)
        except DestinationUnknown as unknown:
            gone = [_left(uid, str(unknown)) for uid, _ in waiting]
            self._write_down(order_id, holder, gone, last_attempt=last_attempt)
            return str(unknown), False
        error = ""
        for start in range(0, len(waiting), _AT_ONCE):
            part = [uid for uid, _ in waiting[start : start + _AT_ONCE]]
            done: list[Sent] = []
            reached: set[bool | None] = set()
            written = time.monotonic()
            try:
                for sent in self._sent(peer, part, told, cancelled):
                    done.append(sent)
                    reached.add(sent.reached)
                    if sent.fate is Fate.FAILED:
                        error = sent.reason or f"status {sent.status or 0:04X}"
                    if time.monotonic() - written >= _WRITTEN_DOWN_SECONDS:
                        self._write_down(order_id, holder, done, last_attempt=last_attempt)
                        done, written = [], time.monotonic()
            finally:  # what the peer has taken is known, whatever fails then
                self._write_down(order_id, holder, done, last_attempt=last_attempt)
            if cancelled():
                return error, True
            if False in reached and True not in reached:
                break  # the peer can't be reached: the rest need not be tried now
        return error, False

    def _sent(
        self, peer: Peer, part: Sequence[str], told: Callable[[Sent], None], cancelled: Callable[[], bool]
    ) -> Iterator[Sent]:
        records = self._catalogue.records(part)
        allowed = [each for each in records if self._may_see(peer, each.study_uid, each.site_code)]
        here = {each.sop_instance_uid for each in allowed}
        for uid in part:
            if uid not in here:
                gone = _left(uid, _NOT_HERE, again=False)
                told(gone)
                yield gone
        for sent in self._scu.send(peer, allowed, cancelled=cancelled):
            told(sent)
            yield sent

    def _may_see(self, peer: Peer, study_uid: str, site_code: str) -> bool:
        """Asked anew at each attempt: a contract may have ended meanwhile."""
        resource = Resource(label=f"study/{study_uid}", site_code=site_code, study_uid=study_uid)
        return bool(decide(peer.actor("outgoing"), Action.STUDY_VIEW, resource))

    def _write_down(self, order_id: int, holder: str, done: Sequence[Sent], *, last_attempt: bool) -> None:
        """Raises _LeaseLost."""
        if not done:
            return
        with self._database.write() as session:
            row = _held_row(session, order_id, holder)
            if row is None:
                raise _LeaseLost
            row.due_at = self._lease_end()
            for each in done:
                session.execute(
                    update(OutgoingItemRow)
                    .where(OutgoingItemRow.send == order_id, OutgoingItemRow.sop_instance_uid == each.sop_instance_uid)
                    .values(
                        state=_state(each, last_attempt=last_attempt),
                        status=each.status,
                        reason=each.reason[:_LONGEST_REASON],
                    )
                )

    def _finish(self, order_id: int, holder: str, error: str, *, cut: bool) -> None:
        """Raises _LeaseLost."""
        with self._database.write() as session:
            row = _held_row(session, order_id, holder)
            if row is None:
                raise _LeaseLost
            finish(
                session,
                row,
                error[:_LONGEST_REASON],
                clock=self._clock,
                cut=cut,
                last=row.attempts >= ATTEMPTS,
                peers=self._peers,
                proof=self._proof,
            )
            log.info("outgoing.attempted", order=order_id, destination=row.destination, state=row.state)


def _held_row(session: Session, order_id: int, holder: str) -> OutgoingSendRow | None:
    return session.scalar(
        select(OutgoingSendRow)
        .where(OutgoingSendRow.id == order_id, OutgoingSendRow.holder == holder)
        .with_for_update()
    )


def _state(sent: Sent, *, last_attempt: bool) -> State:
    if sent.fate is Fate.FAILED:
        return State.WAITING if sent.again and not last_attempt else State.FAILED
    return State.SENT if sent.fate is Fate.SENT else State.WARNING


def _left(sop_instance_uid: str, reason: str, *, again: bool = True) -> Sent:
    return Sent(sop_instance_uid=sop_instance_uid, fate=Fate.FAILED, reason=reason, again=again)
