from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class AuditRow(Base):
    """One decision or deed; immutable, and bound to the row before it by a hash."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_study_uid_number", "study_uid", "number"),
        Index("ix_audit_entry_actor_number", "actor", "number"),
        Index(
            "ix_audit_entry_denied",
            "number",
            sqlite_where=text("outcome = 'denied'"),
            postgresql_where=text("outcome = 'denied'"),
        ),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(64))
    site_code: Mapped[str] = mapped_column(String(32))
    role: Mapped[str] = mapped_column(String(32))
    session_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(16))
    resource: Mapped[str] = mapped_column(String(160))
    study_uid: Mapped[str | None] = mapped_column(String(128))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    entry_hash: Mapped[str] = mapped_column(String(64))
