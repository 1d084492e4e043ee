"""Writing events: in the same transaction as the change that they tell of."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from shared_kernel.events.event import Event
from shared_kernel.events.tables import OutboxRow
from shared_kernel.ids import new_id


def publish(session: Session, event: Event, *, at: datetime, actor: str) -> None:
    """Put an event into the outbox of the session's transaction; it is told after the commit, or never.

    `actor` is a log-in, `ae:TITLE` for a DICOM peer, or `system`.
    """
    session.add(
        OutboxRow(
            event_id=new_id(),
            name=event.name(),
            occurred_at=at,
            actor=actor,
            payload=msgspec.json.encode(event).decode(),
        )
    )
    session.info["published"] = True
