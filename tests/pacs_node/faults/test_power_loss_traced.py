"""Proves with the system calls of a whole node, SQLite's too, that a power failure keeps what was answered.

After each answer that left the node, what had been synced by then is laid out as a data folder of its own, with the
database and the landing log in it; a hub that starts there must name each instance that was answered, and have its file
whole.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from access_control.gate import AccessGate
from dokuei.migrations.upgrade import upgrade
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.files import FileStore
from pacs_node.archive.landing import LARGEST
from pacs_node.ingest.service import IngestService
from pacs_node.peers.service import PeerDirectory
from shared_kernel.clock import SystemClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings
from tests.support.lossy_disk import Call, LossyDisk
from tests.support.objects import CT, EXPLICIT, Part10, ct
from tests.support.raw_scu import association
from tests.support.traced_node import TracedNode, needs_strace
from tests.support.waiting import until

_SENDERS = 2
_EACH = 8


def sent_by(address: tuple[str, int], images: list[Part10]) -> list[int]:
    with association(address, [(CT, [EXPLICIT])]) as scu:
        return [scu.store(1, CT, image.sop_instance, image.data_set).status for image in images]


def lost_at(disk: LossyDisk, answered: dict[str, Part10], data: Path, place: Path, *, without: str = "") -> list[str]:
    """Which of the answered instances a hub does not have that starts on what has survived."""
    kinds = {".sqlite", ".sqlite-wal", ".dcm", ".log"} - {without}
    for name, content in disk.survivors().items():
        if Path(name).suffix in kinds:
            target = place / Path(name).relative_to(data)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    database, files, clock = Database.in_folder(place), FileStore(place), SystemClock()
    settings = Settings(data=place, min_free_disk=0)
    try:
        with IngestService(database, files, settings, clock, AccessGate(database, clock)):
            catalogue = Catalogue(database, files)
            lost = []
            for uid, image in answered.items():
                found = catalogue.instances(image.study, sop_instance_uid=uid)
                if not (found and found[0].path.exists() and found[0].path.read_bytes().endswith(image.data_set)):
                    lost.append(uid)
            return lost
    finally:
        database.close()


def has_landed(data: Path) -> bool:
    """Whether everything is in its place: the landing log is empty again."""
    logs = [path.read_bytes()[:8] for path in (data / "landing").iterdir()]
    return any(logs) and not any(b"".join(logs))


@pytest.fixture
def traced(tmp_path: Path) -> tuple[list[Call], LossyDisk, list[Part10], Path]:
    """A recording of two senders, the disk before it, and what was sent."""
    data = tmp_path / "data"
    for folder in (data, data / "incoming", data / "archive"):
        folder.mkdir()
    database = Database.in_folder(data)
    upgrade(database, data)
    with database.write() as session:
        PeerDirectory(database, SystemClock()).add(session, "CLINIC_CT", "CLINIC")
    database.close()
    there = [str(path) for path in data.rglob("*")]
    disk = LossyDisk(data, there, {str(data / "hub.sqlite"): (data / "hub.sqlite").read_bytes()})
    node = TracedNode(data, tmp_path / "trace")
    study = ct().study
    loads = [
        [ct(pixels=bytes(512 if number % 4 else LARGEST), StudyInstanceUID=study) for number in range(_EACH)]
        for _ in range(_SENDERS)
    ]
    with ThreadPoolExecutor(_SENDERS) as pool:
        statuses = list(pool.map(lambda load: sent_by(node.address, load), loads))
    until(lambda: has_landed(data), what="the landing log to be emptied")
    node.kill()
    assert [[0] * _EACH] * _SENDERS == statuses
    return node.calls(), disk, [image for load in loads for image in load], data


@needs_strace
def test_each_answer_is_kept_by_what_was_synced_before_it(
    traced: tuple[list[Call], LossyDisk, list[Part10], Path], tmp_path: Path
) -> None:
    calls, disk, sent, data = traced
    answered: dict[str, Part10] = {}
    for number, call in enumerate(calls):
        disk.replay(call)
        if call.what == "send":
            told = {image.sop_instance: image for image in sent if image.sop_instance.encode() in call.data}
            if told.keys() - answered.keys():
                answered |= told
                assert [] == lost_at(disk, answered, data, tmp_path / f"after {number}")
    assert len(sent) == len(answered)


@needs_strace
def test_when_the_landing_log_is_emptied_everything_lasts_in_its_place(
    traced: tuple[list[Call], LossyDisk, list[Part10], Path], tmp_path: Path
) -> None:
    calls, disk, sent, data = traced
    for call in calls:
        disk.replay(call)
    assert [] == lost_at(disk, {image.sop_instance: image for image in sent}, data, tmp_path / "after", without=".log")


@needs_strace
@pytest.mark.parametrize("left_out", ["hub.sqlite-wal", ".dcm", "/archive"])
def test_a_sync_that_is_left_out_is_seen(
    traced: tuple[list[Call], LossyDisk, list[Part10], Path], tmp_path: Path, left_out: str
) -> None:
    calls, disk, sent, data = traced
    for call in calls:
        if not (call.what.startswith("sync") and left_out in f"{call.what} {call.path}"):
            disk.replay(call)
    assert lost_at(disk, {image.sop_instance: image for image in sent}, data, tmp_path / "after", without=".log")


@needs_strace
def test_a_sync_of_the_landing_log_that_is_left_out_is_seen(
    traced: tuple[list[Call], LossyDisk, list[Part10], Path], tmp_path: Path
) -> None:
    calls, disk, sent, data = traced
    last = max(number for number, call in enumerate(calls) if call.what == "send")
    for call in calls[: last + 1]:
        if not (call.what.startswith("sync") and "/landing" in call.path):
            disk.replay(call)
    assert lost_at(disk, {image.sop_instance: image for image in sent}, data, tmp_path / "after")
