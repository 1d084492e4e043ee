"""Proves that the background work digests first, verifies everything once in the set days, and survives a restart."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from pacs_node.archive.space import SpaceWatch
from pacs_node.archive_care.tables import FullDiskRow
from pacs_node.archive_care.worker import CHECK_RATE, CareWorker
from pacs_node.errors import StorageFull
from shared_kernel.database import Database
from tests.pacs_node.archive_care.conftest import Archive
from tests.support.waiting import until


def worker(archive: Archive, verify_days: int = 30) -> CareWorker:
    hub = archive.hub
    return CareWorker(hub.database, hub.files, hub.clock, replace(hub.settings, verify_days=verify_days))


def work(care: CareWorker, steps: int = 10) -> None:
    for _ in range(steps):
        care.run_once()


def test_everything_is_read_again_once_in_the_set_days(archive: Archive) -> None:
    archive.hub.clock.move(timedelta(minutes=1))
    work(worker(archive))
    assert {"ok"} == {row.state for row in archive.rows()}
    archive.path(archive.images[0]).unlink()
    archive.hub.clock.move(timedelta(days=29))
    work(worker(archive))
    assert 0 == archive.told()
    archive.hub.clock.move(timedelta(days=2))
    work(worker(archive))
    assert 1 == archive.told()


def test_it_can_be_switched_off_and_digests_all_the_same(archive: Archive) -> None:
    archive.hub.clock.move(timedelta(minutes=1))
    care = worker(archive, verify_days=0)
    work(care)
    assert 5 == len(archive.rows())
    archive.path(archive.images[0]).unlink()
    archive.hub.clock.move(timedelta(days=100))
    work(care)
    assert 0 == archive.told()


def test_the_rate_is_bounded(archive: Archive) -> None:
    archive.hub.clock.move(timedelta(minutes=1))
    care = worker(archive)
    care.run_once()
    [image] = archive.receive(pixels=bytes(2 * CHECK_RATE))
    archive.digesting().run()
    assert care.run_once() >= sum(len(each.file) for each in archive.images) / CHECK_RATE
    assert image.sop_instance in {each.sop_instance for each in archive.images}


def test_trouble_with_the_database_is_told_once_and_does_not_end_the_work(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.hub.clock.move(timedelta(minutes=1))
    monkeypatch.setattr("pacs_node.archive_care.worker._LOOK_EVERY", 0.01)
    locked = Database("sqlite:////nowhere/hub.sqlite")
    care = CareWorker(locked, archive.hub.files, archive.hub.clock, archive.hub.settings)
    failed: list[str] = []
    monkeypatch.setattr("shared_kernel.repeating.log.exception", failed.append)
    tries = []
    tried = care.run_once
    monkeypatch.setattr(care, "run_once", lambda: (tries.append(1), tried())[1])
    care.start()
    until(lambda: len(tries) > 5, what="more tries")
    assert care.alive
    care.stop()
    assert ["archive.care_failed"] == failed
    locked.close()


def test_a_full_disk_is_over_when_the_database_can_write_that_down(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = archive.hub.files.space = SpaceWatch(quiet_seconds=0)
    care = worker(archive, verify_days=0)

    def full() -> None:
        raise StorageFull

    with capture_logs() as logs:
        space.refuse(StorageFull())
        with monkeypatch.context() as patch:
            patch.setattr(archive.hub.database, "write", full)  # its disk is another one
            for _ in range(3):
                with pytest.raises(StorageFull):
                    care.run_once()
                space.refuse(StorageFull())
        care.run_once()
        care.run_once()
    events = [entry["event"] for entry in logs if entry["event"].startswith("archive.disk")]
    assert ["archive.disk_full", "archive.disk_has_space"] == events
    with archive.hub.database.read() as session:
        assert [4] == list(session.scalars(select(FullDiskRow.refused)))


@pytest.mark.parametrize(("own", "then"), [(0, 15), (19, 19)])
def test_the_work_has_a_low_priority_and_never_a_higher_one_than_the_hub(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, own: int, then: int
) -> None:
    monkeypatch.setattr(os, "getpriority", lambda which, who: own)
    chosen: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda which, who, priority: chosen.append((who, priority)))
    care = worker(archive)
    care.start()
    until(lambda: len(chosen) == 1, what="the choice of a priority")
    care.stop()
    assert chosen[0][0] != threading.get_native_id()
    assert then == chosen[0][1]
