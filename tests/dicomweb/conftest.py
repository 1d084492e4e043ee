"""A DICOMweb application over the real database, ingest and catalogue; only signing in is made up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings
from tests.dicomweb.support import Hub, assemble


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pydicom remarks on the odd values that many of these files have; that is what they are for."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::UserWarning"))


@pytest.fixture
def hub(database: Database, settings: Settings, clock: SetClock) -> Iterator[Hub]:
    made, ingest = assemble(database, settings, clock)
    with ingest:
        yield made


@pytest.fixture
def sender(hub: Hub) -> TestClient:
    return hub.client("sender")


@pytest.fixture
def reader(hub: Hub) -> TestClient:
    return hub.client("reader")
