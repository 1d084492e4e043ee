"""Images meet their reading request: the case takes its reason, the request is done and counts what came."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from pacs_node.model import StudySummary
from shared_kernel.events.outbox import publish
from worklist.events import ReadingRequestChanged, RequestDone
from worklist.requests.model import RequestState, RequestStep, after
from worklist.requests.tables import ReadingRequestRow
from worklist.tables import CaseRow

log = structlog.get_logger(__name__)


def images_meet_request(session: Session, case: CaseRow, study: StudySummary, *, at: datetime, actor: str) -> None:
    """Join a case and the request that its study was made for, in the caller's transaction; may be repeated.

    The site's StudyInstanceUID says it first, then its accession number; the patient ID must agree, and be one of
    the site's own, or another patient's history would stand over these images.
    """
    request = _request_of(session, study)
    if request is None:
        return
    # A request names a patient of its site; the same digits of another issuer are somebody else.
    if (study.patient.issuer, study.patient.patient_id) != (request.site_code, request.patient_id):
        if not request.patient_differs:
            request.patient_differs = True
            log.warning("request.patient_differs", request_id=request.request_id, study_uid=study.study_uid)
        return
    if request.arrived_study_uid is None:
        target = after(RequestState(request.state), RequestStep.IMAGES_CAME)
        request.state = (target or RequestState.DONE).value
        request.arrived_study_uid, request.case_id = study.study_uid, case.case_id
        request.done_at, request.patient_differs = at, False
        request.version += 1
        event = RequestDone(
            request_id=request.request_id,
            site_code=request.site_code,
            accession_number=request.accession_number,
            study_uid=study.study_uid,
        )
        publish(session, event, at=at, actor=actor)
        _take_over(session, case, request, at=at, actor=actor)
    request.instance_count = study.instance_count


def _request_of(session: Session, study: StudySummary) -> ReadingRequestRow | None:
    row = ReadingRequestRow
    met = select(row).where(row.site_code == study.site_code, row.arrived_study_uid == study.study_uid)
    if (request := session.scalar(met.with_for_update())) is not None:
        return request
    named = [row.study_uid == study.study_uid]
    if study.accession_number:
        named.append(row.accession_number == study.accession_number)
    found = session.scalars(
        select(row)
        .where(row.site_code == study.site_code, row.arrived_study_uid.is_(None), or_(*named))
        .with_for_update()
    ).all()
    by_uid = [request for request in found if request.study_uid == study.study_uid]
    return next(iter(by_uid or found), None)


def _take_over(session: Session, case: CaseRow, request: ReadingRequestRow, *, at: datetime, actor: str) -> None:
    """The case has the request's words unless somebody has written into the case already."""
    if case.request_version or not (request.reason or request.clinical_history):
        return
    case.reason, case.clinical_history = request.reason, request.clinical_history
    case.request_version += 1
    event = ReadingRequestChanged(
        case_id=case.case_id, study_uid=case.study_uid, site_code=case.site_code, version=case.request_version
    )
    publish(session, event, at=at, actor=actor)


def step_performed(session: Session, *, site_code: str, study_uid: str, accession_number: str, state: str) -> None:
    """What the scanner's MPPS says of a request's procedure: IN PROGRESS, COMPLETED or DISCONTINUED."""
    row = ReadingRequestRow
    named = [row.study_uid == study_uid]
    if accession_number:
        named.append(row.accession_number == accession_number)
    for request in session.scalars(select(row).where(row.site_code == site_code, or_(*named)).with_for_update()):
        request.performed = state
