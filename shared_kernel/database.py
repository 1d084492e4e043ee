"""The database: one Base, one engine, and the only two ways into it.

`read()` gives a session on one consistent snapshot; `write()` gives a session in a transaction that
has taken the write lock at its beginning, so that what it reads is still true when it writes.
Everything that belongs together (rows, outbox, audit) is written in one `write()`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.orm import DeclarativeBase, Session

_WRITE = "dokuei_write"

# Constraint names are fixed here so that a migration can name them on every database.
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every table of the hub; each room declares its own in its `tables.py`."""

    metadata = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """A timestamp that goes in timezone-aware and comes out in UTC, on SQLite too."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times: nobody can say later what they meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a timestamp needs its time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Give the time zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Database:
    """An engine with the hub's transaction rules on it; safe to share between threads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = create_engine(url, pool_size=20, max_overflow=40)
        if self.engine.dialect.name == "sqlite":
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing_engine = self.engine.execution_options(**{_WRITE: True})
        self.published = threading.Event()
        """Set after a commit that put events into the outbox; the dispatcher waits for it."""

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """The embedded default: `hub.sqlite` in the data folder."""
        return cls(f"sqlite:///{folder / 'hub.sqlite'}")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever it changed is rolled back."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back whole when an exception passes."""
        with Session(self._writing_engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            if session.info.get("published"):
                self.published.set()

    def close(self) -> None:
        """Give all connections back to the system."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own BEGIN logic is switched off; ours says which lock is meant.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.execute("PRAGMA temp_store=MEMORY")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
