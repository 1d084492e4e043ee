from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class PerformedStepRow(Base):
    """A Modality Performed Procedure Step as its modality last told of it; each site has UIDs of its own."""

    __tablename__ = "performed_step"
    __table_args__ = (Index("ix_performed_step_site_code_study_uid", "site_code", "study_uid"),)

    site_code: Mapped[str] = mapped_column(String(32), primary_key=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), primary_key=True)
    ae_title: Mapped[str] = mapped_column(String(16))
    """The peer that created it."""
    state: Mapped[str] = mapped_column(String(16))
    study_uid: Mapped[str] = mapped_column(String(64))
    """StudyInstanceUID of the first scheduled step."""
    accession_number: Mapped[str] = mapped_column(String(64))
    patient_id: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attributes: Mapped[str] = mapped_column(Text)
    """All attributes as DICOM JSON (PS3.18 annex F)."""


class PerformedStepMessageRow(Base):
    """What one N-CREATE or N-SET said; never changed."""

    __tablename__ = "performed_step_message"
    __table_args__ = (
        Index("ix_performed_step_message_site_code_sop_instance_uid", "site_code", "sop_instance_uid", "number"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    site_code: Mapped[str] = mapped_column(String(32))
    sop_instance_uid: Mapped[str] = mapped_column(String(64))
    message: Mapped[str] = mapped_column(String(16))
    """N-CREATE or N-SET."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(80))
    to_state: Mapped[str] = mapped_column(String(16))
    attributes: Mapped[str] = mapped_column(Text)
    """Those of the message as DICOM JSON."""
