"""What people do to reading cases. Every deed: the access rule, one transaction, history, audit, event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.decision import visible_sites
from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, Resource
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound, TooLarge
from shared_kernel.events.event import Event
from shared_kernel.events.outbox import publish
from shared_kernel.plain_text import cleaned
from worklist import listing, wire
from worklist.errors import StaleRequest
from worklist.events import ReadingClaimed, ReadingCompleted, ReadingReleased, ReadingRequestChanged
from worklist.model import CaseState, CaseStep, ReadingCase
from worklist.ports import ExpectedCounts, NoReports, Reports, SiteName, Studies, nothing_expected
from worklist.snapshot import reading_case
from worklist.steps import move, refusal
from worklist.tables import CaseRow
from worklist.view import CaseView, resource_of

LONGEST_REQUEST_BYTES = 40_000


class CaseService:
    """The worklist's door for people and for the rooms beside it; safe to share between threads.

    Whoever must not know of a case gets NotFound, as for a case that is not there; whoever may see it
    but not do the deed gets Forbidden.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        gate: AccessGate,
        catalogue: Studies,
        *,
        site_name: SiteName,
        reports: Reports | None = None,
        expected: ExpectedCounts = nothing_expected,
    ) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate
        self._studies = catalogue
        self._site_name = site_name
        self._view = CaseView(catalogue, reports or NoReports(), site_name, expected)

    def page(self, actor: Actor, query: wire.CaseQuery) -> wire.CasePage:
        """One page of the cases that the actor may list. Raises Forbidden for a role that lists none."""
        self._gate.require(actor, Action.CASE_LIST, Resource(label="cases", site_code=actor.site_code))
        sites = visible_sites(actor, Action.CASE_LIST)
        with self._database.read() as session:
            rows, total = listing.find(session, sites, query)
            return wire.CasePage(
                cases=self._view.cases(session, actor, rows), total=total, counts=listing.counts(session, sites)
            )

    def detail(self, actor: Actor, case_id: str) -> wire.CaseDetail:
        """One case, its priors, and what the actor may do."""
        study_uid = self._require(actor, Action.CASE_LIST, case_id).study_uid or ""
        priors = self._studies.priors(study_uid)
        with self._database.read() as session:
            return self._view.detail(session, actor, _row(session, case_id), priors)

    def change_request(self, actor: Actor, case_id: str, change: wire.RequestChange) -> wire.Case:
        """Write 検査目的 and 臨床情報.

        Raises StaleRequest if `change.version` is not the current one, CaseAlreadyRead, TooLarge.
        Control characters other than newline and tab are dropped.
        """
        reason, history = cleaned(change.reason), cleaned(change.clinical_history)
        if len((reason + history).encode()) > LONGEST_REQUEST_BYTES:
            raise TooLarge(limit_bytes=LONGEST_REQUEST_BYTES)

        def deed(session: Session, row: CaseRow, at: datetime) -> Event | None:
            if row.request_version != change.version:
                raise StaleRequest(current=self._view.case(session, actor, row))
            move(session, row, CaseStep.CHANGE_REQUEST, at=at, actor=actor.login)
            row.reason, row.clinical_history = reason, history
            row.request_version += 1
            return ReadingRequestChanged(**_names(row), version=row.request_version)

        return self._do(actor, Action.CASE_REQUEST, case_id, deed)

    def claim(self, actor: Actor, case_id: str) -> wire.Case:
        """Take the case to read it; exactly one of many wins, claiming again changes nothing.

        Raises CaseTaken, CaseStillReceiving, CaseAlreadyRead.
        """

        def deed(session: Session, row: CaseRow, at: datetime) -> Event | None:
            if row.state == CaseState.READING and row.reader_login == actor.login:
                return None
            move(session, row, CaseStep.CLAIM, at=at, actor=actor.login)
            row.reader_login, row.reader_name, row.reader_site_code = actor.login, actor.name, actor.site_code
            return ReadingClaimed(**_names(row), reader=actor.login)

        return self._do(actor, Action.CASE_CLAIM, case_id, deed)

    def release(self, actor: Actor, case_id: str) -> wire.Case:
        """Give the case back; an unread one stays as it is. Raises CaseTaken if somebody else reads it."""

        def deed(session: Session, row: CaseRow, at: datetime) -> Event | None:
            if row.state == CaseState.UNREAD:
                return None
            if row.state == CaseState.READING and row.reader_login != actor.login:
                raise refusal(row)
            move(session, row, CaseStep.RELEASE, at=at, actor=actor.login)
            row.reader_login = row.reader_name = row.reader_site_code = None
            return ReadingReleased(**_names(row), reader=actor.login)

        return self._do(actor, Action.CASE_CLAIM, case_id, deed)

    def complete(
        self,
        session: Session,
        *,
        case_id: str,
        report_id: str,
        signed_by: str,
        signer_name: str,
        signer_site_code: str,
        instance_count: int,
        at: datetime,
    ) -> None:
        """The case's report was signed at `at`, over `instance_count` images: 読影済. Repeated news changes nothing.

        Runs in the caller's transaction. The case belongs to the signer from now on, whoever may
        have claimed it in between. Raises NotFound if there is no such case.
        """
        row = _row(session, case_id, lock=True)
        if row.state == CaseState.READ:
            return
        move(session, row, CaseStep.COMPLETE, at=at, actor=signed_by)
        row.reader_login, row.reader_name, row.reader_site_code = signed_by, signer_name, signer_site_code
        row.read_at, row.report_id, row.instances_at_report = at, report_id, instance_count
        event = ReadingCompleted(**_names(row), report_id=report_id, reader=signed_by)
        publish(session, event, at=at, actor=signed_by)

    def facts(self, session: Session, case_id: str) -> ReadingCase | None:
        """The case as a value, in the caller's transaction; asks no access rule: the caller has asked."""
        row = session.get(CaseRow, case_id)
        return None if row is None else reading_case(row, self._site_name(session, row.site_code))

    def _require(self, actor: Actor, action: Action, case_id: str) -> Resource:
        # Outside of the deed's transaction: the gate writes its own audit row.
        with self._database.read() as session:
            resource = resource_of(_row(session, case_id))
        self._gate.require(actor, action, resource)
        return resource

    def _do(
        self,
        actor: Actor,
        action: Action,
        case_id: str,
        deed: Callable[[Session, CaseRow, datetime], Event | None],
    ) -> wire.Case:
        resource = self._require(actor, action, case_id)
        with self._database.write() as session:
            row = _row(session, case_id, lock=True)
            at = self._clock.now()
            event = deed(session, row, at)
            if event is not None:
                publish(session, event, at=at, actor=actor.login)
                entry = audit_entry(actor, action, resource, clock=self._clock, outcome="done", reason=event.name())
                record(session, [entry])
            session.flush()
            return self._view.case(session, actor, row)


def _row(session: Session, case_id: str, *, lock: bool = False) -> CaseRow:
    found = select(CaseRow).where(CaseRow.case_id == case_id)
    # SQLite has locked already; PostgreSQL locks the row here.
    row = session.scalar(found.with_for_update() if lock else found)
    if row is None:
        raise NotFound()
    return row


def _names(row: CaseRow) -> dict[str, str]:
    return {"case_id": row.case_id, "study_uid": row.study_uid, "site_code": row.site_code}
