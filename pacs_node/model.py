"""What the archive knows of patients, studies, series and instances. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A person's name in the three component groups of VR PN (PS3.5 section 6.2.1), `^` shown as a space."""

    alphabetic: str = ""
    ideographic: str = ""
    phonetic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient as the first instances of a study describe them; identity is (issuer, PatientID)."""

    issuer: str
    """Code of the site that gives out the id."""
    patient_id: str
    name: PersonName
    birth_date: date | None = None
    sex: str = ""
    """"M", "F", "O" or empty (PS3.3 C.7.1.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySummary:
    """A study with what lists show of it."""

    study_uid: str
    site_code: str
    """The site whose study it is: the sender's."""
    patient: Patient
    study_date: date | None = None
    study_time: time | None = None
    accession_number: str = ""
    study_description: str = ""
    referring_physician: str = ""
    body_part: str = ""
    modalities: tuple[str, ...] = ()
    series_count: int = 0
    instance_count: int = 0
    first_received_at: datetime
    last_received_at: datetime
    arrived_at: datetime | None = None
    """When the study was complete for the first time; None while it is being received (受信中)."""
    identity_conflict: bool = False
    """An image of the study named somebody else than its first one did, or the id is known with other demographics;
    `patient` is the study's own. Until a human has decided."""
    issuer_of_patient_id: str = ""
    """As the data set says; `patient.issuer` is the sender's site, or one that its peer's settings trust it to name."""
    text_suspect: bool = False
    """文字化け疑い: a text was mended, or looks garbled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceRecord:
    """One stored instance and where its bytes are."""

    study_uid: str
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    site_code: str
    path: Path
    """Part 10 file; its data set is byte for byte as received."""
    dataset_offset: int
    """Where the data set begins in the file, in bytes."""
    size: int
    """Bytes of the whole file."""
    instance_number: int | None = None
    number_of_frames: int | None = None
    """1 for a single-frame image; None for an object without pixels."""
    rows: int | None = None
    columns: int | None = None
    received_at: datetime = field(compare=False)
