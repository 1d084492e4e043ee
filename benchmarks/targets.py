"""What is measured: the hub and Orthanc, each a child process over fresh data, started as an operator would."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

from benchmarks.commands import ROOT, Command, run
from benchmarks.sending import Node
from benchmarks.web import request
from benchmarks.wire import Address

SENDER, SINK = "BENCH", "BENCH_SINK"
_READY = re.compile(r"dokuei ready http=http://([^ :]+):(\d+) dicom=([^@]+)@([^:]+):(\d+)")
_SECONDS_TO_START = 120
ORTHANC = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin:/usr/local/sbin")


class Target(ABC):
    """A DICOM node under measurement; a context manager that starts and stops it."""

    name: str

    def __init__(self, folder: Path, *, sink: Address | None = None) -> None:
        self.folder = folder
        self.sink = sink
        self.keep = False
        """Leave the folder where it is at the end, for a later run to start on."""
        self.process: subprocess.Popen[str]
        self.node: Node
        self.http: Address

    @abstractmethod
    def start(self) -> None:
        """Start it; it knows BENCH, which may do everything, and where BENCH_SINK listens."""

    @abstractmethod
    def instances(self, study_uid: str) -> int:
        """How many instances of a study it has."""

    @abstractmethod
    def instance(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> bytes:
        """A stored instance as it gives it back: bytes that hold its data set."""

    @property
    @abstractmethod
    def dicomweb(self) -> str:
        """The path of its DICOMweb service."""

    @property
    @abstractmethod
    def credentials(self) -> dict[str, str]:
        """The headers by which somebody who may see and store everything is known."""

    def web(self, path: str, *, method: str = "GET", length: int | None = None, **headers: str) -> bytes:
        """The head of a DICOMweb request; underscores in the names of headers are hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return request(method, self.http, self.dicomweb + path, {**self.credentials, **named}, length=length)

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    def stop(self) -> None:
        """Stop it; its folder stays."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=self.keep)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """GET; status and body."""
        return self.ask("GET", path, None, headers)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """An HTTP request on a connection of its own; status and body."""
        connection = http.client.HTTPConnection(*self.http, timeout=600)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Site:
    """A clinic with its peers; `further` are the words of other commands that belong to it."""

    code: str
    titles: Sequence[str]
    services: str
    further: Sequence[Sequence[str]] = ()

    def commands(self) -> list[Command]:
        """What an operator types to register it; the last one prints the doctor's token."""
        login = self.code.lower()
        doctor = ["person", "add", login, "計測 係", "--site", self.code, "--role", "referring_doctor"]
        services = ["--services", self.services]
        return [
            Command(["site", "add", self.code, f"計測用診療所 {self.code}", "--ae-title", self.titles[0]]),
            Command(["peer", "set", self.titles[0], *services]),
            *(Command(["peer", "add", each, "--site", self.code, *services]) for each in self.titles[1:]),
            *(Command(words) for words in self.further),
            Command([*doctor, "--password-stdin"], stdin=secrets.token_urlsafe()),
            Command(["token", "issue", login]),
        ]


class Hub(Target):
    """This project's hub as it ships: every access decided and audited, everything synced before the answer."""

    name = "dokuei"

    def __init__(self, folder: Path, *, sink: Address | None = None, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, sink=sink)
        self.environ = dict(environ or {})
        self.tokens: dict[str, str] = {}
        """A bearer token of a doctor, by site code."""

    @property
    def dicomweb(self) -> str:
        """`/dicomweb`, where the hub has it."""
        return "/dicomweb"

    @property
    def credentials(self) -> dict[str, str]:
        """A bearer token of the doctor of the clinic that sends: every request passes the access checks."""
        return self._headers("BENCH")

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What it writes to standard error."""
        return self.folder / "hub.log"

    def start(self) -> None:
        """Start it on ports that the system chooses, and register everybody by command line."""
        known = self.data.exists()
        self.serve()
        where = f"{self.sink[0]}:{self.sink[1]}" if self.sink else "127.0.0.1:1"
        if known:
            _, told = self._run(
                Command(["peer", "set", SINK, "--address", where]), Command(["token", "issue", "bench"])
            )
            self.tokens["BENCH"] = told.split()[-1]
            return
        sink = ["peer", "add", SINK, "--site", "BENCH", "--address", where]
        self.add_sites(Site("BENCH", [SENDER], "store,find,move,get,commitment", [sink]))

    def serve(self) -> None:
        """Start the process alone, over the data that are there."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dokuei", "serve", "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"],
                stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT, env=self._environment(),
            )  # fmt: skip
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := _READY.search(line):
                self.http = (found[1], int(found[2]))
                self.node = Node((found[4], int(found[5])), found[3], SENDER)
                return
        raise RuntimeError(f"the hub did not start: {self.log.read_text()[-2000:]}")

    def add_sites(self, *sites: Site) -> None:
        """Register clinics, their peers, which may do what is named, and of each a doctor who reads what it sends."""
        commands = [command for site in sites for command in site.commands()]
        printed = iter(self._run(*commands))
        for site in sites:
            *_, token = islice(printed, len(site.commands()))
            self.tokens[site.code] = token.split()[-1]

    def command(self, *words: str, stdin: str = "") -> str:
        """Run `dokuei` with these words; what it printed. Raises RuntimeError with what it said when it fails."""
        return self._run(Command(words, stdin))[0]

    def _run(self, *commands: Command) -> list[str]:
        return run(commands, self._environment())

    def instances(self, study_uid: str) -> int:
        """By QIDO-RS: NumberOfStudyRelatedInstances."""
        found = self.query(f"/studies?StudyInstanceUID={study_uid}&includefield=00201208")
        return int(found[0]["00201208"]["Value"][0]) if found else 0

    def instance(self, study_uid: str, series_uid: str, sop_instance_uid: str, *, site: str = "BENCH") -> bytes:
        """By WADO-RS, in the stored transfer syntax, by the doctor of a site."""
        wanted = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        path = f"/dicomweb/studies/{study_uid}/series/{series_uid}/instances/{sop_instance_uid}"
        status, body = self.get(path, self._headers(site) | {"Accept": wanted})
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"WADO-RS answered {status}: {body[:300]!r}")
        return body

    def query(self, path: str, site: str = "BENCH") -> list[dict[str, Any]]:
        """A QIDO-RS request below /dicomweb, by the doctor of a site."""
        status, body = self.get(f"/dicomweb{path}", self._headers(site) | {"Accept": "application/dicom+json"})
        if status == http.HTTPStatus.NO_CONTENT:
            return []
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"QIDO-RS answered {status}: {body[:300]!r}")
        found: list[dict[str, Any]] = json.loads(body)
        return found

    def _headers(self, site: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[site]}"}

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "DOKUEI_DATA": str(self.data), **self.environ}


class Orthanc(Target):
    """Orthanc, with its DICOMweb plugin where that is installed.

    TCP_NODELAY=1 is in its environment: without, each answer waits 40 ms for a delayed acknowledgement, and the
    comparison would flatter us.
    """

    name = "Orthanc"

    def __init__(
        self, folder: Path, *, sink: Address | None = None, modalities: Mapping[str, tuple[str, Address]] | None = None
    ) -> None:
        super().__init__(folder, sink=sink)
        self.modalities = dict(modalities or {})
        """Further modalities: AE title and address by Orthanc's name of them."""

    def start(self) -> None:
        """Start it on free ports. Raises RuntimeError when it is not installed."""
        if ORTHANC is None:
            raise RuntimeError("Orthanc is not installed (Debian package: orthanc)")
        self.http, dicom = ("127.0.0.1", _free_port()), ("127.0.0.1", _free_port())
        self.node = Node(dicom, "ORTHANC", SENDER)
        known = {"sink": [SINK, *(self.sink or ("127.0.0.1", 1))], "bench": [SENDER, "127.0.0.1", 1]}
        known |= {name: [title, *where] for name, (title, where) in self.modalities.items()}
        plugin = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
        configuration = {
            "Name": "peer",
            "StorageDirectory": str(self.folder / "storage"),
            "IndexDirectory": str(self.folder / "storage"),
            "Plugins": [str(plugin)] if plugin.exists() else [],
            "HttpPort": self.http[1],
            "DicomPort": dicom[1],
            "DicomAet": "ORTHANC",
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomCheckCalledAet": False,
            "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowMove": True,
            "DicomAlwaysAllowGet": True,
            "DicomModalities": known,
        }
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(configuration, indent=2))
        with (self.folder / "orthanc.log").open("a") as log:
            self.process = subprocess.Popen(
                [ORTHANC, str(path)], stdout=log, stderr=log, text=True, env={**os.environ, "TCP_NODELAY": "1"}
            )
        end = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if self.get("/system")[0] == http.HTTPStatus.OK:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"Orthanc did not start: {(self.folder / 'orthanc.log').read_text()[-2000:]}")

    @property
    def dicomweb(self) -> str:
        """Where its plugin has it unless told otherwise."""
        return "/dicom-web"

    @property
    def credentials(self) -> dict[str, str]:
        """None: it asks nobody who they are here."""
        return {}

    def instances(self, study_uid: str) -> int:
        """By its REST API."""
        found = self._lookup(study_uid, "Study")
        return int(self.rest("GET", f"/studies/{found}/statistics")["CountInstances"]) if found else 0

    def instance(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> bytes:
        """The file that it stored."""
        status, body = self.get(f"/instances/{self._lookup(sop_instance_uid, 'Instance')}/file")
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"Orthanc answered {status}")
        return body

    def rest(self, method: str, path: str, body: object = None) -> Any:
        """A request to its REST API, JSON both ways. Raises RuntimeError with what it said when it refuses."""
        status, answer = self.ask(method, path, None if body is None else json.dumps(body).encode())
        if status != http.HTTPStatus.OK:
            raise RuntimeError(f"Orthanc {method} {path} answered {status}: {answer[:500]!r}")
        return json.loads(answer) if answer else None

    def _lookup(self, uid: str, kind: str) -> str:
        _, body = self.ask("POST", "/tools/lookup", uid.encode())
        return next((str(each["ID"]) for each in json.loads(body) if each["Type"] == kind), "")


def _free_port() -> int:
    """A port that nobody listens on now; Orthanc cannot be told to choose one itself."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
