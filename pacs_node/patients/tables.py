"""Questions about patients, what humans have decided, and what they have accepted.

Patients themselves stand in `archive.tables`, beside their studies.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shared_kernel.database import Base, UtcDateTime


class PatientQuestionRow(Base):
    """One thing about one study's patient that a human must look at; never deleted."""

    __tablename__ = "patient_question"
    __table_args__ = (
        Index("ix_patient_question_site_code_state", "site_code", "state", "asked_at"),
        Index("ix_patient_question_study_uid", "study_uid"),
    )

    question_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    study_uid: Mapped[str] = mapped_column(String(64))
    site_code: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(16))
    """`patient`: the study against what is known under its id; `images`: images of the study against each other."""
    patient_row: Mapped[int] = mapped_column(Integer)
    """The patient that is known, for `images` the study's own."""
    differs: Mapped[str] = mapped_column(String(64))
    """Traits between commas."""
    known: Mapped[str] = mapped_column(Text)
    """Demographics as JSON, as they were when it was asked."""
    found: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[int | None] = mapped_column(Integer, default=None)
    """Number of the decision that resolved it."""


class PatientDecisionRow(Base):
    """What somebody decided, when and why, with what was before and after; only ever appended."""

    __tablename__ = "patient_decision"
    __table_args__ = (
        Index("ix_patient_decision_study_uid", "study_uid"),
        Index("ix_patient_decision_patient_row", "patient_row"),
        {"sqlite_autoincrement": True},
    )

    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))
    study_uid: Mapped[str | None] = mapped_column(String(64), default=None)
    patient_row: Mapped[int] = mapped_column(Integer)
    other_patient_row: Mapped[int | None] = mapped_column(Integer, default=None)
    undoes: Mapped[int | None] = mapped_column(Integer, default=None)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str] = mapped_column(Text)
    site_code: Mapped[str] = mapped_column(String(32))
    reason: Mapped[str] = mapped_column(Text)
    before: Mapped[str] = mapped_column(Text)
    """What the decision changed, as JSON, as it was."""
    after: Mapped[str] = mapped_column(Text)


class AcceptedIdentityRow(Base):
    """Demographics that a human has said to be this patient, or this study's patient, beside those that it has."""

    __tablename__ = "accepted_identity"
    __table_args__ = (Index("ix_accepted_identity_scope", "scope"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    scope: Mapped[str] = mapped_column(String(80))
    """`patient:ROW` or `study:UID`."""
    demographics: Mapped[str] = mapped_column(Text)
    decision: Mapped[int] = mapped_column(Integer)
    """Number of the decision that accepted them; they go when it is undone."""


class IdentityRevisionRow(Base):
    """One row alone: how often what is known of patients was decided anew; see `patients.revision`."""

    __tablename__ = "identity_revision"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer)
