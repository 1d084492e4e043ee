"""A real PostgreSQL for tests: the system's own programs, a socket in a folder, nothing durable."""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import OperationalError

from dokuei.migrations.upgrade import upgrade
from shared_kernel.database import Database
from tests.support.postgres.dialect import DRIVER
from tests.support.waiting import until

_TEMPLATE = "migrated"
_PR_SET_PDEATHSIG = 1


@cache
def _program(name: str) -> str | None:
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name) or next((str(place / name) for place in places if (place / name).is_file()), None)


def _user_postgres() -> str | None:
    with suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return None


def missing() -> str:
    """What this machine lacks for a PostgreSQL of its own; empty if nothing."""
    if not (_program("initdb") and _program("postgres")):
        return "PostgreSQL's initdb and postgres are not on this machine (Debian: postgresql)"
    if ctypes.util.find_library("pq") is None:
        return "libpq is not on this machine (Debian: libpq5)"
    if os.getuid() == 0 and not _user_postgres():
        return "PostgreSQL refuses to run as root, and there is no user 'postgres'"
    return ""


needs_postgres = pytest.mark.skipif(bool(missing()), reason=missing() or "PostgreSQL is here")


class Server:
    """A running server; `database()` makes a fresh one at today's shape."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder
        self._numbers = itertools.count(1)
        self._engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        self._made = False

    def url(self, database: str) -> URL:
        """Where a database is."""
        return URL.create(DRIVER, "postgres", database=database, query={"host": str(self.socket)})

    def empty(self) -> URL:
        """A database without tables."""
        return self._create("template0")

    def migrated(self, data: Path) -> URL:
        """A database as the migrations leave it."""
        if not self._made:
            self._create("template0", _TEMPLATE)
            made = Database(self.url(_TEMPLATE))
            upgrade(made, data)
            made.close()
            self._made = True
        return self._create(_TEMPLATE)

    def answers(self) -> bool:
        """Whether it lets in."""
        with suppress(OperationalError):
            self.execute("SELECT 1")
            return True
        return False

    def execute(self, sql: str) -> None:
        """One command of the server's administrator."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql(sql)

    def end_connections(self, url: URL) -> None:
        """Break all connections to a database, as a restart of the server does."""
        ended = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
        with self._engine.connect() as connection:
            connection.execute(ended, {"name": url.database})

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def _create(self, template: str, name: str | None = None) -> URL:
        name = name or f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' LOCALE 'C'")
        return self.url(name)


@contextmanager
def running() -> Iterator[Server]:
    """A server until the end of the block."""
    owner = _user_postgres() if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as place:
        folder = Path(place)  # short: a socket's path has 107 bytes at most
        if owner:
            shutil.chown(folder, owner, owner)
        data = folder / "data"
        initdb, postgres = _program("initdb") or "", _program("postgres") or ""

        def ended_with_us() -> None:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)

        subprocess.run(
            [initdb, "-D", str(data), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd=folder, user=owner, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        )  # fmt: skip
        options = ["listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200"]
        words = [postgres, "-D", str(data), "-k", str(folder), *[word for one in options for word in ("-c", one)]]
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                words, cwd=folder, user=owner, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=ended_with_us,  # noqa: PLW1509  # a run that is killed leaves no server behind
            )  # fmt: skip
        try:
            server = Server(folder)
            try:
                until(server.answers, what="PostgreSQL")
                yield server
            finally:
                server.close()
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(30)
