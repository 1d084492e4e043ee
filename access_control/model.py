"""Who acts, on what, and to which end. Pure values."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a person does in the network; one person has one role at one site."""

    TECHNOLOGIST = "technologist"
    """診療放射線技師: sends studies of the own site."""
    REFERRING_DOCTOR = "referring_doctor"
    """依頼医: asks for the reading, receives the report, acts on it."""
    RADIOLOGIST = "radiologist"
    """読影医: reads for the own site and for the clinics that its site has contracts with."""
    SCHEDULER = "scheduler"
    """予約担当: shares scanners; sees no images."""
    SECRETARIAT = "secretariat"
    """事務局: follows cases and deliveries; sees no images and no report texts."""
    ADMINISTRATOR = "administrator"
    """管理者: sites, people, settings; sees nothing clinical."""


class Purpose(StrEnum):
    """The end of an access; every decision has one."""

    READING = "reading"
    SHARING = "sharing"
    CLAIMS = "claims"
    RESEARCH = "research"


class Action(StrEnum):
    """What can be done; every access decision is about one of these."""

    CASE_LIST = "case.list"
    """See that a reading case exists, and its place in the list."""
    CASE_REQUEST = "case.request"
    """Write 検査目的 and 臨床情報."""
    REQUEST_LIST = "request.list"
    """See reading requests before their images are there; a scanner: its worklist."""
    REQUEST_ENTER = "request.enter"
    """Enter, change and cancel reading requests."""
    PROCEDURE_REPORT = "procedure.report"
    """Tell what a scanner performed (MPPS)."""
    STUDY_COMMIT = "study.commit"
    """Ask whether instances are safely kept (Storage Commitment)."""
    CASE_CLAIM = "case.claim"
    """Take a case to read it, or give it back."""
    STUDY_VIEW = "study.view"
    """See images and DICOM attributes of a study."""
    STUDY_STORE = "study.store"
    """Send instances of a study."""
    PATIENT_RESOLVE = "patient.resolve"
    """Say whose a study is, and that two patients are one person."""
    REPORT_VIEW = "report.view"
    """Read a report."""
    REPORT_WRITE = "report.write"
    """Write and sign a report."""
    REPORT_ACKNOWLEDGE = "report.acknowledge"
    """Say 確認した and 対応済 for the requesting site."""
    ADMINISTER = "administration"
    """Manage sites, people and contracts."""


class ActorKind(StrEnum):
    """Who can act."""

    PERSON = "person"
    PEER = "peer"
    """A DICOM peer, known by its AE title; it acts for its site."""
    OPERATOR = "operator"
    """Somebody at the command line of the hub's own machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who is known, as of this request.

    `reads_for` holds the codes of the clinics whose studies the actor's site reads under contract,
    `follows` those of the sites whose cases the actor follows for the region's office (事務局).
    """

    kind: ActorKind
    login: str
    name: str
    role: Role | None
    site_code: str
    site_name: str
    session_id: str
    reads_for: frozenset[str] = field(default_factory=frozenset)
    follows: frozenset[str] = field(default_factory=frozenset)


OPERATOR = Actor(
    kind=ActorKind.OPERATOR,
    login="operator",
    name="operator",
    role=None,
    site_code="",
    site_name="",
    session_id="command-line",
)
"""Whoever types commands on the hub's own machine, for deeds that are about no site in particular."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What an action is about: a thing of one site. `label` is `kind/id`, for the audit trail."""

    label: str
    site_code: str
    study_uid: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, and why; `visible` says whether the actor may know that the thing exists."""

    allowed: bool
    reason: str
    visible: bool = True

    def __bool__(self) -> bool:
        return self.allowed
