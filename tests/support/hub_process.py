"""A real hub in a process of its own, as an operator starts it; and its command line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

READY = re.compile(r"dokuei ready http=(http://[^ ]+) dicom=([^@]+)@([^:]+):(\d+)")
ROOT = Path(__file__).parent.parent.parent
PASSWORD = "a password for tests"

_SECONDS_TO_START = 60


def command(data: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `dokuei` with words on a data folder and wait for its end."""
    return subprocess.run(
        [sys.executable, "-m", "dokuei", *words],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
        env=os.environ | {"DOKUEI_DATA": str(data)},
    )


def told(data: Path, *words: str, stdin: str = "") -> str:
    """What a command that must succeed has printed."""
    done = command(data, *words, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass
class HubProcess:
    """`dokuei serve` on ports that the system chose."""

    data: Path
    environ: dict[str, str] = field(default_factory=dict)
    words: tuple[str, ...] = ("serve",)
    process: subprocess.Popen[str] = field(init=False)
    url: str = field(init=False)
    ae_title: str = field(init=False)
    dicom: tuple[str, int] = field(init=False)
    lines: list[str] = field(init=False, default_factory=list)

    @property
    def log(self) -> Path:
        """What it writes to standard error."""
        return self.data.parent / f"{self.data.name}.log"

    def start(self, seconds: float = _SECONDS_TO_START) -> HubProcess:
        """Start it and wait for the ready line."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dokuei", *self.words, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env=os.environ | {"DOKUEI_DATA": str(self.data), "DOKUEI_QUIET_PERIOD": "0.5"} | self.environ,
            )
        timer = threading.Timer(seconds, self.process.kill)
        timer.start()
        found = self._wait_until_ready()
        timer.cancel()
        if found is None:
            self.process.wait()
            raise AssertionError(f"the hub did not start: {''.join(self.lines)} {self.log.read_text()[-3000:]}")
        self.url, self.ae_title = found[1], found[2]
        self.dicom = (found[3], int(found[4]))
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop it by a signal and return its exit status."""
        self.process.send_signal(how)
        status = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def client(self, login: str | None = None) -> httpx2.Client:
        """An HTTP client; with a bearer token of `login`."""
        headers = {"Authorization": f"Bearer {told(self.data, 'token', 'issue', login)}"} if login else {}
        return httpx2.Client(base_url=self.url, headers=headers, timeout=60)

    def _wait_until_ready(self) -> re.Match[str] | None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            if found := READY.search(line):
                return found
        return None
