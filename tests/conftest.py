"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest

from dokuei.migrations.upgrade import upgrade
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Address, Settings
from tests.support.postgres.server import Server, missing, running

# How long an example takes is the machine's business: no test fails for being slow.
hypothesis.settings.register_profile("dokuei", deadline=None)
hypothesis.settings.load_profile("dokuei")

KIND = os.environ.get("DOKUEI_TEST_DATABASE") or "sqlite"


@pytest.fixture
def clock() -> SetClock:
    """Saturday 2026-03-28 10:00 in Japan."""
    return SetClock(datetime(2026, 3, 28, 1, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of the tests' own."""
    if missing():
        pytest.skip(missing())
    with running() as server:
        yield server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that are marked run on both databases, whatever the others run on."""
    marked = metafunc.definition.get_closest_marker
    if "database_kind" in metafunc.fixturenames and marked("both_databases") and not marked("only_sqlite"):
        metafunc.parametrize("database_kind", ["sqlite", "postgresql"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of the database file have nothing to say of a server."""
    for item in items:
        if KIND != "sqlite" and (marker := item.get_closest_marker("only_sqlite")):
            item.add_marker(pytest.mark.skip(reason=f"only SQLite has this: {marker.args[0]}"))


@pytest.fixture
def database_kind() -> str:
    """`sqlite`, or with DOKUEI_TEST_DATABASE=postgresql that for every test that asks for `settings` or `database`.

    Programs that a test starts by their command have no driver for it and stay on their file.
    """
    return KIND


@pytest.fixture
def database_url(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where the test's own fresh database is; empty for the file in its folder."""
    if database_kind == "sqlite":
        return ""
    server: Server = request.getfixturevalue("postgres")
    return server.migrated(tmp_path).render_as_string(hide_password=False)


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of a hub in a folder of its own, on ports that the system chooses."""
    any_port = Address("127.0.0.1", 0)
    return Settings(
        data=tmp_path,
        http=any_port,
        dicom=any_port,
        quiet_period=0.2,
        min_free_disk=0,
        database_url=database_url,
    )


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    """A fresh database at today's shape, made by the migrations as in production."""
    made = Database(settings.sqlalchemy_url)
    upgrade(made, settings.data)
    yield made
    made.close()
