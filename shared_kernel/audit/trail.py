"""Writing and checking the audit trail."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Dialect, insert, select, text
from sqlalchemy.orm import Session

from shared_kernel.audit.tables import AuditRow
from shared_kernel.prepared import Prepared

BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the trail; `outcome` is allowed, denied or done."""

    at: datetime
    actor: str
    site_code: str
    role: str
    session_id: str
    action: str
    purpose: str
    resource: str
    study_uid: str | None
    outcome: str
    reason: str


def record(session: Session, entries: Sequence[AuditEntry]) -> None:
    """Append entries to the trail in the session's transaction, each bound to the one before.

    The session must be a writing one: the chain's last link is read under the write lock.
    """
    last = session.scalar(select(AuditRow.entry_hash).order_by(AuditRow.number.desc()).limit(1)) or BEGINNING
    rows: list[dict[str, Any]] = []
    for entry in entries:
        kept = _without_nul(entry)
        last = link(last, kept)
        rows.append({**asdict(kept), "entry_hash": last})
    if rows:
        session.execute(insert(AuditRow), rows)


class LeanTrail:
    """`record` for a cursor of `Database.write_lean`: the same chain, without a session."""

    def __init__(self, dialect: Dialect) -> None:
        table: Any = AuditRow.__table__
        self._last = Prepared(select(table.c.entry_hash).order_by(table.c.number.desc()).limit(1), dialect)
        self._insert = Prepared(
            insert(table), dialect, [column.name for column in table.columns if column.name != "number"]
        )

    def record(self, cursor: Any, entries: Sequence[AuditEntry]) -> None:
        """Append entries in the cursor's transaction."""
        self._last.run(cursor, {})
        found = cursor.fetchone()
        last = found[0] if found else BEGINNING
        rows = []
        for entry in entries:
            kept = _without_nul(entry)
            last = link(last, kept)
            rows.append({**asdict(kept), "entry_hash": last})
        self._insert.run_many(cursor, rows)


def link(previous_hash: str, entry: AuditEntry) -> str:
    """SHA-256 over the previous hash and the entry in a fixed form, as 64 hexadecimal digits."""
    fixed = asdict(entry) | {"at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}
    return hashlib.sha256(previous_hash.encode() + msgspec.json.encode(fixed, order="sorted")).hexdigest()


def _without_nul(entry: AuditEntry) -> AuditEntry:
    """What a stranger sent as its name may hold a NUL, which PostgreSQL keeps in no text."""
    if "\0" not in f"{entry.actor}{entry.resource}{entry.study_uid}{entry.session_id}{entry.reason}":
        return entry
    texts: dict[str, Any] = {
        name: value.replace("\0", "\ufffd") for name, value in asdict(entry).items() if isinstance(value, str)
    }
    return replace(entry, **texts)


def first_broken_link(session: Session) -> int | None:
    """The number of the first row that does not follow from the one before, or is gone; None for a whole chain."""
    last, number = BEGINNING, 0
    for row in session.scalars(select(AuditRow).order_by(AuditRow.number).execution_options(yield_per=1000)):
        last = link(last, _entry(row))
        if last != row.entry_hash:
            return row.number
        number = row.number
    return number + 1 if _was_longer(session, number) else None


def _was_longer(session: Session, last_number: int) -> bool:
    """Whether rows were taken off the end; SQLite remembers the highest number it has given out.

    It finds the careless, not somebody who knows of this: what is kept elsewhere (a backup) proves the end.
    """
    if session.get_bind().dialect.name != "sqlite":
        return False
    given = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = 'audit_entry'"))
    return (given or 0) > last_number


def of_study(session: Session, study_uid: str) -> list[AuditEntry]:
    """Everything that happened to a study, in order."""
    rows = session.scalars(select(AuditRow).where(AuditRow.study_uid == study_uid).order_by(AuditRow.number))
    return [_entry(row) for row in rows]


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(
        at=row.at,
        actor=row.actor,
        site_code=row.site_code,
        role=row.role,
        session_id=row.session_id,
        action=row.action,
        purpose=row.purpose,
        resource=row.resource,
        study_uid=row.study_uid,
        outcome=row.outcome,
        reason=row.reason,
    )
