"""Bring the database to today's shape; safe beside other processes that do the same."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from shared_kernel.database import Database

FOLDER = Path(__file__).parent


def upgrade(database: Database, data: Path) -> None:
    """Run the migrations that are missing; none is the usual case and costs one query."""
    if current(database) == newest():
        return
    with _alone(data), database.engine.connect() as connection:
        command.upgrade(configuration(connection), "head")
        connection.commit()


def current(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str | None:
    """The revision that this version of the hub wants."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def configuration(connection: Connection | None = None) -> Config:
    """What alembic needs to know; `connection` is the one that it works on."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = connection
    return config


@contextmanager
def _alone(data: Path) -> Iterator[None]:
    # A command and the server may both meet an old database at the same moment.
    with (data / "migration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
