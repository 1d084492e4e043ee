"""Images meet their reading request: the case takes its reason, the request is done and counts what came."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import structlog
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from pacs_node.model import StudySummary
from shared_kernel.events.outbox import publish
from worklist.events import ReadingRequestChanged, RequestDone
from worklist.requests.model import RequestState, RequestStep, after
from worklist.requests.tables import ReadingRequestRow
from worklist.tables import CaseRow

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PerformedStep:
    """What an MPPS says of one examination."""

    site_code: str
    study_uid: str
    accession_number: str
    state: str
    """IN PROGRESS, COMPLETED or DISCONTINUED."""


class Arrivals:
    """The reading requests that some studies may have been made for, in the caller's transaction."""

    def __init__(self, session: Session, studies: Iterable[StudySummary]) -> None:
        self._session = session
        self._requests = _named(
            session,
            [_Name(study.site_code, study.study_uid, study.accession_number) for study in studies],
            also_arrived=True,
        )

    def meet(self, case: CaseRow, study: StudySummary, *, at: datetime, actor: str) -> None:
        """Join a case and the request that its study was made for; may be repeated.

        The site's StudyInstanceUID says it first, then its accession number; the patient ID must agree, and be one of
        the site's own, or another patient's history would stand over these images.
        """
        request = self._of(study)
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
            publish(self._session, event, at=at, actor=actor)
            _take_over(self._session, case, request, at=at, actor=actor)
        request.instance_count = study.instance_count

    def _of(self, study: StudySummary) -> ReadingRequestRow | None:
        """What has met the study already, else what names it, else what has its accession number."""
        own = [request for request in self._requests if request.site_code == study.site_code]
        waiting = [request for request in own if request.arrived_study_uid is None]
        number = study.accession_number
        found = (
            *(request for request in own if request.arrived_study_uid == study.study_uid),
            *(request for request in waiting if request.study_uid == study.study_uid),
            *(request for request in waiting if number and request.accession_number == number),
        )
        return next(iter(found), None)


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


def steps_performed(session: Session, told: Sequence[PerformedStep]) -> None:
    """What the scanners' MPPS say of the procedures of requests, in this order; the last word counts."""
    requests = _named(session, [_Name(step.site_code, step.study_uid, step.accession_number) for step in told])
    for step in told:
        for request in requests:
            if request.site_code == step.site_code and (
                request.study_uid == step.study_uid
                or (step.accession_number and request.accession_number == step.accession_number)
            ):
                request.performed = step.state


class _Name(NamedTuple):
    """What images or a performed step say of the request that they belong to."""

    site_code: str
    study_uid: str
    accession_number: str


def _named(session: Session, names: Sequence[_Name], *, also_arrived: bool = False) -> Sequence[ReadingRequestRow]:
    """Requests that one of the names may mean, for change; and those whose images have come under such a UID."""
    if not names:
        return []
    row, uids = ReadingRequestRow, {name.study_uid for name in names}
    # Each way has an index of its own.
    ways: list[ColumnElement[bool]] = [row.study_uid.in_(uids)]
    if also_arrived:
        ways.append(row.arrived_study_uid.in_(uids))
    if numbers := {name.accession_number for name in names if name.accession_number}:
        ways.append(and_(row.site_code.in_({name.site_code for name in names}), row.accession_number.in_(numbers)))
    return session.scalars(select(row).where(or_(*ways)).with_for_update()).all()
