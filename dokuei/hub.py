"""The hub put together: which service gets what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from access_control.credentials import Credentials
from access_control.directory import Directory
from access_control.gate import AccessGate
from access_control.web.authentication import Authenticator
from dokuei.migrations.upgrade import upgrade
from dokuei.wiring.desk import WorklistDesk
from dokuei.wiring.subscribers import all_subscribers
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.completion import CompletionWorker
from pacs_node.ingest.service import IngestService
from pacs_node.peers.service import PeerDirectory
from pacs_node.scp.node import DicomNode
from reporting.index import ReportIndex
from reporting.service import ReportService
from shared_kernel.clock import Clock, SystemClock
from shared_kernel.database import Database
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.settings import Settings
from worklist.service import CaseService


class Hub:
    """One installation: settings, database and every service; nothing runs until it is started."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.database = Database(settings.sqlalchemy_url)
        self.directory = Directory(self.clock)
        self.credentials = Credentials(
            self.database,
            self.clock,
            session_hours=settings.session_hours,
            token_hours=settings.token_hours,
        )
        self.authenticate = Authenticator(self.credentials)
        self.gate = AccessGate(self.database, self.clock)
        self.peers = PeerDirectory(self.database, self.clock)
        self.files = FileStore(settings.data)
        self.catalogue = Catalogue(self.database, self.files)
        self.ingest = IngestService(self.database, self.files, settings, self.clock, self.gate)
        self.node = DicomNode(settings, self.ingest, self.peers, self.gate)
        self.completion = CompletionWorker(self.database, self.clock, settings)
        self.cases = CaseService(
            self.database,
            self.clock,
            self.gate,
            self.catalogue,
            site_name=self.directory.name_of,
            reports=ReportIndex(),
        )
        self.reports = ReportService(self.database, self.clock, self.gate, WorklistDesk(self.cases))
        self.dispatcher = Dispatcher(self.database, self.clock, all_subscribers(self.cases, self.catalogue, self.clock))

    @classmethod
    @contextmanager
    def opened(cls, settings: Settings, clock: Clock | None = None) -> Iterator[Hub]:
        """A hub on its data folder, with the database at today's shape; closed at the end."""
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        hub = cls(settings, clock)
        try:
            upgrade(hub.database, settings.data)
            yield hub
        finally:
            hub.database.close()
