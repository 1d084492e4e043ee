"""Drafting and signing: the rules of who writes what, and what a signature fixes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.model import Actor
from reporting import view, wire
from reporting.delivery import names_of
from reporting.errors import (
    AlreadySigned,
    EmptyReport,
    IdentityConflict,
    ImagesReplaced,
    NoReport,
    NotTheReader,
    StaleDraft,
    StudyHasGrown,
    TooManyLines,
)
from reporting.events import ReportDrafted, ReportSigned
from reporting.model import ReportState, ReportStep, after
from reporting.ports import CaseFacts
from reporting.signed import PatientPart, PersonPart, SignedReport, SitePart, StudyPart, canonical, sha256
from reporting.tables import ReportRow, ReportVersionRow
from shared_kernel.errors import TooLarge
from shared_kernel.events.outbox import publish
from shared_kernel.ids import new_id
from shared_kernel.plain_text import cleaned

LONGEST_REPORT_BYTES = 200_000
"""Of 所見 and 診断 together, in UTF-8."""
MOST_LINES = 2_000
"""Of both together: each line is set by hand into the PDF, and tens of thousands would take minutes."""


def report_of(session: Session, case_id: str, *, lock: bool = False) -> ReportRow | None:
    """The case's report."""
    found = select(ReportRow).where(ReportRow.case_id == case_id)
    return session.scalar(found.with_for_update() if lock else found)


def clean_text(change: wire.DraftChange) -> wire.DraftChange:
    """The draft without control characters other than newline and tab. Raises TooLarge, TooManyLines."""
    findings, impression = cleaned(change.findings), cleaned(change.impression)
    if len(findings.encode()) + len(impression.encode()) > LONGEST_REPORT_BYTES:
        raise TooLarge(limit_bytes=LONGEST_REPORT_BYTES)
    if findings.count("\n") + impression.count("\n") > MOST_LINES:
        raise TooManyLines(limit_lines=MOST_LINES)
    return wire.DraftChange(findings=findings, impression=impression, revision=change.revision)


def save(
    session: Session, actor: Actor, facts: CaseFacts, change: wire.DraftChange, *, at: datetime
) -> tuple[ReportRow, bool]:
    """Save a draft; the second value says whether the author is new to it.

    Raises AlreadySigned, NotTheReader, StaleDraft, in this order, and changes nothing then.
    """
    row = report_of(session, facts.case_id, lock=True)
    _check(session, actor, facts, row, step=ReportStep.SAVE, revision=change.revision)
    new_author = row is None or row.author_login != actor.login
    if row is None:
        row = ReportRow(
            report_id=new_id(),
            case_id=facts.case_id,
            study_uid=facts.study_uid,
            site_code=facts.site_code,
            state=ReportState.DRAFT.value,
            revision=0,
            version=0,
            created_at=at,
        )
        session.add(row)
        publish(session, ReportDrafted(**names_of(row), author=actor.login), at=at, actor=actor.login)
    row.findings, row.impression = change.findings, change.impression
    row.author_login, row.author_name = actor.login, actor.name
    row.reading_site_code, row.reading_site_name = actor.site_code, actor.site_name
    row.revision += 1
    row.saved_at = at
    return row, new_author


def sign(
    session: Session,
    actor: Actor,
    facts: CaseFacts,
    signature: wire.Signature,
    *,
    versions_replaced: int,
    at: datetime,
) -> tuple[ReportRow, str]:
    """Sign the draft of this revision as the next version; the second value is the version's hash.

    Raises AlreadySigned, NotTheReader, StaleDraft, NoReport, EmptyReport, IdentityConflict,
    StudyHasGrown, ImagesReplaced, in this order, and changes nothing then.
    """
    row = report_of(session, facts.case_id, lock=True)
    target = _check(session, actor, facts, row, step=ReportStep.SIGN, revision=signature.revision)
    if row is None:
        raise NoReport()
    if not (row.findings.strip() or row.impression.strip()):
        raise EmptyReport()
    if facts.identity_conflict:
        raise IdentityConflict()
    seen = signature.seen_instance_count
    if seen is not None and facts.instance_count > seen:
        raise StudyHasGrown(seen=seen, instance_count=facts.instance_count)
    shown = signature.seen_images_replaced
    if shown is not None and versions_replaced > shown:
        raise ImagesReplaced(seen=shown, versions_replaced=versions_replaced)
    row.state, row.version, row.signed_at = target.value, row.version + 1, at
    content = canonical(_content(row, facts, actor, at))
    version = ReportVersionRow(
        report_id=row.report_id,
        version=row.version,
        content=content,
        content_sha256=sha256(content),
        signed_at=at,
        signed_by=actor.login,
    )
    session.add(version)
    event = ReportSigned(
        **names_of(row),
        version=row.version,
        content_sha256=version.content_sha256,
        reading_site_code=actor.site_code,
        signed_by=actor.login,
        signer_name=actor.name,
        instance_count=facts.instance_count,
    )
    publish(session, event, at=at, actor=actor.login)
    return row, version.content_sha256


def _check(
    session: Session, actor: Actor, facts: CaseFacts, row: ReportRow | None, *, step: ReportStep, revision: int
) -> ReportState:
    """The state that the step leads to; raises whatever forbids it."""
    target = after(ReportState(row.state) if row else ReportState.DRAFT, step)
    if row is not None and target is None:
        raise AlreadySigned(current=view.final(session, row))
    if facts.reader_login != actor.login:
        reader = {"login": facts.reader_login, "name": facts.reader_name} if facts.reader_login else None
        raise NotTheReader(reader=reader)
    if revision != (row.revision if row else 0):
        raise StaleDraft(current=view.draft(row, facts) if row else None)
    return target or ReportState.DRAFT


def _content(row: ReportRow, facts: CaseFacts, actor: Actor, at: datetime) -> SignedReport:
    patient = facts.patient
    return SignedReport(
        report_id=row.report_id,
        version=row.version,
        case_id=row.case_id,
        site=SitePart(code=facts.site_code, name=facts.site_name),
        reading_site=SitePart(code=actor.site_code, name=actor.site_name),
        patient=PatientPart(
            issuer=patient.issuer,
            id=patient.patient_id,
            alphabetic=patient.name.alphabetic,
            ideographic=patient.name.ideographic,
            phonetic=patient.name.phonetic,
            birth_date=patient.birth_date,
            sex=patient.sex,
        ),
        study=StudyPart(
            study_uid=facts.study_uid,
            accession_number=facts.accession_number,
            modalities=facts.modalities,
            body_part=facts.body_part,
            description=facts.study_description,
            date=facts.study_date,
            time=facts.study_time,
            referring_physician=facts.referring_physician,
        ),
        reason=facts.reason,
        clinical_history=facts.clinical_history,
        findings=row.findings,
        impression=row.impression,
        created_at=row.created_at,
        signed_at=at,
        signed_by=PersonPart(login=actor.login, name=actor.name),
    )
