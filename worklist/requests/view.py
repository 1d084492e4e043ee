"""A reading request as a certain actor sees it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from access_control.decision import decide
from access_control.model import Action, Actor, Resource
from worklist.ports import ExpectedCounts, SiteName
from worklist.requests import wire
from worklist.requests.model import Priority, RequestState, RequestStep, after
from worklist.requests.tables import ReadingRequestRow
from worklist.wire import Name, Patient, Person, Site


def resource_of(row: ReadingRequestRow) -> Resource:
    """The request as the access decision and the audit trail name it."""
    return Resource(label=f"request/{row.request_id}", site_code=row.site_code, study_uid=study_of(row))


def study_of(row: ReadingRequestRow) -> str:
    """The study of the request: the one that came, else the one that is planned."""
    return row.arrived_study_uid or row.study_uid


class RequestView:
    """Shows rows of reading requests on the wire."""

    def __init__(self, site_name: SiteName, expected: ExpectedCounts) -> None:
        self._site_name = site_name
        self._expected = expected

    def requests(self, session: Session, actor: Actor, rows: Sequence[ReadingRequestRow]) -> list[wire.Request]:
        """Rows as the list shows them, in their order."""
        expected = self._expected(session, [(row.site_code, study_of(row)) for row in rows])
        names = {code: self._site_name(session, code) for code in {row.site_code for row in rows}}
        return [
            _request(
                row,
                actor,
                Site(code=row.site_code, name=names[row.site_code]),
                expected.get((row.site_code, study_of(row))),
            )
            for row in rows
        ]

    def request(self, session: Session, actor: Actor, row: ReadingRequestRow) -> wire.Request:
        """One request."""
        return self.requests(session, actor, [row])[0]


def patient_of(row: ReadingRequestRow) -> Patient:
    """The patient as the request names them."""
    name = Name(alphabetic=row.name_alphabetic, ideographic=row.name_ideographic, phonetic=row.name_phonetic)
    return Patient(id=row.patient_id, name=name, birth_date=row.birth_date, sex=row.sex)


def _request(row: ReadingRequestRow, actor: Actor, site: Site, expected: int | None) -> wire.Request:
    state = RequestState(row.state)
    may = bool(decide(actor, Action.REQUEST_ENTER, resource_of(row)))
    return wire.Request(
        id=row.request_id,
        state=state,
        version=row.version,
        site=site,
        patient=patient_of(row),
        modality=row.modality,
        procedure_description=row.procedure_description,
        body_part=row.body_part,
        scheduled_date=row.scheduled_date,
        scheduled_time=f"{row.scheduled_time:%H:%M}" if row.scheduled_time else None,
        station_ae_title=row.station_ae_title,
        requesting_doctor=row.requesting_doctor,
        reason=row.reason,
        clinical_history=row.clinical_history,
        priority=Priority(row.priority),
        accession_number=row.accession_number,
        study_uid=row.study_uid,
        entered_at=row.entered_at,
        entered_by=Person(login=row.entered_by, name=row.entered_by_name),
        cancelled_reason=row.cancelled_reason,
        performed=row.performed,
        instance_count=row.instance_count,
        expected_count=expected,
        case_id=row.case_id,
        done_at=row.done_at,
        patient_differs=row.patient_differs,
        changeable=may and after(state, RequestStep.CHANGE) is not None,
    )
