"""What people do to reports. Every deed: the access rule, one transaction, audit, event."""

from __future__ import annotations

import structlog
from sqlalchemy.orm import Session

from access_control.decision import decide, visible_sites
from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, ActorKind, Resource
from reporting import delivery, inbox, view, wire, writing
from reporting.errors import AlreadyActedOn, NoReport, NotDelivered, SignedVersionDamaged
from reporting.model import ReportState
from reporting.ports import CaseDesk, CaseFacts
from reporting.signed import SignedReport
from reporting.tables import DeliveryRow, ReportRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound, TooLarge
from shared_kernel.plain_text import cleaned

LONGEST_NOTE_BYTES = 20_000

log = structlog.get_logger(__name__)


class ReportService:
    """Reporting's door for people; safe to share between threads.

    Whoever must not know of a case or a report gets NotFound, as if it were not there; whoever may
    see it but not do the deed gets Forbidden.
    """

    def __init__(self, database: Database, clock: Clock, gate: AccessGate, cases: CaseDesk) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate
        self._cases = cases

    def of_case(self, actor: Actor, case_id: str) -> wire.Report:
        """The case's report. Raises NoReport while there is none that the actor may know of."""
        self._require_case(actor, Action.REPORT_VIEW, case_id)
        with self._database.read() as session:
            facts = self._facts(session, case_id)
            row = writing.report_of(session, case_id)
            if row is None or not view.knows_of(actor, row, facts.reader_login):
                raise NoReport()
            if row.state == ReportState.DRAFT:
                return view.draft(row, facts)
            report_id = row.report_id
        return self._seen(actor, report_id)

    def report(self, actor: Actor, report_id: str) -> wire.Report:
        """One report; a doctor of the requesting site thereby opens it."""
        row = self._require(actor, Action.REPORT_VIEW, report_id)
        if row.state == ReportState.DRAFT:
            with self._database.read() as session:
                return view.draft(row, self._facts(session, row.case_id))
        return self._seen(actor, report_id)

    def signed(self, actor: Actor, report_id: str, *, opens: bool) -> tuple[SignedReport, str]:
        """The newest signed version and its hash, to make another form of it; `opens` if a person will see it.

        Raises NoReport for a draft.
        """
        row = self._require(actor, Action.REPORT_VIEW, report_id)
        if row.state == ReportState.DRAFT:
            raise NoReport()
        if opens:
            self._seen(actor, report_id)
        with self._database.read() as session:
            return view.signed_version(session, session.get_one(ReportRow, report_id))

    def page(self, actor: Actor, query: wire.ReportQuery) -> wire.ReportPage:
        """One page of the reports that came to the actor's own site. Raises Forbidden for other roles."""
        self._gate.require(actor, Action.REPORT_ACKNOWLEDGE, Resource(label="reports", site_code=actor.site_code))
        sites = visible_sites(actor, Action.REPORT_ACKNOWLEDGE)
        with self._database.read() as session:
            rows, total = inbox.find(session, sites, query)
            reports = [self._listed(session, row) for row in rows]
            return wire.ReportPage(reports=reports, total=total, counts=inbox.counts(session, sites))

    def save_draft(self, actor: Actor, case_id: str, change: wire.DraftChange) -> wire.Report:
        """Save 所見 and 診断 of the case that the actor holds.

        Control characters other than newline and tab are dropped. Raises TooLarge, AlreadySigned,
        NotTheReader, StaleDraft. The trail tells who began to write, not every save of every few seconds.
        """
        change = writing.clean_text(change)
        resource = self._require_case(actor, Action.REPORT_WRITE, case_id)
        with self._database.write() as session:
            facts = self._facts(session, case_id)
            row, new_author = writing.save(session, actor, facts, change, at=self._clock.now())
            if new_author:
                self._audit(session, actor, Action.REPORT_WRITE, resource, "draft begun")
            session.flush()
            return view.draft(row, facts)

    def sign(
        self,
        actor: Actor,
        case_id: str,
        revision: int,
        *,
        seen_instance_count: int | None = None,
        seen_images_replaced: int | None = None,
    ) -> wire.Report:
        """Sign the draft of this revision for good; the trail keeps the hash of what was signed.

        Raises AlreadySigned, NotTheReader, NoReport, StaleDraft, EmptyReport, IdentityConflict,
        StudyHasGrown if there are more images than `seen_instance_count`, and ImagesReplaced if images have been
        replaced more often than `seen_images_replaced`.
        """
        resource = self._require_case(actor, Action.REPORT_WRITE, case_id)
        with self._database.write() as session:
            facts = self._facts(session, case_id)
            signature = wire.Signature(
                revision=revision, seen_instance_count=seen_instance_count, seen_images_replaced=seen_images_replaced
            )
            # Of the archive itself: what the worklist has been told by events may be some seconds old.
            replaced = self._cases.versions_replaced(session, facts.study_uid)
            row, content_sha256 = writing.sign(
                session, actor, facts, signature, versions_replaced=replaced, at=self._clock.now()
            )
            self._audit(session, actor, Action.REPORT_WRITE, resource, f"signed sha256={content_sha256}")
            session.flush()
            return view.final(session, row)

    def acknowledge(self, actor: Actor, report_id: str) -> wire.Report:
        """確認した, for the requesting site; saying it again changes nothing. Raises NotDelivered."""
        self._require(actor, Action.REPORT_ACKNOWLEDGE, report_id)
        with self._database.write() as session:
            row, delivered = self._delivered(session, report_id)
            if delivery.acknowledge(session, row, delivered, actor, at=self._clock.now()):
                self._audit(session, actor, Action.REPORT_ACKNOWLEDGE, view.resource_of(row), "acknowledged")
            session.flush()
            return view.final(session, row)

    def act(self, actor: Actor, report_id: str, note: str) -> wire.Report:
        """対応済, with what was done; the same again changes nothing.

        Raises NotAcknowledged before 確認した, AlreadyActedOn for another note, NotDelivered, TooLarge.
        """
        note = cleaned(note)
        if len(note.encode()) > LONGEST_NOTE_BYTES:
            raise TooLarge(limit_bytes=LONGEST_NOTE_BYTES)
        self._require(actor, Action.REPORT_ACKNOWLEDGE, report_id)
        with self._database.write() as session:
            row, delivered = self._delivered(session, report_id)
            if delivery.act(session, row, delivered, actor, note, at=self._clock.now()):
                self._audit(session, actor, Action.REPORT_ACKNOWLEDGE, view.resource_of(row), "acted on")
            elif delivered.action_note != note:
                raise AlreadyActedOn(current=view.final(session, row))
            session.flush()
            return view.final(session, row)

    def _listed(self, session: Session, row: ReportRow) -> wire.Report:
        try:
            return view.listed(session, row)
        except SignedVersionDamaged:
            # It stays in the list, marked, and takes no other report with it.
            log.exception("reporting.signed_version_damaged", report_id=row.report_id, version=row.version)
            return view.damaged(session, row, self._facts(session, row.case_id))

    def _seen(self, actor: Actor, report_id: str) -> wire.Report:
        with self._database.read() as session:
            row = session.get_one(ReportRow, report_id)
            shown = view.final(session, row)
            resource = view.resource_of(row)
        reader_of_the_clinic = actor.kind is ActorKind.PERSON and decide(actor, Action.REPORT_ACKNOWLEDGE, resource)
        if not reader_of_the_clinic or shown.delivery is None or shown.delivery.opened_at is not None:
            return shown
        with self._database.write() as session:
            row, delivered = self._delivered(session, report_id)
            if delivery.open_first(session, row, delivered, actor, at=self._clock.now()):
                self._audit(session, actor, Action.REPORT_VIEW, resource, "opened")
            session.flush()
            return view.final(session, row)

    def _delivered(self, session: Session, report_id: str) -> tuple[ReportRow, DeliveryRow]:
        row = session.get_one(ReportRow, report_id)
        delivered = view.delivery_of(session, row, lock=True)
        if delivered is None:
            raise NotDelivered()
        return row, delivered

    def _facts(self, session: Session, case_id: str) -> CaseFacts:
        facts = self._cases.case(session, case_id)
        if facts is None:
            raise NotFound()
        return facts

    def _require_case(self, actor: Actor, action: Action, case_id: str) -> Resource:
        # Outside of the deed's transaction: the gate writes its own audit row.
        with self._database.read() as session:
            facts = self._facts(session, case_id)
        resource = Resource(label=f"case/{case_id}/report", site_code=facts.site_code, study_uid=facts.study_uid)
        self._gate.require(actor, action, resource)
        return resource

    def _require(self, actor: Actor, action: Action, report_id: str) -> ReportRow:
        with self._database.read() as session:
            row = session.get(ReportRow, report_id)
            facts = None if row is None else self._cases.case(session, row.case_id)
        if row is None:
            raise NotFound()
        self._gate.require(actor, action, view.resource_of(row))
        if not view.knows_of(actor, row, facts.reader_login if facts else None):
            raise NotFound()
        return row

    def _audit(self, session: Session, actor: Actor, action: Action, resource: Resource, reason: str) -> None:
        entry = audit_entry(actor, action, resource, clock=self._clock, outcome="done", reason=reason)
        record(session, [entry])
