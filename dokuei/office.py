"""The registry's part of a hub: sites, people, contracts, peers and tokens; no images and no web."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from access_control.credentials import Credentials
from access_control.directory import Directory
from access_control.gate import AccessGate
from dokuei.migrations.upgrade import upgrade
from pacs_node.peers.service import PeerDirectory
from shared_kernel.clock import Clock, SystemClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings


class Office:
    """Settings, database and who there is in the region; what the commands of an operator need."""

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
        self.gate = AccessGate(self.database, self.clock)
        asks = settings.dicom_tls is not None and settings.tls_client_ca is not None
        self.peers = PeerDirectory(self.database, self.clock, asks_certificates=asks)

    @classmethod
    @contextmanager
    def opened(cls, settings: Settings, clock: Clock | None = None) -> Iterator[Self]:
        """The office on its data folder, with the database at today's shape; closed at the end."""
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        office = cls(settings, clock)
        try:
            upgrade(office.database, settings.data)
            yield office
        finally:
            office.database.close()
