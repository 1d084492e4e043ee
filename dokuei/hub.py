"""The hub put together: which service gets what."""

from __future__ import annotations

from sqlalchemy.orm import Session

from access_control.web.authentication import Authenticator
from dicomweb.routes import metadata_worker_over
from dokuei.office import Office
from dokuei.wiring.desk import WorklistDesk
from dokuei.wiring.outgoing_tls import outgoing_tls
from dokuei.wiring.services import dimse_services
from dokuei.wiring.subscribers import all_subscribers
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.archive_care.worker import CareWorker
from pacs_node.commitment.scu import CommitmentScu
from pacs_node.commitment.service import CommitmentService
from pacs_node.commitment.worker import CommitmentWorker
from pacs_node.completion import CompletionWorker
from pacs_node.expectations.manifest import Manifests
from pacs_node.expectations.service import expected_counts
from pacs_node.ingest.service import IngestService
from pacs_node.patients.rereading import TextReader
from pacs_node.patients.service import PatientService
from pacs_node.peers.administration import PeerAdministration
from pacs_node.peers.echo import PeerTester
from pacs_node.peers.model import IntakeRules
from pacs_node.procedures.performed_service import PerformedSteps
from pacs_node.scp.node import DicomNode
from pacs_node.scu.queue import OutgoingQueue
from pacs_node.scu.sending import StorageScu
from pacs_node.scu.worker import OutgoingWorker
from pacs_node.transcoding.workspace import Workspace
from reporting.index import ReportIndex
from reporting.sending import ReportSender
from reporting.service import ReportService
from shared_kernel.clock import Clock
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.settings import Settings
from worklist.requests.service import RequestService
from worklist.service import CaseService


class Hub(Office):
    """One installation: the office and every service; nothing runs until it is started."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        super().__init__(settings, clock)
        self.authenticate = Authenticator(self.credentials)
        self.files = FileStore(settings.data, settings.storage_roots, settings.min_free_disk)
        self.catalogue = Catalogue(self.database, self.files)
        self.ingest = IngestService(self.database, self.files, settings, self.clock, self.gate)
        self.steps = PerformedSteps(self.database, self.clock, self.gate)
        self.commitments = CommitmentService(self.database, self.files, self.clock, self.gate, self.catalogue)
        tls = outgoing_tls(settings)
        self.commitment_worker = CommitmentWorker(
            self.commitments, self.peers, CommitmentScu(settings.ae_title, tls=tls)
        )
        self.work = Workspace.of_archive(self.files, settings.min_free_disk)
        self.scu = StorageScu(settings.ae_title, tls=tls, work=self.work)
        self.manifests = Manifests(self.database, self.clock, self.gate)
        self.outgoing = OutgoingQueue(
            self.database,
            self.clock,
            self.gate,
            self.catalogue,
            peers=self.peers,
            scu=self.scu,
            proof=self.commitments.ask_for_sent,
        )
        self.outgoing_worker = OutgoingWorker(self.outgoing, self.scu)
        self.node = DicomNode(
            settings,
            self.ingest,
            self.peers,
            database=self.database,
            clock=self.clock,
            services=dimse_services(self),
        )
        self.peer_administration = PeerAdministration(
            self.database,
            self.clock,
            self.gate,
            self.directory,
            self.peers,
            try_peer=PeerTester(settings.ae_title, tls=tls),
            our_ae_title=settings.ae_title,
        )
        self.completion = CompletionWorker(self.database, self.clock, settings)
        self.care = CareWorker(self.database, self.files, self.clock, settings)
        self.cases = CaseService(
            self.database,
            self.clock,
            self.gate,
            self.catalogue,
            site_name=self.directory.name_of,
            reports=ReportIndex(),
            expected=expected_counts,
        )
        self.requests = RequestService(
            self.database, self.clock, self.gate, site_name=self.directory.name_of, expected=expected_counts
        )
        self.patients = PatientService(self.database, self.clock, self.gate, site_name=self.directory.name_of)
        self.text_reader = TextReader(self.database, self.files, self.clock, self._rules_of)
        self.reports = ReportService(self.database, self.clock, self.gate, WorklistDesk(self.cases, self.catalogue))
        self.report_sender = ReportSender(self.database, self.clock, self.reports, self.outgoing, self.scu)
        self.metadata_worker = metadata_worker_over(self.catalogue, settings, lambda: self.ingest.busy)
        subscribers = all_subscribers(self.cases, self.catalogue, self.clock, self.metadata_worker.ask)
        self.dispatcher = Dispatcher(self.database, self.clock, subscribers)

    def _rules_of(self, _session: Session, login: str) -> IntakeRules:
        """By what rules a sender's images are indexed today; people and the operator have none."""
        kind, _, title = login.partition(":")
        peer = self.peers.find(title) if kind == "ae" else None
        return peer.intake if peer else IntakeRules()
