"""The JSON of questions about patients. Timestamps are UTC with `Z`, dates `YYYY-MM-DD`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from pacs_node.patients.model import QuestionState, Trait

LARGEST_PAGE = 200
LONGEST_REASON = 2000

Reason = Annotated[str, msgspec.Meta(max_length=LONGEST_REASON)]
Group = Annotated[str, msgspec.Meta(max_length=200)]


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """A person's name in the three groups of VR PN (PS3.5 section 6.2.1); `^` between family and given name."""

    alphabetic: Group = ""
    ideographic: Group = ""
    phonetic: Group = ""


class Demographics(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a patient; `sex` is M, F, O or empty."""

    patient_id: Annotated[str, msgspec.Meta(max_length=64)]
    name: Name
    birth_date: date | None
    sex: str


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic or a hospital."""

    code: str
    name: str


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """The study that a question is about, or that a patient has."""

    study_uid: str
    study_date: date | None
    modalities: list[str]
    study_description: str
    accession_number: str
    instance_count: int
    issuer_of_patient_id: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody decided. `undone` says that it was taken back; `undoes`, which one this takes back."""

    number: int
    kind: str
    at: datetime
    actor: str
    actor_name: str
    reason: str
    study_uid: str | None
    patient: int
    other_patient: int | None
    undoes: int | None
    undone: bool
    before: Demographics | None
    after: Demographics | None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A question: what was known, what came, in what they differ.

    `about` is `patient` (the study against the patient known under its id) or `images` (images of one study
    against each other).
    """

    id: str
    state: QuestionState
    about: str
    site: Site
    study: Study
    differs: list[Trait]
    patient: int
    known: Demographics
    found: Demographics
    known_keys: Name
    """The names as they are compared, group by group: equal keys are no difference, nor is an empty one."""
    found_keys: Name
    known_studies: int
    """Studies of the patient who is known."""
    asked_at: datetime
    decision: Decision | None


class QuestionPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of questions; `open` counts all open ones that the caller sees."""

    questions: list[Question]
    total: int
    open: int


class QuestionQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which questions to list."""

    state: QuestionState = QuestionState.OPEN
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 50
    offset: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """A patient, with everybody who is the same person by a merge, and the studies of them that the caller may know."""

    patient: int
    site: Site
    demographics: Demographics
    name_keys: Name
    """The name as names are compared, group by group: 髙橋 and 高橋 have one key."""
    merged_into: int | None
    same_person: list[int]
    studies: list[Study]


class PatientPage(msgspec.Struct, frozen=True, kw_only=True):
    """Patients that were found."""

    patients: list[Patient]
    total: int


class PatientQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to look for: a part of an id, or of a name in any writing."""

    q: Annotated[str, msgspec.Meta(max_length=200)]
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 50


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided about a study or a patient, newest first."""

    decisions: list[Decision]


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """It is the same person; which demographics hold from now on."""

    holds: Literal["known", "found"]
    reason: Reason


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What is right."""

    demographics: Demographics
    reason: Reason


class Because(msgspec.Struct, frozen=True, kw_only=True):
    """Why."""

    reason: Reason


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """The patient `into` is the same person."""

    into: int
    reason: Reason
