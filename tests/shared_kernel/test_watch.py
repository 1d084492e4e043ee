"""Proves that a moment tells of every commit, of this process and of others, and that nobody waits for it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import IntegrityError

from access_control.tables import SiteRow
from shared_kernel.database import Database
from shared_kernel.prepared import Prepared
from shared_kernel.settings import Settings
from shared_kernel.watch import Watch

pytestmark = pytest.mark.only_sqlite("PRAGMA data_version")


def add(database: Database, code: str) -> None:
    with database.write() as session:
        session.execute(text(f"INSERT INTO site VALUES ('{code}', '{code}', '2026-01-01 00:00:00.000000')"))  # noqa: S608


def test_a_moment_lasts_until_somebody_commits(database: Database) -> None:
    first = database.watch.moment()
    assert first is not None
    with database.read() as session:
        session.execute(select(SiteRow))
    assert database.watch.moment() == first
    add(database, "MINATO")
    assert database.watch.moment() != first


def test_a_moment_ends_by_another_process(database: Database, settings: Settings) -> None:
    first = database.watch.moment()
    program = f"import sqlite3; c = sqlite3.connect({str(settings.data / 'hub.sqlite')!r}); "
    program += "c.execute(\"INSERT INTO site VALUES ('X', 'x', '2026-01-01 00:00:00.000000')\"); c.commit()"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    assert database.watch.moment() != first


def test_what_is_rolled_back_is_no_commit(database: Database) -> None:
    first = database.watch.moment()
    add(database, "MINATO")
    second = database.watch.moment()
    with pytest.raises(IntegrityError):
        add(database, "MINATO")
    assert database.watch.moment() == second != first


def test_a_statement_sees_what_is_committed_now(database: Database) -> None:
    statement = Prepared(select(SiteRow.name).where(SiteRow.code == bindparam("code")), database.engine.dialect)
    assert database.watch.ask(statement, {"code": "MINATO"}) == []
    add(database, "MINATO")
    assert database.watch.ask(statement, {"code": "MINATO"}) == [("MINATO",)]


def test_while_somebody_writes_it_still_answers(database: Database) -> None:
    with database.write():
        assert database.watch.moment() is not None


def test_nobody_can_say_without_a_file_or_after_the_end(tmp_path: Path) -> None:
    assert Watch(None).moment() is None
    assert Watch(tmp_path / "none.sqlite").moment() is None
    assert not (tmp_path / "none.sqlite").exists()
    sqlite3.connect(tmp_path / "some.sqlite").execute("CREATE TABLE t (x)").connection.close()
    watch = Watch(tmp_path / "some.sqlite")
    assert watch.moment() is not None
    watch.close()
    assert watch.moment() is None
