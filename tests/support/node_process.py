"""The DICOM node alone, in a process of its own that a test can kill: `python -m tests.support.node_process DATA`.

Prints the port in one line when it listens, and stays until it is killed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import structlog

from access_control.gate import AccessGate
from pacs_node.archive.files import FileStore
from pacs_node.ingest.service import IngestService
from pacs_node.peers.service import PeerDirectory
from pacs_node.scp.node import DicomNode
from shared_kernel.clock import SystemClock
from shared_kernel.database import Database
from shared_kernel.settings import Address, Settings

ROOT = Path(__file__).parents[2]


class NodeProcess:
    """Starts the process over an existing database and waits until it listens."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.node_process", str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        self.address = ("127.0.0.1", int(self.process.stdout.readline()))

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more when this returns."""
        self.process.kill()
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


def main(data: Path) -> None:
    """Serve until killed."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = Settings(data=data, dicom=Address("127.0.0.1", 0), min_free_disk=0)
    database, clock = Database.in_folder(data), SystemClock()
    gate = AccessGate(database, clock)
    ingest = IngestService(database, FileStore(data), settings, clock, gate)
    ingest.start()
    node = DicomNode(settings, ingest, PeerDirectory(database, clock), database=database, clock=clock)
    sys.stdout.write(f"{node.start().port}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
