"""Readiness: only while the hub can work; what is wrong is told in fixed words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from dokuei.hub import Hub
from dokuei.web.hub_app import application
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings


@pytest.fixture
def hub(settings: Settings, clock: SetClock, database: Database) -> Iterator[Hub]:
    """A hub at work, without its servers."""
    made = Hub(settings, clock)
    workers = (
        made.ingest,
        made.dispatcher,
        made.completion,
        made.metadata_worker,
        made.care,
        made.commitment_worker,
        made.outgoing_worker,
    )
    for worker in workers:
        worker.start()
    yield made
    for worker in reversed(workers):
        worker.stop()
    made.database.close()


def ready(hub: Hub) -> tuple[int, str]:
    answer = TestClient(application(hub)).get("/readyz")
    return answer.status_code, answer.text


def test_a_hub_at_work_is_ready(hub: Hub) -> None:
    assert ready(hub) == (200, "ready\n")


@pytest.mark.parametrize(
    ("worker", "name"),
    [
        ("ingest", "ingest"),
        ("dispatcher", "events"),
        ("completion", "completion"),
        ("care", "archive care"),
        ("metadata_worker", "metadata"),
        ("commitment_worker", "commitment"),
        ("outgoing_worker", "sending"),
    ],
)
def test_a_hub_with_a_stopped_thread_is_not(hub: Hub, worker: str, name: str) -> None:
    getattr(hub, worker).stop()
    assert ready(hub) == (503, f"{name}: stopped\n")


def test_a_disk_that_can_not_be_asked_is_not_ready(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> int:
        raise OSError(5, "Input/output error", "/secret/place")

    monkeypatch.setattr(hub.files, "free", gone)
    assert ready(hub) == (503, "disk: can't be used\n")


def test_a_full_disk_is_not_ready(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub.files, "free", lambda: -1)
    assert ready(hub) == (503, "disk: too full to take in images\n")


def test_a_damaged_database_is_not_ready(hub: Hub) -> None:
    hub.dispatcher.stop()
    hub.completion.stop()
    hub.database.close()
    for file in hub.settings.data.glob("hub.sqlite*"):
        file.write_bytes(b"no database" * 1000)
    status, text = ready(hub)
    assert (status, text.splitlines()[0]) == (503, "database: can't be used")
