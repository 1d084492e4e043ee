"""What a reading case is, and the one table of how it moves. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum

from pacs_node.model import Patient


class CaseState(StrEnum):
    """Where a reading case stands."""

    RECEIVING = "receiving"
    """受信中: images are still coming."""
    UNREAD = "unread"
    """未読: complete, and nobody reads it yet."""
    READING = "reading"
    """読影中: a radiologist has claimed it."""
    READ = "read"
    """読影済: its report is signed."""


class CaseStep(StrEnum):
    """What can happen to a reading case."""

    ARRIVE = "arrive"
    CHANGE_REQUEST = "change_request"
    CLAIM = "claim"
    RELEASE = "release"
    COMPLETE = "complete"


# A step that stands in no row is refused. A signed report completes an UNREAD case too: the reader may
# have released it in the moment between signing and the news of it.
TRANSITIONS: Mapping[CaseState, Mapping[CaseStep, CaseState]] = {
    CaseState.RECEIVING: {
        CaseStep.ARRIVE: CaseState.UNREAD,
        CaseStep.CHANGE_REQUEST: CaseState.RECEIVING,
    },
    CaseState.UNREAD: {
        CaseStep.CHANGE_REQUEST: CaseState.UNREAD,
        CaseStep.CLAIM: CaseState.READING,
        CaseStep.COMPLETE: CaseState.READ,
    },
    CaseState.READING: {
        CaseStep.CHANGE_REQUEST: CaseState.READING,
        CaseStep.RELEASE: CaseState.UNREAD,
        CaseStep.COMPLETE: CaseState.READ,
    },
    CaseState.READ: {},
}


def after(state: CaseState, step: CaseStep) -> CaseState | None:
    """The state that `step` leads to from `state`; None if it can't be taken there."""
    return TRANSITIONS[state].get(step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """The radiologist who reads a case."""

    login: str
    name: str
    site_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingCase:
    """A reading case with what a report needs to know of it."""

    case_id: str
    state: CaseState
    study_uid: str
    site_code: str
    """The requesting site."""
    site_name: str
    patient: Patient
    modalities: tuple[str, ...]
    body_part: str
    study_description: str
    study_date: date | None
    study_time: time | None
    accession_number: str
    referring_physician: str
    reason: str
    """検査目的"""
    clinical_history: str
    """臨床情報"""
    instance_count: int
    identity_conflict: bool
    """Images of the study name different patients."""
    reader: Reader | None
    arrived_at: datetime | None
    due_date: date | None
