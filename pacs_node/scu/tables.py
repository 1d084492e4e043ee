from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class OutgoingSendRow(Base):
    """One order to send instances to a peer; see `scu.queue` for its states."""

    __tablename__ = "outgoing_send"
    __table_args__ = (
        Index("ix_outgoing_send_state_due_at", "state", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    destination: Mapped[str] = mapped_column(String(16))
    """AE title of the peer."""
    asked_by: Mapped[str] = mapped_column(String(64))
    """Login of who ordered it."""
    label: Mapped[str] = mapped_column(String(128))
    """What it is, for lists: `study/UID` or `report/ID`."""
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it is tried next, or until when its holder has it; None when it is over."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer)
    last_error: Mapped[str] = mapped_column(Text)
    holder: Mapped[str] = mapped_column(String(32), default="", server_default="")
    """Who carries it out just now: an id of that attempt alone; empty: nobody."""
    commitment_id: Mapped[str] = mapped_column(String(32), default="", server_default="")
    """The Storage Commitment that was asked for when it was sent."""


class OutgoingItemRow(Base):
    """One instance of an order, and what the peer has answered."""

    __tablename__ = "outgoing_item"
    __table_args__ = (UniqueConstraint("send", "sop_instance_uid"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    send: Mapped[int] = mapped_column(ForeignKey("outgoing_send.id"))
    study_uid: Mapped[str] = mapped_column(String(64))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    status: Mapped[int | None] = mapped_column(Integer)
    """Status of the C-STORE response; None when none came."""
    reason: Mapped[str] = mapped_column(Text)
