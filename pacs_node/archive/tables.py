"""The index.

Dates and times are kept as DICOM writes them, `YYYYMMDD` and `HHMMSS.ffffff`, empty where unknown: they sort and
compare the same on every database and need no special case for NULL. Person names are the three groups as
received; columns ending in `_match` and `_key` hold folded forms of them, made for comparison only.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shared_kernel.database import Base, UtcDateTime

# SQLite's integers have 64 bits by any name; PostgreSQL's INTEGER ends at 2 GiB.
_FileSize = BigInteger().with_variant(Integer(), "sqlite")


class PatientRow(Base):
    """One patient of one site.

    `identity` is the PatientID; where none was sent it is the study's, so that two people without an
    id never become one. Whoever else has the same id has it with a fence and a number behind it, a study whose
    patient is in question one of its own; see `patients.arrival`.
    """

    __tablename__ = "patient"
    __table_args__ = (
        UniqueConstraint("issuer", "identity"),
        Index("ix_patient_issuer_patient_id", "issuer", "patient_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    issuer: Mapped[str] = mapped_column(String(32))
    identity: Mapped[str] = mapped_column(String(160))
    patient_id: Mapped[str] = mapped_column(String(128))
    name_alphabetic: Mapped[str] = mapped_column(Text)
    name_ideographic: Mapped[str] = mapped_column(Text)
    name_phonetic: Mapped[str] = mapped_column(Text)
    patient_name_key: Mapped[str] = mapped_column(Text)
    birth_date: Mapped[str] = mapped_column(String(8))
    sex: Mapped[str] = mapped_column(String(16))
    first_received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    merged_into: Mapped[int | None] = mapped_column(Integer, default=None)
    """The patient that this one is the same person as, and hangs below; None: nobody."""
    person: Mapped[int | None] = mapped_column(Integer, default=None, index=True)
    """The topmost patient above, kept beside so that a person's studies are found at once; None: the patient itself."""


class StudyRow(Base):
    """One study with everything that lists and searches need, so that they read this table alone."""

    __tablename__ = "study"
    # Newest first is these indexes read backwards. They hold the site as well, so that whose a study is can be seen
    # without looking at its row: what a search counts and sorts it reads from an index alone.
    __table_args__ = (
        Index("ix_study_newest", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_site_newest", "site_code", "study_date", "study_time", "id"),
        Index("ix_study_patient_newest", "patient_id", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_accession_newest", "accession_number", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_patient_name_match", "patient_name_match", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_name_ideographic", "name_ideographic", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_name_phonetic", "name_phonetic", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_patient_name_key", "patient_name_key", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_key_ideographic", "key_ideographic", "study_date", "study_time", "id", "site_code"),
        Index("ix_study_key_phonetic", "key_phonetic", "study_date", "study_time", "id", "site_code"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    study_uid: Mapped[str] = mapped_column(String(64), unique=True)
    site_code: Mapped[str] = mapped_column(String(32))
    patient_row: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    patient_id: Mapped[str] = mapped_column(String(128))
    name_alphabetic: Mapped[str] = mapped_column(Text)
    name_ideographic: Mapped[str] = mapped_column(Text)
    name_phonetic: Mapped[str] = mapped_column(Text)
    patient_name_match: Mapped[str] = mapped_column(Text)
    patient_name_key: Mapped[str] = mapped_column(Text)
    key_ideographic: Mapped[str] = mapped_column(Text, default="", server_default="")
    key_phonetic: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The parts of `patient_name_key` that its index does not reach, each by itself."""
    birth_date: Mapped[str] = mapped_column(String(8))
    sex: Mapped[str] = mapped_column(String(16))
    identity_conflict: Mapped[bool] = mapped_column(Boolean, default=False)
    """An instance named another person than the columns above, which stay the first one's, or the id is known with
    other demographics; until a human has decided."""
    text_suspect: Mapped[bool] = mapped_column(Boolean, default=False, server_default="0")
    """文字化け疑い: a text was mended, or looks garbled."""
    issuer_of_patient_id: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """What the data set says; whose patient it is says the patient's `issuer`: the sender's site, or the one that the
    sender's peer is trusted to name here."""
    study_date: Mapped[str] = mapped_column(String(8))
    study_time: Mapped[str] = mapped_column(String(13))
    accession_number: Mapped[str] = mapped_column(String(64))
    study_id: Mapped[str] = mapped_column(String(64))
    study_description: Mapped[str] = mapped_column(Text)
    referring_physician: Mapped[str] = mapped_column(Text)
    referring_physician_match: Mapped[str] = mapped_column(Text)
    referring_physician_key: Mapped[str] = mapped_column(Text)
    body_part: Mapped[str] = mapped_column(String(64))
    modalities: Mapped[str] = mapped_column(String(255))
    """ModalitiesInStudy, each between backslashes, sorted: `\\CT\\SR\\`; empty while none is known."""
    series_count: Mapped[int] = mapped_column(Integer)
    instance_count: Mapped[int] = mapped_column(Integer)
    first_received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    arrived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    told_instances: Mapped[int] = mapped_column(Integer)
    """Instances at the last StudyArrived or StudyGrew."""
    counted_instances: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    """Instances at the last InstancesStored."""
    unsettled_since: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When the newest image came that no such event has told of; None when all is told, or there is nothing to tell:
    objects of no patient alone (a hanging protocol) are nothing to read."""


class StudyModalityRow(Base):
    """One modality of a study, with what searches for it sort by.

    The database itself keeps these rows in step with `study.modalities`, by triggers: whoever writes a study writes
    them.
    """

    __tablename__ = "study_modality"
    __table_args__ = (
        PrimaryKeyConstraint("modality", "study_date", "study_time", "study_row"),
        {"sqlite_with_rowid": False},
    )

    modality: Mapped[str] = mapped_column(String(255))
    study_date: Mapped[str] = mapped_column(String(8))
    study_time: Mapped[str] = mapped_column(String(13))
    study_row: Mapped[int] = mapped_column(Integer)
    site_code: Mapped[str] = mapped_column(String(32))


class SiteHoldingRow(Base):
    """How many studies of a site are here, so that nobody counts a million rows; kept by triggers as well."""

    __tablename__ = "site_holding"

    site_code: Mapped[str] = mapped_column(String(32), primary_key=True)
    studies: Mapped[int] = mapped_column(Integer)


class SeriesRow(Base):
    """One series of a study."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("study_row", "series_uid"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    study_row: Mapped[int] = mapped_column(ForeignKey("study.id"))
    study: Mapped[StudyRow] = relationship(lazy="raise")
    """For writing: both rows go to the database together."""
    series_uid: Mapped[str] = mapped_column(String(64), index=True)
    modality: Mapped[str] = mapped_column(String(32))
    series_number: Mapped[int | None] = mapped_column(Integer)
    series_date: Mapped[str] = mapped_column(String(8))
    series_time: Mapped[str] = mapped_column(String(13))
    series_description: Mapped[str] = mapped_column(Text)
    body_part: Mapped[str] = mapped_column(String(64))
    instance_count: Mapped[int] = mapped_column(Integer)
    # What its first instance said; empty for what came before this was kept, until texts are read anew.
    institution_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    station_name: Mapped[str] = mapped_column(String(64), default="", server_default="")
    protocol_name: Mapped[str] = mapped_column(Text, default="", server_default="")
    laterality: Mapped[str] = mapped_column(String(16), default="", server_default="")
    step_date: Mapped[str] = mapped_column(String(8), default="", server_default="")
    """PerformedProcedureStepStartDate, and the time."""
    step_time: Mapped[str] = mapped_column(String(13), default="", server_default="")
    requests: Mapped[str] = mapped_column(Text, default="", server_default="")
    """RequestAttributesSequence: JSON of `[[ScheduledProcedureStepID, RequestedProcedureID], …]`, or empty."""
    requested_steps: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The ids of `requests`, each between backslashes, for matching."""
    requested_procedures: Mapped[str] = mapped_column(Text, default="", server_default="")


class InstanceRow(Base):
    """One stored instance and the file that holds it."""

    __tablename__ = "instance"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    series_row: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    sop_instance_uid: Mapped[str] = mapped_column(String(64), unique=True)
    sop_class_uid: Mapped[str] = mapped_column(String(64))
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    file: Mapped[str] = mapped_column(String(128), unique=True)
    """Path below the archive folder."""
    dataset_offset: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(_FileSize)
    instance_number: Mapped[int | None] = mapped_column(Integer)
    number_of_frames: Mapped[int | None] = mapped_column(Integer)
    rows: Mapped[int | None] = mapped_column(Integer)
    columns: Mapped[int | None] = mapped_column(Integer)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_from: Mapped[str] = mapped_column(String(80), default="", server_default="")
    """Login of the sender, `ae:` and an AE title for a peer; empty for what came before this was kept."""


class InstanceVersionRow(Base):
    """An earlier version of an instance: what its row said until another took its place. The file stays."""

    __tablename__ = "instance_version"
    __table_args__ = (UniqueConstraint("instance_row", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    instance_row: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    number: Mapped[int] = mapped_column(Integer)
    """1 for the first; the current version's is one more than the last here."""
    file: Mapped[str] = mapped_column(String(128), unique=True)
    dataset_offset: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(_FileSize)
    transfer_syntax_uid: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_from: Mapped[str] = mapped_column(String(80))
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    replaced_by: Mapped[str] = mapped_column(String(80))
    """Login of the sender of the next version."""
