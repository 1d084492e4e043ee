"""Sending signed reports to DICOM peers, as Encapsulated PDF objects."""

from __future__ import annotations

from access_control.decision import decide
from access_control.gate import audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.archive.search import Level, Query, search
from pacs_node.scu.errors import DestinationMayNotSee
from pacs_node.scu.model import Sent
from pacs_node.scu.objects import send_objects
from pacs_node.scu.queue import OutgoingQueue
from pacs_node.scu.sending import StorageScu
from reporting.forms.encapsulated_pdf import encapsulated_pdf
from reporting.forms.pdf import pdf
from reporting.service import ReportService
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database


class ReportSender:
    """Sends a report while the caller waits; nothing is kept of what fails."""

    def __init__(
        self, database: Database, clock: Clock, reports: ReportService, queue: OutgoingQueue, scu: StorageScu
    ) -> None:
        self._database = database
        self._clock = clock
        self._reports = reports
        self._queue = queue
        self._scu = scu

    def send(self, actor: Actor, report_id: str, destination: str) -> Sent:
        """Send the signed version of a report; returns what the peer has answered.

        Raises NotFound, NoReport, Forbidden, SignedVersionDamaged, DestinationUnknown, DestinationMayNotSee.
        """
        report, content_sha256 = self._reports.signed(actor, report_id, opens=False)
        peer = self._queue.destination(destination)
        resource = Resource(label=f"report/{report_id}", site_code=report.site.code, study_uid=report.study.study_uid)
        if not decide(peer.actor(actor.session_id), Action.STUDY_VIEW, resource):
            raise DestinationMayNotSee(ae_title=peer.ae_title)
        with self._database.read() as session:
            sites = frozenset({report.site.code})
            query = Query(level=Level.STUDY, sites=sites, study_uid=report.study.study_uid, with_total=False)
            found = search(session, query).rows
        made = encapsulated_pdf(report, content_sha256, pdf(report, content_sha256), found[0] if found else {})
        [sent] = send_objects(self._scu, peer, [made], site_code=report.site.code, clock=self._clock)
        reason = f"version {report.version} to {peer.ae_title}: {sent.fate} {sent.reason}".strip()
        entry = audit_entry(actor, "report.send", resource, clock=self._clock, outcome="done", reason=reason)
        with self._database.write() as session:
            record(session, [entry])
        return sent
