"""Demographics and decisions as the database keeps them: JSON."""

from __future__ import annotations

import msgspec

from pacs_node.patients.model import Demographics


class StudyIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a study is, and what its index copy says of that person."""

    study_uid: str
    patient_row: int
    demographics: Demographics
    identity_conflict: bool


class PatientIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a patient, and whom it hangs below."""

    patient_row: int
    demographics: Demographics
    merged_into: int | None = None


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a decision: everything that it changed, as it was or as it became."""

    study: StudyIdentity | None = None
    patients: tuple[PatientIdentity, ...] = ()
    questions: tuple[str, ...] = ()
    """Ids of the questions that it resolved."""


def noted(value: Demographics | Change) -> str:
    """As JSON."""
    return msgspec.json.encode(value).decode()


def demographics(text: str) -> Demographics:
    """From JSON."""
    return msgspec.json.decode(text, type=Demographics)


def change(text: str) -> Change:
    """From JSON."""
    return msgspec.json.decode(text, type=Change)
