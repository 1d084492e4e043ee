"""Orders to send studies, kept until every instance has been sent or given up: across restarts and broken connections.

    waiting ──claimed──▶ sending ──all answered──▶ sent | failed
       ▲                    │
       └──some left, or its lease has run out──┘

Who sends holds a lease and renews it with each part that is written down: of two processes only one sends, and
what a killed one has left is taken up when its lease is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from access_control.decision import decide
from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.archive.catalogue import Catalogue
from pacs_node.peers.model import Peer
from pacs_node.peers.service import PeerDirectory
from pacs_node.scu.errors import DestinationMayNotSee, DestinationUnknown
from pacs_node.scu.model import Fate, Sent
from pacs_node.scu.sending import StorageScu
from pacs_node.scu.tables import OutgoingItemRow, OutgoingSendRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound

ATTEMPTS = 8
"""After so many an instance that could go better is given up: about 18 hours."""
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_LEASE = timedelta(minutes=10)
_AT_ONCE = 200
_LONGEST_REASON = 500
_NOT_HERE = "not here any more, or not the peer's to see"

log = structlog.get_logger(__name__)


class State(StrEnum):
    """Of an order, and of its instances."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as lists show it; the numbers are of its instances."""

    order_id: int
    destination: str
    asked_by: str
    label: str
    state: State
    created_at: datetime
    due_at: datetime | None
    attempts: int
    last_error: str
    total: int
    sent: int
    failed: int


def _nobody(_sent: Sent) -> None:
    return None


def _never() -> bool:
    return False


class OutgoingQueue:
    """Takes orders and carries them out; safe between threads and processes."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        gate: AccessGate,
        catalogue: Catalogue,
        *,
        peers: PeerDirectory,
        scu: StorageScu,
    ) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate
        self._catalogue = catalogue
        self._peers = peers
        self._scu = scu

    def order_study(self, actor: Actor, study_uid: str, destination: str) -> int:
        """Order that a study be sent as it is now; returns the order's number.

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
                due_at=now,
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

    def destination(self, ae_title: str) -> Peer:
        """A peer that can be sent to. Raises DestinationUnknown."""
        peer = self._peers.find(ae_title)
        if peer is None or not peer.enabled or peer.address is None:
            raise DestinationUnknown(ae_title=ae_title[:16])
        return peer

    def due(self) -> list[int]:
        """Numbers of the orders whose time has come."""
        with self._database.read() as session:
            return list(session.scalars(select(OutgoingSendRow.id).where(self._is_due()).order_by(OutgoingSendRow.id)))

    def run(
        self, order_id: int, told: Callable[[Sent], None] = _nobody, cancelled: Callable[[], bool] = _never
    ) -> bool:
        """Carry out what an order has left; False if it is not due or another process is at it.

        `told` hears of every instance. What `cancelled` cuts short is due again at once.
        """
        if not self._claim(order_id):
            return False
        error = ""
        try:
            error = self._send(order_id, told, cancelled)
        except Exception as failure:
            log.exception("outgoing.failed", order=order_id)
            error = f"the hub failed: {type(failure).__name__}"
        self._finish(order_id, error, at_once=cancelled())
        return True

    def order(self, order_id: int) -> Order:
        """One order. Raises NotFound."""
        found = self.orders(only=order_id)
        if not found:
            raise NotFound()
        return found[0]

    def orders(self, *, only: int | None = None, limit: int = 100) -> list[Order]:
        """The newest orders."""
        statement = select(OutgoingSendRow).order_by(OutgoingSendRow.id.desc()).limit(limit)
        if only is not None:
            statement = statement.where(OutgoingSendRow.id == only)
        with self._database.read() as session:
            return [_order(row, _numbers(session, row.id)) for row in session.scalars(statement)]

    def _is_due(self) -> ColumnElement[bool]:
        open_ = or_(OutgoingSendRow.state == State.WAITING, OutgoingSendRow.state == State.SENDING)
        return and_(open_, OutgoingSendRow.due_at <= self._clock.now())

    def _claim(self, order_id: int) -> bool:
        with self._database.write() as session:
            row = session.scalar(select(OutgoingSendRow).where(OutgoingSendRow.id == order_id, self._is_due()))
            if row is None:
                return False
            row.state, row.due_at, row.attempts = State.SENDING, self._clock.now() + _LEASE, row.attempts + 1
            return True

    def _send(self, order_id: int, told: Callable[[Sent], None], cancelled: Callable[[], bool]) -> str:
        """Send what waits, in parts; returns the last reason why something is left."""
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
            self._write_down(order_id, gone, last_attempt=last_attempt)
            return str(unknown)
        error = ""
        for start in range(0, len(waiting), _AT_ONCE):
            part = [uid for uid, _ in waiting[start : start + _AT_ONCE]]
            records = self._catalogue.records(part)
            allowed = [each for each in records if self._may_see(peer, each.study_uid, each.site_code)]
            here = {each.sop_instance_uid for each in allowed}
            done = [_left(uid, _NOT_HERE, again=False) for uid in part if uid not in here]
            for sent in self._scu.send(peer, allowed, cancelled=cancelled):
                done.append(sent)
                told(sent)
            self._write_down(order_id, done, last_attempt=last_attempt)
            failed = (each for each in done if each.fate is Fate.FAILED)
            error = next((each.reason or f"status {each.status or 0:04X}" for each in failed), error)
            if cancelled():
                break
            if done and all(each.again for each in done):
                break  # the peer can't be reached: the rest need not be tried now
        return error

    def _may_see(self, peer: Peer, study_uid: str, site_code: str) -> bool:
        """Asked anew at each attempt: a contract may have ended meanwhile."""
        resource = Resource(label=f"study/{study_uid}", site_code=site_code, study_uid=study_uid)
        return bool(decide(peer.actor("outgoing"), Action.STUDY_VIEW, resource))

    def _write_down(self, order_id: int, done: Sequence[Sent], *, last_attempt: bool) -> None:
        with self._database.write() as session:
            session.execute(
                update(OutgoingSendRow).where(OutgoingSendRow.id == order_id).values(due_at=self._clock.now() + _LEASE)
            )
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

    def _finish(self, order_id: int, error: str, *, at_once: bool) -> None:
        now = self._clock.now()
        with self._database.write() as session:
            row = session.get_one(OutgoingSendRow, order_id)
            numbers = _numbers(session, order_id)
            row.last_error = error[:_LONGEST_REASON]
            if numbers.get(State.WAITING):
                row.state = State.WAITING
                row.attempts -= int(at_once)
                row.due_at = now if at_once else now + _pause(row.attempts)
                return
            row.state = State.FAILED if numbers.get(State.FAILED) else State.SENT
            row.due_at, row.finished_at = None, now
        log.info("outgoing.finished", order=order_id, destination=row.destination, state=row.state)


def _state(sent: Sent, *, last_attempt: bool) -> State:
    if sent.fate is Fate.FAILED:
        return State.WAITING if sent.again and not last_attempt else State.FAILED
    return State.SENT if sent.fate is Fate.SENT else State.WARNING


def _left(sop_instance_uid: str, reason: str, *, again: bool = True) -> Sent:
    return Sent(sop_instance_uid=sop_instance_uid, fate=Fate.FAILED, reason=reason, again=again)


def _pause(attempts: int) -> timedelta:
    return min(_FIRST_PAUSE * float(4 ** max(attempts - 1, 0)), _LONGEST_PAUSE)


def _numbers(session: Session, order_id: int) -> dict[str, int]:
    counted = (
        select(OutgoingItemRow.state, func.count())
        .where(OutgoingItemRow.send == order_id)
        .group_by(OutgoingItemRow.state)
    )
    return {str(state): number for state, number in session.execute(counted)}


def _order(row: OutgoingSendRow, numbers: dict[str, int]) -> Order:
    return Order(
        order_id=row.id,
        destination=row.destination,
        asked_by=row.asked_by,
        label=row.label,
        state=State(row.state),
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        last_error=row.last_error,
        total=sum(numbers.values()),
        sent=numbers.get(State.SENT, 0) + numbers.get(State.WARNING, 0),
        failed=numbers.get(State.FAILED, 0),
    )
