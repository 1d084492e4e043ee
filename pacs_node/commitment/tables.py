from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class CommitmentRow(Base):
    """One transaction of Storage Commitment; see `commitment.model` for directions and states."""

    __tablename__ = "storage_commitment"
    __table_args__ = (
        Index("ix_storage_commitment_transaction_uid", "transaction_uid", "ae_title"),
        Index("ix_storage_commitment_state_next_attempt_at", "state", "next_attempt_at"),
    )

    commitment_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    direction: Mapped[str] = mapped_column(String(16))
    ae_title: Mapped[str] = mapped_column(String(16))
    """The peer."""
    site_code: Mapped[str] = mapped_column(String(32))
    """The peer's site."""
    transaction_uid: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    """When the worker turns to it; None: never, nothing is left to do."""
    last_error: Mapped[str] = mapped_column(Text, default="")


class CommitmentInstanceRow(Base):
    """One instance of a transaction, and what was found of it."""

    __tablename__ = "storage_commitment_instance"
    __table_args__ = (
        Index("ix_storage_commitment_instance_sop_instance_uid", "sop_instance_uid"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    commitment_id: Mapped[str] = mapped_column(String(32), index=True)
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    study_uid: Mapped[str] = mapped_column(String(64), default="")
    failure_reason: Mapped[int | None] = mapped_column(Integer, default=None)
    """None while it is unknown, 0 for a confirmed one, else FailureReason (0008,1197)."""
