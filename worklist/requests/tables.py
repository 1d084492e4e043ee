from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import Boolean, Date, Index, Integer, String, Text, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class ReadingRequestRow(Base):
    """A reading request; open ones are the items of the Modality Worklist."""

    __tablename__ = "reading_request"
    __table_args__ = (
        UniqueConstraint("site_code", "accession_number"),
        Index("ix_reading_request_site_code_state", "site_code", "state", "scheduled_date", "scheduled_time"),
    )

    request_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    site_code: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    accession_number: Mapped[str] = mapped_column(String(16))
    study_uid: Mapped[str] = mapped_column(String(64), unique=True)
    """The StudyInstanceUID that the scanner is told to use."""

    patient_id: Mapped[str] = mapped_column(String(64))
    name_alphabetic: Mapped[str] = mapped_column(Text)
    name_ideographic: Mapped[str] = mapped_column(Text)
    name_phonetic: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date | None] = mapped_column(Date)
    sex: Mapped[str] = mapped_column(String(1))

    modality: Mapped[str] = mapped_column(String(16))
    procedure_description: Mapped[str] = mapped_column(Text)
    body_part: Mapped[str] = mapped_column(String(16))
    scheduled_date: Mapped[date] = mapped_column(Date)
    """In Japan."""
    scheduled_time: Mapped[time | None] = mapped_column(Time)
    """In Japan; None: at any time of the day."""
    station_ae_title: Mapped[str] = mapped_column(String(16))
    """The scanner; empty: any of the site's."""
    requesting_doctor: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    clinical_history: Mapped[str] = mapped_column(Text)
    priority: Mapped[str] = mapped_column(String(16))

    entered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    entered_by: Mapped[str] = mapped_column(String(64))
    entered_by_name: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_reason: Mapped[str] = mapped_column(Text, default="")

    performed: Mapped[str] = mapped_column(String(16), default="")
    """What the scanner says of its work: IN PROGRESS, COMPLETED, DISCONTINUED, or empty."""
    arrived_study_uid: Mapped[str | None] = mapped_column(String(128), index=True, default=None)
    """The study whose images came for this request."""
    case_id: Mapped[str | None] = mapped_column(String(32), default=None)
    instance_count: Mapped[int] = mapped_column(Integer, default=0)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    patient_differs: Mapped[bool] = mapped_column(Boolean, default=False)
    """Images under this accession number or UID name another patient; they were not taken for this request."""
