from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import Boolean, Date, Index, Integer, String, Text, Time, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class CaseRow(Base):
    """A reading case; what it shows of study and patient is a copy, renewed while images come."""

    __tablename__ = "reading_case"
    __table_args__ = (
        Index("ix_reading_case_site_code_state", "site_code", "state", "due_date", "arrived_at"),
        Index("ix_reading_case_site_code_read_at", "site_code", "read_at"),
    )

    case_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # One case a study for now; a second request for the same study will drop this constraint.
    study_uid: Mapped[str] = mapped_column(String(128), unique=True)
    site_code: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)

    patient_issuer: Mapped[str] = mapped_column(String(64))
    patient_id: Mapped[str] = mapped_column(String(128), index=True)
    name_alphabetic: Mapped[str] = mapped_column(Text)
    name_ideographic: Mapped[str] = mapped_column(Text)
    name_phonetic: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[date | None] = mapped_column(Date)
    sex: Mapped[str] = mapped_column(String(16))

    modalities: Mapped[str] = mapped_column(Text)
    """Values parted by backslashes, as in DICOM."""
    body_part: Mapped[str] = mapped_column(Text)
    study_description: Mapped[str] = mapped_column(Text)
    study_date: Mapped[date | None] = mapped_column(Date)
    study_time: Mapped[time | None] = mapped_column(Time)
    accession_number: Mapped[str] = mapped_column(String(128), index=True)
    referring_physician: Mapped[str] = mapped_column(Text)
    series_count: Mapped[int] = mapped_column(Integer)
    instance_count: Mapped[int] = mapped_column(Integer)
    identity_conflict: Mapped[bool] = mapped_column(Boolean, default=False)
    """Images of the study name different patients, or its patient is in question."""
    text_suspect: Mapped[bool] = mapped_column(Boolean, default=False, server_default="0")
    """文字化け疑い: a text of the study was mended, or looks garbled."""

    reason: Mapped[str] = mapped_column(Text, default="")
    clinical_history: Mapped[str] = mapped_column(Text, default="")
    request_version: Mapped[int] = mapped_column(Integer, default=0)

    reader_login: Mapped[str | None] = mapped_column(String(64), default=None)
    reader_name: Mapped[str | None] = mapped_column(Text, default=None)
    reader_site_code: Mapped[str | None] = mapped_column(String(32), default=None)

    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    due_date: Mapped[date | None] = mapped_column(Date, default=None)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)
    report_id: Mapped[str | None] = mapped_column(String(32), default=None)
    instances_at_report: Mapped[int | None] = mapped_column(Integer, default=None)
    """Images that the study had when its report was signed."""


class CaseReplacementRow(Base):
    """An image of a case's study in whose place another version came."""

    __tablename__ = "reading_case_replacement"
    __table_args__ = (UniqueConstraint("case_id", "sop_instance_uid", "version"), {"sqlite_autoincrement": True})

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(String(32))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(Integer)
    """Number of the version that came; 2 for the first replacement."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CaseStepRow(Base):
    """One step of one case: from where to where, who, when, why; never changed."""

    __tablename__ = "reading_case_step"
    __table_args__ = (
        Index("ix_reading_case_step_case_id_number", "case_id", "number"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    case_id: Mapped[str] = mapped_column(String(32))
    step: Mapped[str] = mapped_column(String(32))
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(Text, default="")
