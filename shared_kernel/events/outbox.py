"""Writing events: in the same transaction as the change that they tell of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Dialect, insert
from sqlalchemy.orm import Session

from shared_kernel.events.event import Event
from shared_kernel.events.tables import OutboxRow
from shared_kernel.ids import new_id
from shared_kernel.prepared import Prepared


def publish(session: Session, event: Event, *, at: datetime, actor: str) -> None:
    """Put an event into the outbox of the session's transaction; it is told after the commit, or never.

    `actor` is a log-in, `ae:TITLE` for a DICOM peer, or `system`.
    """
    session.add(OutboxRow(**_row(event, at, actor)))
    session.info["published"] = True


class LeanOutbox:
    """`publish` for a cursor of `Database.write_lean`; who uses it sets `Database.published` after the commit."""

    def __init__(self, dialect: Dialect) -> None:
        table: Any = OutboxRow.__table__
        columns = [column.name for column in table.columns if column.name != "sequence"]
        self._insert = Prepared(insert(table), dialect, columns)

    def publish(self, cursor: Any, event: Event, *, at: datetime, actor: str) -> None:
        """Put an event into the outbox of the cursor's transaction."""
        self._insert.run(cursor, _row(event, at, actor))


def _row(event: Event, at: datetime, actor: str) -> dict[str, Any]:
    return {
        "event_id": new_id(),
        "name": event.name(),
        "occurred_at": at,
        "actor": actor,
        "payload": msgspec.json.encode(event).decode(),
    }
