"""Proves that first images of one patient that come at the same moment make one patient, also by two processes."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from access_control.gate import AccessGate
from pacs_node.archive.files import FileStore
from pacs_node.archive.tables import PatientRow, StudyRow
from pacs_node.ingest.service import Incoming, IngestService
from shared_kernel.clock import SystemClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import ct
from tests.support.postgres import dialect as _dialect  # noqa: F401  # the other process needs it too

pytestmark = pytest.mark.both_databases

AT_ONCE = 8
PATIENTS = 5
SECONDS = 60


def store_all(ingest: IngestService, wait: Callable[[], object]) -> None:
    """One first image of each of some patients, in a study of its own."""
    images = [ct(PatientID=f"P-{number}") for number in range(PATIENTS)]
    wait()
    for image in images:
        with ingest.spool() as spool:
            spool.write(image.file)
            ingest.store(Incoming(sender=peer(), spool=spool, channel="import"))


def counts(database: Database) -> tuple[int, int, int]:
    with database.read() as session:
        patients = session.scalar(select(func.count()).select_from(PatientRow))
        studies = session.scalar(select(func.count()).select_from(StudyRow))
        marked = session.scalar(select(func.count()).select_from(StudyRow).where(StudyRow.identity_conflict.is_(True)))
    return patients or 0, studies or 0, marked or 0


def test_threads(hub: Hub) -> None:
    barrier = threading.Barrier(AT_ONCE)
    threads = [
        threading.Thread(target=store_all, args=(hub.ingest, lambda: barrier.wait(SECONDS))) for _ in range(AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    assert (PATIENTS, PATIENTS * AT_ONCE, 0) == counts(hub.database)


def _process(settings: Settings, barrier: object) -> None:
    database, clock = Database(settings.sqlalchemy_url), SystemClock()
    ingest = IngestService(database, FileStore(settings.data), settings, clock, AccessGate(database, clock))
    with ingest:
        store_all(ingest, lambda: barrier.wait(SECONDS))  # type: ignore[attr-defined]
    database.close()


def test_two_processes(database: Database, settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    processes = [context.Process(target=_process, args=(settings, barrier)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(SECONDS)
        assert process.exitcode == 0
    assert (PATIENTS, PATIENTS * 2, 0) == counts(database)
