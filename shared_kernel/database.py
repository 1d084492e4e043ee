"""The database: one Base, one engine, and the only two ways into it.

`read()` gives a session on one consistent snapshot; `write()` gives a session in a transaction that
has taken the write lock at its beginning, so that what it reads is still true when it writes.
Everything that belongs together (rows, outbox, audit) is written in one `write()`.

Trouble with the file itself leaves both as DatabaseUnavailable (locked, full, read-only, not to be
opened) or DatabaseDamaged; what is wrong with a statement leaves as SQLAlchemy's own error.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    DateTime,
    Dialect,
    MetaData,
    PoolProxiedConnection,
    TypeDecorator,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

from shared_kernel import postgresql
from shared_kernel.errors import Text, Unavailable
from shared_kernel.watch import Watch

_WRITE = "dokuei_write"
_LONGEST_WAIT_SECONDS = 30.0
_KEPT_READERS = 4

# SQLite's primary result codes (the low byte of the extended ones).
_TROUBLE = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

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


class DatabaseUnavailable(Unavailable):
    """The database can't be used now: locked, full, read-only or not to be opened; `reason` says which.

    Nothing of the transaction is kept. The driver's own error is the `__cause__`.
    """


class DatabaseDamaged(DatabaseUnavailable):
    """The file is no database, or what it holds contradicts itself; waiting doesn't mend it."""

    code = "database_damaged"
    message = Text("データベースファイルが壊れています。", "The database file is damaged.")
    next_step = Text(
        "サーバーを停止し、データフォルダをバックアップから復元してください（docs/operation.md）。",
        "Stop the hub and restore the data folder from a backup (docs/operation.md).",
    )


@contextmanager
def naming_trouble() -> Iterator[None]:
    """Inside a `with`, the driver's errors about the file become DatabaseUnavailable or DatabaseDamaged."""
    try:
        yield
    except Exception as error:
        driver = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(driver, "sqlite_errorcode", None)
        primary = None if code is None else code & 0xFF
        if primary in _DAMAGE or postgresql.is_damage(driver):
            raise DatabaseDamaged(reason=str(driver)) from error
        if primary in _TROUBLE or postgresql.is_trouble(driver):
            raise DatabaseUnavailable(reason=str(driver)) from error
        raise


class Database:
    """An engine with the hub's transaction rules on it; one per process, safe to share between threads."""

    def __init__(self, url: str | URL) -> None:
        # A server may have been restarted since a connection was last used; a file is always there.
        self._is_file = make_url(url).get_backend_name() == "sqlite"
        self.engine = create_engine(url, pool_size=20, max_overflow=40, pool_pre_ping=not self._is_file)
        file = self.engine.url.database if self._is_file else None
        self.watch = Watch(Path(file) if file and file != ":memory:" else None)
        """Says whether anything has been committed since; for what is kept in memory."""
        self._turns = _Turns()
        self._lean: PoolProxiedConnection | None = None
        self._readers: deque[PoolProxiedConnection] = deque()
        if self._is_file:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            postgresql.prepare(self.engine, _WRITE)
        self._writing_engine = self.engine.execution_options(**{_WRITE: True})
        self.published = threading.Event()
        """Set after a commit that put events into the outbox; the dispatcher waits for it."""

    @classmethod
    def in_folder(cls, folder: Path) -> Database:
        """The embedded default: `hub.sqlite` in the data folder."""
        return cls(sqlite_url(folder / "hub.sqlite"))

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading; whatever it changed is rolled back.

        Raises DatabaseUnavailable, DatabaseDamaged.
        """
        with naming_trouble(), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back whole when an exception passes.

        Raises DatabaseUnavailable, DatabaseDamaged; RuntimeError on a thread that is writing already,
        which would wait for itself.
        """
        with naming_trouble(), self._turn(), Session(self._writing_engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            if session.info.get("published"):
                self.published.set()

    @contextmanager
    def read_lean(self) -> Iterator[Any]:
        """A cursor of the driver on one consistent snapshot, for statements made with `Prepared`.

        Without the ORM's cost, and otherwise like `read`. Connections to a file are kept for the next one, a few of
        them; those to a server go back to the pool, which asks whether they still live.
        Raises DatabaseUnavailable, DatabaseDamaged.
        """
        with naming_trouble():
            try:
                pooled = self._readers.pop()
            except IndexError:
                pooled = self.engine.raw_connection()
            driver: Any = pooled.driver_connection
            try:
                cursor = driver.cursor()
                cursor.execute("BEGIN" if self._is_file else postgresql.ONE_SNAPSHOT)
                yield cursor
                cursor.close()
            finally:
                try:
                    driver.rollback()
                except Exception:
                    pooled.invalidate()
                if self._is_file and pooled.is_valid and len(self._readers) < _KEPT_READERS:
                    self._readers.append(pooled)
                else:
                    pooled.close()

    @contextmanager
    def write_lean(self, *, lasting: bool = True) -> Iterator[Any]:
        """A cursor of the driver in a transaction of its own, for statements made with `Prepared`.

        What is not `lasting` may be undone by a power failure, and all that came after it with it, until the next
        commit that is, or `make_lasting`. A server of its own makes every commit lasting.

        Without the ORM's cost, and otherwise like `write`: committed at the end, rolled back whole when an
        exception passes, the same errors. Events and audit entries need a session, and so `write`.
        """
        with naming_trouble(), self._turn():
            pooled, self._lean = self._lean or self.engine.raw_connection(), None
            driver: Any = pooled.driver_connection
            try:
                cursor = driver.cursor()
                if self._is_file and not lasting:
                    cursor.execute("PRAGMA synchronous=NORMAL")
                # SQLite's driver is told to leave transactions to us; others begin one with the first statement.
                cursor.execute("BEGIN IMMEDIATE" if self._is_file else postgresql.TAKE_THE_LOCK)
                yield cursor
                cursor.close()
                driver.commit()
            except BaseException:
                try:
                    driver.rollback()
                except Exception:
                    pooled.invalidate()
                raise
            finally:
                if self._is_file and not lasting and pooled.is_valid:
                    driver.execute("PRAGMA synchronous=FULL")
                if pooled.is_valid:  # one writes at a time, so one is enough
                    self._lean = pooled
                else:
                    pooled.close()

    def make_lasting(self) -> None:
        """Return when every transaction that was committed before is on the disk. Raises DatabaseUnavailable."""
        named = self.engine.url.database
        if not self._is_file or not named or named == ":memory:":
            return
        file = Path(named).resolve()  # SQLite follows a link, too, and has its log beside what that leads to
        log = file.with_name(f"{file.name}-wal")
        # What is no longer in the write-ahead log was synced in the database itself before it left there.
        with naming_trouble():
            try:
                if log.exists():
                    _sync(log, os.O_RDWR)
                elif self._needs_log():
                    raise DatabaseUnavailable(reason=f"{log} is not there")
                elif file.exists():
                    _sync(file, os.O_RDWR)
                _sync(file.parent, os.O_RDONLY | os.O_DIRECTORY)
            except OSError as error:
                raise DatabaseUnavailable(reason=str(error)) from error

    def _needs_log(self) -> bool:
        """Whether there should be a write-ahead log: the last connection that is closed removes it.

        Where the file system can't have one everything is in the database itself.
        """
        pool: Any = self.engine.pool
        if not pool.checkedin() + pool.checkedout():
            return False
        pooled = self.engine.raw_connection()
        try:
            [mode] = pooled.driver_connection.execute("PRAGMA journal_mode").fetchone()  # type: ignore[union-attr]
        finally:
            pooled.close()
        return bool(mode == "wal")

    @contextmanager
    def reshape(self) -> Iterator[Connection]:
        """A connection for migrations: one transaction, committed at the end, without foreign keys meanwhile.

        SQLite changes a table by building it anew, and dropping the old one would break every row that
        names it. References are checked before the commit; RuntimeError when one points nowhere.
        Raises as `write` does.
        """
        with naming_trouble(), self._turn(), self._writing_engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            driver: Any = connection.connection.driver_connection
            if sqlite:  # without effect inside a transaction, so past SQLAlchemy, which would begin one
                driver.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
                    if sqlite:
                        _check_references(connection)
            finally:
                if sqlite:
                    driver.execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        """Give all connections back to the system."""
        while self._readers:
            self._readers.pop().close()
        lean, self._lean = self._lean, None
        if lean is not None:
            lean.close()
        self.watch.close()
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        self._turns.take()
        try:
            yield
        finally:
            self._turns.pass_on()


class _Turns:
    """Who may write next in this process: whoever asked first.

    SQLite lets waiters look again and again, and a thread that writes all the time wins each look. PostgreSQL would
    keep the order, but not tell a thread that waits for itself, and each who waits would hold a connection.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._writer: int | None = None
        self._waiting: deque[tuple[int, threading.Event]] = deque()

    def take(self) -> None:
        """Wait for the turn. Raises DatabaseUnavailable after 30 s, RuntimeError for a second turn at once."""
        me = threading.get_ident()
        mine = (me, threading.Event())
        with self._guard:
            if self._writer == me:
                raise RuntimeError("this thread is already writing: a second write() would wait for the first")
            if self._writer is None:
                self._writer = me
                return
            self._waiting.append(mine)
        try:
            came = mine[1].wait(_LONGEST_WAIT_SECONDS)
        except BaseException:  # a signal on the main thread: nobody must wait for one who has left
            if not self._leave(mine):
                self.pass_on()
            raise
        if not came and self._leave(mine):
            raise DatabaseUnavailable(reason="another thread is writing")

    def pass_on(self) -> None:
        """End the turn; the next in line has it."""
        with self._guard:
            if not self._waiting:
                self._writer = None
                return
            self._writer, called = self._waiting.popleft()
            called.set()

    def _leave(self, mine: tuple[int, threading.Event]) -> bool:
        """Leave the line; False if the turn has come in the meantime."""
        with self._guard:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True


def sqlite_url(file: Path) -> URL:
    """The URL of a database file, whatever characters its path has."""
    return URL.create("sqlite", database=str(file))


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


def _sync(path: Path, flags: int) -> None:
    file = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        named = sorted({f"{table} → {parent}" for table, _rowid, parent, _number in broken})
        raise RuntimeError(f"{len(broken)} rows would name what is not there: {', '.join(named)}")
