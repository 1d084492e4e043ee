"""A report on the wire: a draft with the case as it is, a signed one as it was signed."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.decision import decide
from access_control.model import Action, Actor, Resource
from reporting import wire
from reporting.errors import SignedVersionDamaged
from reporting.model import DeliveryState, ReportState
from reporting.ports import CaseFacts
from reporting.signed import SignedReport, opened
from reporting.tables import DeliveryRow, ReportRow, ReportVersionRow

LONGEST_EXCERPT = 300
"""Characters of a report's text in a list."""


def resource_of(row: ReportRow) -> Resource:
    """The report as the access decision and the audit trail name it."""
    return Resource(label=f"report/{row.report_id}", site_code=row.site_code, study_uid=row.study_uid)


def knows_of(actor: Actor, row: ReportRow, holder: str | None = None) -> bool:
    """Whether the actor may know that the report exists.

    A draft is for those who may write it: at the reading site, or holding the case now. The clinic
    learns of a report when it is signed.
    """
    resource = resource_of(row)
    if row.state != ReportState.DRAFT:
        return bool(decide(actor, Action.REPORT_VIEW, resource))
    near = actor.site_code == row.reading_site_code or actor.login == holder
    return near and bool(decide(actor, Action.REPORT_WRITE, resource))


def signed_version(session: Session, row: ReportRow) -> tuple[SignedReport, str]:
    """The newest signed version and its hash, which was checked. Raises SignedVersionDamaged."""
    version = session.get(ReportVersionRow, (row.report_id, row.version))
    if version is None:
        raise SignedVersionDamaged()
    return opened(version.content, version.content_sha256), version.content_sha256


def delivery_of(session: Session, row: ReportRow, *, lock: bool = False) -> DeliveryRow | None:
    """The delivery of the newest signed version; None while it is on its way."""
    found = select(DeliveryRow).filter_by(report_id=row.report_id, version=row.version)
    return session.scalar(found.with_for_update() if lock else found)


def draft(row: ReportRow, facts: CaseFacts) -> wire.Report:
    """A draft on the wire."""
    name = facts.patient.name
    return wire.Report(
        id=row.report_id,
        case_id=row.case_id,
        study_uid=row.study_uid,
        state=ReportState.DRAFT,
        revision=row.revision,
        findings=row.findings,
        impression=row.impression,
        author=wire.ReportPerson(login=row.author_login, name=row.author_name),
        site=wire.ReportSite(code=facts.site_code, name=facts.site_name),
        reading_site=wire.ReportSite(code=row.reading_site_code, name=row.reading_site_name),
        patient=wire.ReportPatient(
            id=facts.patient.patient_id,
            name=wire.ReportPatientName(
                alphabetic=name.alphabetic, ideographic=name.ideographic, phonetic=name.phonetic
            ),
            birth_date=facts.patient.birth_date,
            sex=facts.patient.sex,
        ),
        modalities=list(facts.modalities),
        study_description=facts.study_description,
        study_date=facts.study_date,
        body_part=facts.body_part,
        reason=facts.reason,
        saved_at=row.saved_at,
        signed_at=None,
        signed_by=None,
        version=0,
        content_sha256=None,
        delivery=None,
    )


def final(session: Session, row: ReportRow) -> wire.Report:
    """A signed report on the wire."""
    signed, content_sha256 = signed_version(session, row)
    patient, signer = signed.patient, wire.ReportPerson(login=signed.signed_by.login, name=signed.signed_by.name)
    delivery = delivery_of(session, row)
    return wire.Report(
        id=row.report_id,
        case_id=row.case_id,
        study_uid=row.study_uid,
        state=ReportState(row.state),
        revision=row.revision,
        findings=signed.findings,
        impression=signed.impression,
        author=wire.ReportPerson(login=row.author_login, name=row.author_name),
        site=wire.ReportSite(code=signed.site.code, name=signed.site.name),
        reading_site=wire.ReportSite(code=signed.reading_site.code, name=signed.reading_site.name),
        patient=wire.ReportPatient(
            id=patient.id,
            name=wire.ReportPatientName(
                alphabetic=patient.alphabetic, ideographic=patient.ideographic, phonetic=patient.phonetic
            ),
            birth_date=patient.birth_date,
            sex=patient.sex,
        ),
        modalities=list(signed.study.modalities),
        study_description=signed.study.description,
        study_date=signed.study.date,
        body_part=signed.study.body_part,
        reason=signed.reason,
        saved_at=row.saved_at,
        signed_at=signed.signed_at,
        signed_by=signer,
        version=signed.version,
        content_sha256=content_sha256,
        delivery=None if delivery is None else _delivery(delivery),
    )


def listed(session: Session, row: ReportRow) -> wire.Report:
    """A signed report in a list: an excerpt of its 診断, or of its 所見 if there is none."""
    whole = final(session, row)
    if whole.impression.strip():
        return replace(whole, findings="", impression=whole.impression[:LONGEST_EXCERPT])
    return replace(whole, findings=whole.findings[:LONGEST_EXCERPT])


def damaged(session: Session, row: ReportRow, facts: CaseFacts) -> wire.Report:
    """A signed report whose stored text is not what was signed: no text, and the case as it is now."""
    delivery = delivery_of(session, row)
    return replace(
        draft(row, facts),
        state=ReportState(row.state),
        findings="",
        impression="",
        signed_at=row.signed_at,
        version=row.version,
        delivery=None if delivery is None else _delivery(delivery),
        damaged=True,
    )


def _delivery(row: DeliveryRow) -> wire.Delivery:
    return wire.Delivery(
        state=DeliveryState(row.state),
        delivered_at=row.delivered_at,
        opened_at=row.opened_at,
        opened_by=_person(row.opened_at, row.opened_by_login, row.opened_by_name),
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=_person(row.acknowledged_at, row.acknowledged_by_login, row.acknowledged_by_name),
        acted_on_at=row.acted_on_at,
        acted_on_by=_person(row.acted_on_at, row.acted_on_by_login, row.acted_on_by_name),
        action_note=row.action_note,
    )


def _person(at: datetime | None, login: str | None, name: str | None) -> wire.ReportPerson | None:
    return None if at is None else wire.ReportPerson(login=login or "", name=name or "")
