"""Proves that a hub whose disk is really full, database and all, answers Out of Resources and goes on by itself.

The whole hub runs on a small file system of its own, while senders go on through two full disks.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from dokuei.hub import Hub
from shared_kernel.settings import Settings
from tests.support.hub_process import HubProcess, command, told
from tests.support.objects import CT, EXPLICIT, Part10, ct
from tests.support.raw_scu import Closed, Rejected, association
from tests.support.waiting import until

_SIZE = 24 * 2**20
_OUT_OF_RESOURCES = 0xA700
_SENDERS = 3


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 24 MiB."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("this container may not mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@dataclass
class Traffic:
    """Senders that never rest."""

    address: tuple[str, int]
    acknowledged: list[Part10] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self.threads = [threading.Thread(target=self._send) for _ in range(_SENDERS)]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        self.stopping.set()
        for thread in self.threads:
            thread.join(60)

    def _send(self) -> None:
        while not self.stopping.is_set():
            try:
                with association(self.address, [(CT, [EXPLICIT])], calling="MINATO_CT") as scu:
                    while not self.stopping.is_set():
                        image = ct(pixels=os.urandom(60_000), StudyInstanceUID=ct().study)
                        status = scu.store(1, CT, image.sop_instance, image.data_set).status
                        self.statuses[status] += 1
                        if status == 0:
                            self.acknowledged.append(image)
                        else:
                            self.stopping.wait(0.02)
            except (Closed, Rejected):
                self.statuses[-1] += 1
                self.stopping.wait(0.1)

    def refused(self, more: int) -> None:
        """Wait until so many more were refused."""
        before = self.statuses[_OUT_OF_RESOURCES]
        until(lambda: self.statuses[_OUT_OF_RESOURCES] > before + more, seconds=60, what="refusals")

    def accepted(self, more: int) -> None:
        """Wait until so many more were taken."""
        before = len(self.acknowledged)
        until(lambda: len(self.acknowledged) > before + more, seconds=60, what="answers with success")


def entries(hub: HubProcess, name: str) -> list[dict[str, object]]:
    """The lines of the hub's log of this name."""
    lines = [json.loads(line) for line in hub.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == name]


def test_senders_go_on_through_a_full_disk(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOKUEI_MIN_FREE_DISK", "0")
    ballast = small / "ballast"
    told(small, "site", "add", "MINATO", "みなと診療所", "--ae-title", "MINATO_CT")
    ballast.write_bytes(bytes(14 * 2**20))
    hub = HubProcess(small).start()
    traffic = Traffic(hub.dicom)
    traffic.start()
    try:
        traffic.refused(50)
        assert [] == entries(hub, "archive.disk_has_space")
        os.truncate(ballast, 0)
        traffic.accepted(20)
        traffic.refused(50)
    finally:
        traffic.stop()
    # Whoever looks now is told; then a disk is put in, so to speak.
    subprocess.run(["mount", "-o", f"remount,size={3 * _SIZE}", str(small)], check=True)
    until(lambda: entries(hub, "archive.disk_has_space"), seconds=40, what="the end of the full disk in the log")
    assert hub.stop(signal.SIGTERM) == 0

    assert {0, _OUT_OF_RESOURCES} == set(traffic.statuses) - {-1}
    begun, over = entries(hub, "archive.disk_full"), entries(hub, "archive.disk_has_space")
    assert len(begun) == len(over) <= 2
    lines = hub.log.read_text().splitlines()
    assert len(lines) < 40, "\n".join(lines[:60])
    assert "full disk: the last time from" in command(small, "doctor").stdout

    with Hub.opened(Settings(data=small, min_free_disk=0)) as opened:
        lost = []
        for image in traffic.acknowledged:
            records = opened.catalogue.instances(image.study)
            if len(records) != 1 or records[0].path.read_bytes()[records[0].dataset_offset :] != image.data_set:
                lost.append(image.sop_instance)
        stored = sorted(path.name for path in opened.files.archive.rglob("*.dcm"))
    assert [] == lost
    assert len(stored) == len(traffic.acknowledged)
    assert [] == list((small / "incoming").iterdir())
