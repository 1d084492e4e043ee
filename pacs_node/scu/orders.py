"""Orders to send as lists show them: what is read of them, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pacs_node.scu.tables import OutgoingItemRow, OutgoingSendRow


class State(StrEnum):
    """Of an order, and of its instances."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    WARNING = "warning"
    FAILED = "failed"
    """Final: the peer refused it, or it was given up after the last attempt."""


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
    """When it is tried next; while it is being sent, until when whoever sends has it."""
    finished_at: datetime | None
    attempts: int
    last_error: str
    total: int
    sent: int
    failed: int
    commitment_id: str
    """The Storage Commitment that was asked for when it was sent; empty: none."""

    @property
    def waiting(self) -> int:
        """Instances that are still to be sent."""
        return self.total - self.sent - self.failed


@dataclass(frozen=True, slots=True)
class Item:
    """One instance of an order, and what has become of it."""

    sop_instance_uid: str
    state: State
    status: int | None
    reason: str


def newest(session: Session, *, states: Collection[State] = (), limit: int = 100) -> list[Order]:
    """Orders, the newest first; those in `states` where any is named."""
    statement = select(OutgoingSendRow).order_by(OutgoingSendRow.id.desc()).limit(limit)
    if states:
        statement = statement.where(OutgoingSendRow.state.in_(states))
    return _orders(session, session.scalars(statement).all())


def one(session: Session, order_id: int) -> Order | None:
    """One order."""
    found = _orders(session, session.scalars(select(OutgoingSendRow).filter_by(id=order_id)).all())
    return found[0] if found else None


def given_up(session: Session, since: datetime) -> list[Order]:
    """Orders that ended since then with instances that did not arrive, the newest first."""
    statement = select(OutgoingSendRow).where(
        OutgoingSendRow.state == State.FAILED, OutgoingSendRow.finished_at >= since
    )
    return _orders(session, session.scalars(statement.order_by(OutgoingSendRow.id.desc())).all())


def items(session: Session, order_id: int, states: Iterable[State] = State) -> list[Item]:
    """Instances of an order in these states, in their order."""
    statement = select(OutgoingItemRow).where(
        OutgoingItemRow.send == order_id, OutgoingItemRow.state.in_([each.value for each in states])
    )
    return [
        Item(row.sop_instance_uid, State(row.state), row.status, row.reason)
        for row in session.scalars(statement.order_by(OutgoingItemRow.id))
    ]


def numbers(session: Session, order_ids: Sequence[int]) -> Mapping[int, Mapping[str, int]]:
    """How many instances of each order are in each state."""
    counted = (
        select(OutgoingItemRow.send, OutgoingItemRow.state, func.count())
        .where(OutgoingItemRow.send.in_(order_ids))
        .group_by(OutgoingItemRow.send, OutgoingItemRow.state)
    )
    found: dict[int, dict[str, int]] = {order_id: {} for order_id in order_ids}
    for order_id, state, number in session.execute(counted):
        found[order_id][str(state)] = number
    return found


def _orders(session: Session, rows: Sequence[OutgoingSendRow]) -> list[Order]:
    counted = numbers(session, [row.id for row in rows])
    return [_order(row, counted[row.id]) for row in rows]


def _order(row: OutgoingSendRow, counted: Mapping[str, int]) -> Order:
    return Order(
        order_id=row.id,
        destination=row.destination,
        asked_by=row.asked_by,
        label=row.label,
        state=State(row.state),
        created_at=row.created_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
        attempts=row.attempts,
        last_error=row.last_error,
        total=sum(counted.values()),
        sent=counted.get(State.SENT, 0) + counted.get(State.WARNING, 0),
        failed=counted.get(State.FAILED, 0),
        commitment_id=row.commitment_id,
    )
