"""A signed version: everything that the reader signed, in one canonical form with one hash."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time

import msgspec

from reporting.errors import SignedVersionDamaged


class SitePart(msgspec.Struct, frozen=True, kw_only=True):
    """A site as of the signature."""

    code: str
    name: str


class PersonPart(msgspec.Struct, frozen=True, kw_only=True):
    """A person as of the signature."""

    login: str
    name: str


class PatientPart(msgspec.Struct, frozen=True, kw_only=True):
    """The patient as of the signature; `issuer` is the code of the site that gave out the id."""

    issuer: str
    id: str
    alphabetic: str
    ideographic: str
    phonetic: str
    birth_date: date | None
    sex: str


class StudyPart(msgspec.Struct, frozen=True, kw_only=True):
    """The examination as of the signature."""

    study_uid: str
    accession_number: str
    modalities: tuple[str, ...]
    body_part: str
    description: str
    date: date | None
    time: time | None
    referring_physician: str


class SignedReport(msgspec.Struct, frozen=True, kw_only=True):
    """One signed version of a report. Every form of it (screen, PDF, FHIR) is made from this alone."""

    report_id: str
    version: int
    case_id: str
    site: SitePart
    """The requesting site."""
    reading_site: SitePart
    patient: PatientPart
    study: StudyPart
    reason: str
    """検査目的"""
    clinical_history: str
    """臨床情報"""
    findings: str
    """所見"""
    impression: str
    """診断"""
    created_at: datetime
    """When the first draft was saved."""
    signed_at: datetime
    signed_by: PersonPart


def canonical(report: SignedReport) -> str:
    """The report as JSON with sorted keys, no white space, UTC times: the same text for the same content."""
    return msgspec.json.encode(report, order="sorted").decode()


def sha256(content: str) -> str:
    """SHA-256 over the UTF-8 bytes of a canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


def opened(content: str, content_sha256: str) -> SignedReport:
    """The signed version behind a stored canonical form. Raises SignedVersionDamaged if the hash disagrees."""
    if sha256(content) != content_sha256:
        raise SignedVersionDamaged()
    try:
        return msgspec.json.decode(content, type=SignedReport)
    except msgspec.DecodeError as error:
        raise SignedVersionDamaged() from error
