"""Deleting old events, so that the outbox does not grow for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, func, select

from shared_kernel.database import Database
from shared_kernel.events.tables import EventSetAsideRow, OutboxRow, SubscriptionRow

_AT_ONCE = 500  # other writers have their turn in between


def prune(database: Database, before: datetime, interrupted: Callable[[], bool]) -> int:
    """Delete events from before `before` that every subscriber has passed; returns how many.

    The newest event stays, and so does one that a subscriber has set aside.
    """
    pruned = 0
    while not interrupted():
        with database.write() as session:
            old = session.scalars(
                select(OutboxRow.sequence)
                .where(
                    OutboxRow.sequence <= select(func.min(SubscriptionRow.position)).scalar_subquery(),
                    OutboxRow.sequence < select(func.max(OutboxRow.sequence)).scalar_subquery(),
                    OutboxRow.sequence.not_in(select(EventSetAsideRow.sequence)),
                    OutboxRow.occurred_at < before,
                )
                .order_by(OutboxRow.sequence)
                .limit(_AT_ONCE)
            ).all()
            session.execute(delete(OutboxRow).where(OutboxRow.sequence.in_(old)))
        pruned += len(old)
        if len(old) < _AT_ONCE:
            break
    return pruned
