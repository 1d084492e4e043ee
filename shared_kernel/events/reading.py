"""Reading the outbox in pieces."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import func, select

from shared_kernel.database import Database
from shared_kernel.events.event import Envelope
from shared_kernel.events.tables import OutboxRow

_AT_ONCE = 200
_OUTBOX = select(
    OutboxRow.sequence,
    OutboxRow.event_id,
    OutboxRow.name,
    OutboxRow.occurred_at,
    OutboxRow.actor,
    OutboxRow.payload,
).order_by(OutboxRow.sequence)


class Reading(NamedTuple):
    """A piece of the outbox."""

    envelopes: list[Envelope]
    up_to: int
    """No event that is wanted lies between the last of these and this sequence."""
    more: bool


def news(database: Database, read: int) -> Reading:
    """The next events of any name after the sequence `read`."""
    with database.read() as session:
        found = session.execute(_OUTBOX.where(OutboxRow.sequence > read).limit(_AT_ONCE)).all()
    return Reading([envelope_of(row) for row in found], found[-1].sequence if found else read, len(found) == _AT_ONCE)


def missed(database: Database, read: int, wanted: Collection[str]) -> Reading:
    """The next events of the wanted names after the sequence `read`, past all the others."""
    with database.read() as session:
        # Both of one snapshot: behind the last one read, no wanted event can hide.
        newest = session.scalar(select(func.max(OutboxRow.sequence))) or 0
        named = _OUTBOX.where(OutboxRow.sequence > read, OutboxRow.name.in_(sorted(wanted)))
        found = session.execute(named.limit(_AT_ONCE)).all()
    full = len(found) == _AT_ONCE
    return Reading([envelope_of(row) for row in found], found[-1].sequence if full else newest, full)


def envelope_of(row: Any) -> Envelope:  # an OutboxRow, or its columns
    """An event as subscribers get it."""
    return Envelope(
        sequence=row.sequence,
        event_id=row.event_id,
        name=row.name,
        occurred_at=row.occurred_at,
        actor=row.actor,
        payload=row.payload.encode(),
    )
