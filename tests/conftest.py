"""Fixtures that every room's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from dokuei.migrations.upgrade import upgrade
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Address, Settings

# How long an example takes is the machine's business: no test fails for being slow.
hypothesis.settings.register_profile("dokuei", deadline=None)
hypothesis.settings.load_profile("dokuei")


@pytest.fixture
def clock() -> SetClock:
    """Saturday 2026-03-28 10:00 in Japan."""
    return SetClock(datetime(2026, 3, 28, 1, 0, tzinfo=UTC))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a hub in a folder of its own, on ports that the system chooses."""
    any_port = Address("127.0.0.1", 0)
    return Settings(data=tmp_path, http=any_port, dicom=any_port, quiet_period=0.2, min_free_disk=0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh database at today's shape, made by the migrations as in production."""
    made = Database.in_folder(tmp_path)
    upgrade(made, tmp_path)
    yield made
    made.close()
