"""One running hub with a small region, shared by the end-to-end tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import region
from tests.support.hub_process import HubProcess


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """`dokuei serve`, with the region registered while it runs."""
    running = HubProcess(tmp_path_factory.mktemp("hub") / "data").start()
    region.register(running.data)
    yield running
    running.stop()
