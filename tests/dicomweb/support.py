"""What the tests of this room share: people, requests, reading answers, the shared DICOM files."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.testclient import TestClient

from access_control.gate import AccessGate
from access_control.model import Actor, ActorKind, Role
from access_control.web.errors import error_response
from dicomweb.routes import routes
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.ingest.service import IngestService
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import DokueiError, NotSignedIn
from shared_kernel.settings import Settings

TEST_FILES = Path(os.environ.get("DOKUEI_TEST_DICOM") or Path(__file__).parents[2].parent / "shared" / "dicom")
BOUNDARY = "boundary-of-a-test"


def _person(login: str, role: Role, site: str, *, reads_for: frozenset[str] = frozenset()) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        login=login,
        name=login,
        role=role,
        site_code=site,
        site_name=site,
        session_id=f"session of {login}",
        reads_for=reads_for,
    )


PEOPLE = {
    person.login: person
    for person in (
        _person("sender", Role.TECHNOLOGIST, "clinic"),
        _person("reader", Role.RADIOLOGIST, "hospital", reads_for=frozenset({"clinic"})),
        _person("stranger", Role.RADIOLOGIST, "elsewhere"),
        _person("other_sender", Role.TECHNOLOGIST, "elsewhere"),
        _person("secretary", Role.SECRETARIAT, "clinic"),
    )
}


def authenticate(request: Request) -> Actor:
    """Whoever the bearer token names."""
    person = PEOPLE.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    if person is None:
        raise NotSignedIn()
    return person


def recognise(request: Request) -> Actor | None:
    """The same without waiting, as for those who have been here before."""
    return PEOPLE.get(request.headers.get("authorization", "").removeprefix("Bearer "))


def _told(request: Request, error: Exception) -> object:
    assert isinstance(error, DokueiError)
    return error_response(request, error)


@dataclass(frozen=True)
class Hub:
    """What a test talks to, and what it may look into."""

    app: Starlette
    catalogue: Catalogue
    database: Database
    files: FileStore

    def client(self, login: str) -> TestClient:
        return TestClient(self.app, headers={"Authorization": f"Bearer {login}"})

    def left_behind(self) -> list[Path]:
        """Files that are being received; none, once nobody is sending."""
        return sorted(self.files.incoming.iterdir())


def assemble(database: Database, settings: Settings, clock: SetClock) -> tuple[Hub, IngestService]:
    gate = AccessGate(database, clock)
    files = FileStore(settings.data)
    ingest = IngestService(database, files, settings, clock, gate)
    catalogue = Catalogue(database, files)
    app = Starlette(
        routes=routes(catalogue, ingest, gate, authenticate, database, settings, recognise),
        exception_handlers={DokueiError: _told},  # type: ignore[dict-item]
    )
    return Hub(app, catalogue, database, files), ingest


def multipart(*parts: bytes, content_type: str = "application/dicom") -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n\r\n".encode()
    return b"".join(head + part + b"\r\n" for part in parts) + f"--{BOUNDARY}--\r\n".encode()


STOW_TYPE = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'


def store(client: TestClient, *parts: bytes, study: str = "") -> httpx2.Response:
    url = f"/dicomweb/studies/{study}" if study else "/dicomweb/studies"
    return client.post(url, content=multipart(*parts), headers={"Content-Type": STOW_TYPE})


def parts_of(answer: httpx2.Response) -> list[tuple[dict[str, str], bytes]]:
    """Headers and content of each part; written apart from the product's own reader, to check it."""
    content_type = answer.headers["content-type"]
    boundary = content_type.split("boundary=")[1].strip('"').encode()
    pieces = (b"\r\n" + answer.content).split(b"\r\n--" + boundary)
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    parts = []
    for piece in pieces[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        parts.append(({name.lower(): value for name, value in headers.items()}, content))
    return parts


def dataset_of(part10: bytes) -> bytes:
    """What follows the file meta information of a Part 10 file."""
    assert part10[128:132] == b"DICM"
    place = 132
    while part10[place : place + 2] == b"\x02\x00":
        vr = part10[place + 4 : place + 6]
        if vr in {b"OB", b"OW", b"UN", b"SQ", b"UT"}:
            place += 12 + int.from_bytes(part10[place + 8 : place + 12], "little")
        else:
            place += 8 + int.from_bytes(part10[place + 6 : place + 8], "little")
    return part10[place:]


@dataclass(frozen=True)
class Sample:
    """One real file of the shared collection."""

    path: str
    expected: str
    modality: str

    @property
    def content(self) -> bytes:
        return (TEST_FILES / self.path).read_bytes()


def samples(*expected: str, whole_series: bool = True) -> list[Sample]:
    """The files that are expected to be dealt with so; empty where the collection is not at hand."""
    index = TEST_FILES / "index.csv"
    if not index.exists():
        return []
    with index.open(encoding="utf-8") as lines:
        found = [Sample(row["path"], row["expected"], row["modality"]) for row in csv.DictReader(lines)]
    return [
        sample
        for sample in found
        if sample.expected in expected and (whole_series or not sample.path.startswith("series/"))
    ]


needs_files = pytest.mark.skipif(
    not (TEST_FILES / "index.csv").exists(),
    reason="the shared DICOM files are not here; DOKUEI_TEST_DICOM names their folder",
)
