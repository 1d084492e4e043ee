"""Proves that the background work digests first, verifies everything once in the set days, and survives a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from pacs_node.archive_care.worker import CHECK_RATE, CareWorker
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
