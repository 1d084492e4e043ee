"""What people do to reading requests. Every deed: the access rule, one transaction, audit, event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.decision import visible_sites
from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, Resource
from shared_kernel.audit.trail import record
from shared_kernel.clock import JST, Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound
from shared_kernel.events.outbox import publish
from shared_kernel.ids import new_id, new_uid
from shared_kernel.japanese.search_key import search_key
from shared_kernel.plain_text import cleaned
from worklist.events import RequestCancelled, RequestChanged, RequestEntered
from worklist.ports import ExpectedCounts, SiteName, nothing_expected
from worklist.requests import listing, model, wire
from worklist.requests.errors import AccessionTaken, RequestClosed, StaleReadingRequest, WrongRequest
from worklist.requests.model import RequestState, RequestStep
from worklist.requests.numbers import fresh_accession_number
from worklist.requests.tables import ReadingRequestRow
from worklist.requests.view import RequestView, resource_of


class RequestService:
    """The door to reading requests; safe to share between threads. Raises as `CaseService` does."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        gate: AccessGate,
        *,
        site_name: SiteName,
        expected: ExpectedCounts = nothing_expected,
    ) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate
        self._view = RequestView(site_name, expected)

    def page(self, actor: Actor, query: wire.RequestQuery) -> wire.RequestPage:
        """One page of the requests of the actor's own site; today's and the next first."""
        self._gate.require(actor, Action.REQUEST_LIST, Resource(label="requests", site_code=actor.site_code))
        sites = visible_sites(actor, Action.REQUEST_LIST)
        today = self._today()
        with self._database.read() as session:
            rows, total = listing.find(session, sites, query)
            return wire.RequestPage(
                requests=self._view.requests(session, actor, rows),
                total=total,
                counts=listing.counts(session, sites, today),
                today=today,
            )

    def one(self, actor: Actor, request_id: str) -> wire.Request:
        """One request."""
        self._require(actor, Action.REQUEST_LIST, request_id)
        with self._database.read() as session:
            return self._view.request(session, actor, _row(session, request_id))

    def known_patient(self, actor: Actor, patient_id: str) -> wire.KnownPatient:
        """What the actor's own site knows of a patient, to fill in a form."""
        resource = Resource(label=f"patient/{actor.site_code}/{patient_id}", site_code=actor.site_code)
        self._gate.require(actor, Action.REQUEST_ENTER, resource)
        with self._database.read() as session:
            return wire.KnownPatient(patient=listing.known_patient(session, actor.site_code, patient_id.strip()))

    def enter(self, actor: Actor, body: wire.RequestIn) -> wire.Request:
        """Enter a request for the actor's own site. Raises WrongRequest, AccessionTaken."""
        self._gate.require(actor, Action.REQUEST_ENTER, Resource(label="requests", site_code=actor.site_code))
        with self._database.write() as session:
            at = self._clock.now()
            row = ReadingRequestRow(
                request_id=new_id(),
                site_code=actor.site_code,
                state=RequestState.OPEN.value,
                version=1,
                study_uid=new_uid(),
                entered_at=at,
                entered_by=actor.login,
                entered_by_name=actor.name,
                changed_at=at,
            )
            self._write(row, body)
            row.accession_number = self._accession_number(session, row, body.accession_number)
            session.add(row)
            session.flush()
            self._tell(session, actor, RequestEntered, row, at)
            return self._view.request(session, actor, row)

    def change(self, actor: Actor, request_id: str, body: wire.RequestIn) -> wire.Request:
        """Change an open request. Raises WrongRequest, AccessionTaken, RequestClosed, StaleReadingRequest."""

        def deed(session: Session, row: ReadingRequestRow, at: datetime) -> None:
            _step(row, RequestStep.CHANGE)
            self._write(row, body)
            if model.accession(body.accession_number) not in {"", row.accession_number}:
                row.accession_number = self._accession_number(session, row, body.accession_number)
            self._tell(session, actor, RequestChanged, row, at)

        return self._do(actor, request_id, body.version, deed)

    def cancel(self, actor: Actor, request_id: str, body: wire.CancelIn) -> wire.Request:
        """Cancel an open request: the scanner no longer finds it. Raises RequestClosed, StaleReadingRequest."""

        def deed(session: Session, row: ReadingRequestRow, at: datetime) -> None:
            _step(row, RequestStep.CANCEL)
            row.cancelled_reason = model.line("reason", body.reason, 200)
            self._tell(session, actor, RequestCancelled, row, at)

        return self._do(actor, request_id, body.version, deed)

    def _do(
        self,
        actor: Actor,
        request_id: str,
        version: int,
        deed: Callable[[Session, ReadingRequestRow, datetime], None],
    ) -> wire.Request:
        self._require(actor, Action.REQUEST_ENTER, request_id)
        with self._database.write() as session:
            row = _row(session, request_id, lock=True)
            if row.version != version:
                raise StaleReadingRequest(current=self._view.request(session, actor, row))
            at = self._clock.now()
            deed(session, row, at)
            row.version += 1
            row.changed_at = at
            session.flush()
            return self._view.request(session, actor, row)

    def _require(self, actor: Actor, action: Action, request_id: str) -> None:
        # Outside of the deed's transaction: the gate writes its own audit row.
        with self._database.read() as session:
            resource = resource_of(_row(session, request_id))
        self._gate.require(actor, action, resource)

    def _write(self, row: ReadingRequestRow, body: wire.RequestIn) -> None:
        """Check what somebody has entered and let the row have it."""
        name = body.patient.name
        row.patient_id = model.line("patient.id", body.patient.id, needed=True)
        row.name_alphabetic = model.roman_group("patient.name.alphabetic", name.alphabetic)
        row.name_ideographic = model.name_group("patient.name.ideographic", name.ideographic)
        row.name_phonetic = model.name_group("patient.name.phonetic", name.phonetic)
        groups = (row.name_ideographic, row.name_phonetic, row.name_alphabetic)
        if not any(groups):
            raise WrongRequest(field="patient.name", rule="a name in one of the three writings is needed")
        row.name_key = "|".join(search_key(group) for group in groups if group)
        if body.patient.birth_date is not None and body.patient.birth_date > self._today():
            raise WrongRequest(field="patient.birth_date", rule="not after today")
        row.birth_date, row.sex = body.patient.birth_date, body.patient.sex
        row.modality = model.code("modality", body.modality, needed=True)
        row.procedure_description = model.line("procedure_description", body.procedure_description)
        row.body_part = model.code("body_part", body.body_part)
        row.scheduled_date = _plausible(body.scheduled_date or self._today())
        row.scheduled_time = time.fromisoformat(body.scheduled_time) if body.scheduled_time else None
        row.station_ae_title = model.station(body.station_ae_title)
        row.requesting_doctor = model.name_group("requesting_doctor", body.requesting_doctor)
        row.reason, row.clinical_history = cleaned(body.reason).strip(), cleaned(body.clinical_history).strip()
        row.priority = body.priority.value

    def _accession_number(self, session: Session, row: ReadingRequestRow, given: str) -> str:
        number = model.accession(given)
        if not number:
            return fresh_accession_number(session, row.site_code, self._today())
        taken = select(ReadingRequestRow.request_id).filter_by(site_code=row.site_code, accession_number=number)
        if session.scalar(taken) is not None:
            raise AccessionTaken(accession_number=number)
        return number

    def _tell(
        self,
        session: Session,
        actor: Actor,
        kind: type[RequestEntered] | type[RequestChanged] | type[RequestCancelled],
        row: ReadingRequestRow,
        at: datetime,
    ) -> None:
        event = kind(request_id=row.request_id, site_code=row.site_code, accession_number=row.accession_number)
        publish(session, event, at=at, actor=actor.login)
        entry = audit_entry(
            actor, Action.REQUEST_ENTER, resource_of(row), clock=self._clock, outcome="done", reason=event.name()
        )
        record(session, [entry])

    def _today(self) -> date:
        return self._clock.now().astimezone(JST).date()


def _plausible(day: date) -> date:
    if not date(1990, 1, 1) <= day <= date(2199, 12, 31):
        raise WrongRequest(field="scheduled_date", rule="between 1990 and 2199")
    return day


def _step(row: ReadingRequestRow, step: RequestStep) -> None:
    target = model.after(RequestState(row.state), step)
    if target is None:
        raise RequestClosed(state=row.state)
    row.state = target.value


def _row(session: Session, request_id: str, *, lock: bool = False) -> ReadingRequestRow:
    found = select(ReadingRequestRow).where(ReadingRequestRow.request_id == request_id)
    row = session.scalar(found.with_for_update() if lock else found)
    if row is None:
        raise NotFound()
    return row
