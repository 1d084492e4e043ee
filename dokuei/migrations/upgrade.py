"""Bring the database to today's shape; safe beside other processes that do the same.

Alembic is imported only where there is work for it: every command of the hub asks first.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from shared_kernel.database import Database
from shared_kernel.errors import DokueiError, Text

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER = Path(__file__).parent


class NewerDatabase(DokueiError):
    """A newer dokuei has changed this database's shape; `database` and `program` are the two revisions."""

    code = "newer_database"
    message = Text(
        "このデータベースは、より新しい版の dokuei で更新されています。",
        "This database was brought up to date by a newer version of dokuei.",
    )
    next_step = Text(
        "新しい版の dokuei をインストールするか、更新前のバックアップを復元してください（docs/operation.md）。",
        "Install the newer version, or restore a backup from before the update (docs/operation.md).",
    )


def upgrade(database: Database, data: Path) -> None:
    """Run the migrations that are missing, all or none; none missing is the usual case and costs two queries.

    Raises NewerDatabase, DatabaseUnavailable, DatabaseDamaged; nothing is changed then.
    """
    if not _is_older(database):
        return
    from alembic import command  # noqa: PLC0415  # see above

    with _alone(data):
        if not _is_older(database):  # somebody else has done it in the meantime
            return
        with database.reshape() as connection:
            command.upgrade(configuration(connection), "head")


def current(database: Database) -> str | None:
    """The revision that the database is at; None for an empty one.

    Raises DatabaseUnavailable, DatabaseDamaged.
    """
    with database.read() as session:
        connection = session.connection()
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return None if found is None else str(found)


def newest() -> str | None:
    """The revision that this version of the hub wants: revisions are numbered `0001`, `0002`, …, one after another."""
    numbers = [path.name[:4] for path in (FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py")]
    return max(numbers, default=None)


def _is_older(database: Database) -> bool:
    is_at, wanted = current(database), newest()
    if is_at is not None and (wanted is None or is_at > wanted):
        raise NewerDatabase(database=is_at, program=wanted)
    return is_at != wanted


def configuration(connection: Connection) -> Config:
    """What alembic needs to know; `connection` is the one that it works on."""
    from alembic.config import Config  # noqa: PLC0415  # see above

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
