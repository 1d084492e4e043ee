"""The JSON of reading cases. Timestamps are UTC with `Z`, dates those of Japan."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from worklist.model import CaseState

LARGEST_PAGE = 200
LARGEST_OFFSET = 10_000_000


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic or a hospital."""

    code: str
    name: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody by log-in and name."""

    login: str
    name: str


class Name(msgspec.Struct, frozen=True, kw_only=True):
    """A person's name in the three groups of VR PN (PS3.5 section 6.2.1)."""

    alphabetic: str
    ideographic: str
    phonetic: str


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """A patient as the study describes them; `sex` is M, F, O or empty."""

    id: str
    name: Name
    birth_date: date | None
    sex: str


class ReportMark(msgspec.Struct, frozen=True, kw_only=True):
    """That a case has a report, and how far it is."""

    id: str
    state: str
    signed_at: datetime | None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A reading case as the list shows it; `due_date` is the 翌診療日."""

    id: str
    state: CaseState
    study_uid: str
    site: Site
    patient: Patient
    modalities: list[str]
    body_part: str
    study_description: str
    study_date: date | None
    study_time: str | None
    accession_number: str
    referring_physician: str
    series_count: int
    instance_count: int
    expected_count: int | None
    """Instances that the study is to have, where a manifest or MPPS says so."""
    images_after_report: int
    """Images that came after the report was signed, which it therefore does not speak of."""
    images_replaced: int
    """画像差替えあり: images in whose place another version came after a radiologist had taken the case or begun its
    report; the signature ends nothing."""
    identity_conflict: bool
    """It is in question whose study it is; its report can't be signed until a human has decided."""
    text_suspect: bool
    """文字化け疑い: a text of the study was mended, or looks garbled."""
    prior_count: int
    """Earlier studies of the same patient."""
    reason: str
    clinical_history: str
    request_version: int
    reader: Person | None
    arrived_at: datetime | None
    due_date: date | None
    read_at: datetime | None
    report: ReportMark | None


class Prior(msgspec.Struct, frozen=True, kw_only=True):
    """An older study of the same patient."""

    study_uid: str
    study_date: date | None
    modalities: list[str]
    study_description: str
    body_part: str
    site: Site
    case_id: str | None
    report_id: str | None


class Permissions(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller may do to the case as it stands."""

    request: bool
    claim: bool
    release: bool
    write_report: bool


class CaseDetail(Case, frozen=True, kw_only=True):
    """A reading case with its priors and what the caller may do; `viewable` is about the images."""

    priors: list[Prior]
    viewable: bool
    permissions: Permissions
    versions_replaced: int
    """How often an image of the study has been replaced at all: what a signature gives back as seen."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Cases in each state, of all that the caller sees."""

    receiving: int
    unread: int
    reading: int
    read: int


class CasePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list; `total` counts all cases that match."""

    cases: list[Case]
    total: int
    counts: Counts


class CaseQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; `q` searches name (any writing), patient ID and accession number."""

    state: tuple[CaseState, ...] = ()
    q: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 50
    offset: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_OFFSET)] = 0


class RequestChange(msgspec.Struct, frozen=True, kw_only=True):
    """検査目的 and 臨床情報; `version` is that of the request that was changed."""

    reason: str
    clinical_history: str
    version: int
