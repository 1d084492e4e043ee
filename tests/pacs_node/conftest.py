"""A node on a port that the system chose, with two known peers, over a real database and real files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from access_control.gate import AccessGate
from access_control.model import Actor, ActorKind
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.archive.search import Level, Query, search
from pacs_node.ingest.service import Incoming, IngestService, Stored
from pacs_node.peers.service import PeerDirectory
from pacs_node.scp.node import DicomNode
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings

CLINIC_AE, OTHER_AE = "CLINIC_CT", "OTHER_CT"


def peer(site_code: str = "CLINIC", session_id: str = "1") -> Actor:
    """A DICOM peer of a site."""
    return Actor(
        kind=ActorKind.PEER,
        login="ae:CLINIC_CT",
        name="CLINIC_CT",
        role=None,
        site_code=site_code,
        site_name=site_code,
        session_id=session_id,
    )


@dataclass
class Hub:
    """The node's parts, put together as in production."""

    database: Database
    clock: SetClock
    settings: Settings
    files: FileStore
    gate: AccessGate
    ingest: IngestService
    catalogue: Catalogue
    peers: PeerDirectory

    def store(self, file: bytes, sender: Actor | None = None, **said: str) -> Stored:
        """Store a Part 10 file as an import does."""
        with self.ingest.spool() as spool:
            spool.write(file)
            return self.ingest.store(Incoming(sender=sender or peer(), spool=spool, channel="import", **said))

    def node(self, limits: Mapping[str, float] | None = None, **settings: object) -> DicomNode:
        """A DICOM node over these parts with these limits of time, not started."""
        own: dict[str, Any] = {"database": self.database, "clock": self.clock, "patience": 20.0, **(limits or {})}
        return DicomNode(replace(self.settings, **settings), self.ingest, self.peers, **own)

    def studies_of(self, sop_instance_uid: str) -> list[str]:
        """UIDs of the studies that have this instance."""
        query = Query(
            level=Level.INSTANCE, sites=frozenset({"CLINIC", "OTHER"}), keys={"SOPInstanceUID": sop_instance_uid}
        )
        with self.database.read() as session:
            return [row["StudyInstanceUID"] for row in search(session, query).rows]

    def files_on_disk(self) -> list[str]:
        """Every file of the archive and the spool."""
        folders = (self.files.archive, self.files.incoming)
        return sorted(str(path) for folder in folders for path in folder.rglob("*") if path.suffix in {".dcm", ".part"})


@pytest.fixture
def make_hub(database: Database, clock: SetClock, settings: Settings) -> Callable[..., Hub]:
    """Puts a hub together; parts can be given. Ingest is not started."""

    def make(files: FileStore | None = None, using: Database = database, **changed: object) -> Hub:
        own, database = replace(settings, **changed), using
        gate = AccessGate(database, clock)
        files = files or FileStore(own.data)
        ingest = IngestService(database, files, own, clock, gate)
        return Hub(
            database, clock, own, files, gate, ingest, Catalogue(database, files), PeerDirectory(database, clock)
        )

    return make


@pytest.fixture
def hub(make_hub: Callable[..., Hub]) -> Iterator[Hub]:
    """A hub that takes instances."""
    made = make_hub()
    with made.ingest:
        yield made


@pytest.fixture
def address(hub: Hub) -> Iterator[tuple[str, int]]:
    """Where the node of `hub` listens; CLINIC_CT and OTHER_CT are known there."""
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
        hub.peers.add(session, OTHER_AE, "OTHER")
    node = hub.node()
    yield tuple(node.start())
    node.stop()
