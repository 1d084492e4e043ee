from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class ReportRow(Base):
    """A report: its draft text while it is one, and where it stands."""

    __tablename__ = "report"

    report_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    case_id: Mapped[str] = mapped_column(String(32), unique=True)
    study_uid: Mapped[str] = mapped_column(String(128), index=True)
    site_code: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(Integer)
    """Counts the saves; a save or signature must name the one that it saw."""
    version: Mapped[int] = mapped_column(Integer, default=0)
    """The newest signed version; 0 while there is none."""
    findings: Mapped[str] = mapped_column(Text)
    impression: Mapped[str] = mapped_column(Text)
    author_login: Mapped[str] = mapped_column(String(64))
    author_name: Mapped[str] = mapped_column(Text)
    reading_site_code: Mapped[str] = mapped_column(String(32))
    reading_site_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


class ReportVersionRow(Base):
    """One signed version: the canonical text and its hash; written once, never changed or removed."""

    __tablename__ = "report_version"

    report_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    content: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(String(64))
    signed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    signed_by: Mapped[str] = mapped_column(String(64))


class DeliveryRow(Base):
    """One version at the requesting site: when it came, who saw, acknowledged and acted on it."""

    __tablename__ = "report_delivery"
    __table_args__ = (
        UniqueConstraint("report_id", "version"),
        Index("ix_report_delivery_site_code_state", "site_code", "state", "delivered_at"),
    )

    delivery_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    report_id: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(Integer)
    site_code: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    # What the inbox is searched by, copied from the signed version.
    patient_id: Mapped[str] = mapped_column(String(128))
    name_key: Mapped[str] = mapped_column(Text)
    accession_number: Mapped[str] = mapped_column(String(128))

    delivered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    opened_by_login: Mapped[str | None] = mapped_column(String(64), default=None)
    opened_by_name: Mapped[str | None] = mapped_column(Text, default=None)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    acknowledged_by_login: Mapped[str | None] = mapped_column(String(64), default=None)
    acknowledged_by_name: Mapped[str | None] = mapped_column(Text, default=None)
    acted_on_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    acted_on_by_login: Mapped[str | None] = mapped_column(String(64), default=None)
    acted_on_by_name: Mapped[str | None] = mapped_column(Text, default=None)
    action_note: Mapped[str] = mapped_column(Text, default="")


@event.listens_for(ReportVersionRow, "before_update")
@event.listens_for(ReportVersionRow, "before_delete")
def _refuse_change(_mapper: Any, _connection: Any, row: ReportVersionRow) -> None:
    raise RuntimeError(f"version {row.version} of report {row.report_id} is signed and never changes")
