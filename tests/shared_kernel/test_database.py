"""Transactions: whole or not at all, writers in the order of asking, times with their zone, trouble by its name."""

from __future__ import annotations

import os
import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from shared_kernel.database import Database, DatabaseDamaged, DatabaseUnavailable, sqlite_url
from shared_kernel.errors import Unavailable
from shared_kernel.events.tables import OutboxRow, SubscriptionRow
from tests.support.waiting import until

pytestmark = pytest.mark.both_databases

NOW = datetime(2026, 3, 28, 1, 0, tzinfo=UTC)


def place(name: str, at: datetime = NOW) -> SubscriptionRow:
    return SubscriptionRow(subscriber=name, position=0, failures=0, updated_at=at)


def count(database: Database) -> int | None:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(SubscriptionRow))


def test_what_an_exception_passes_through_is_not_kept(database: Database) -> None:
    def write_and_fail() -> None:
        with database.write() as session:
            session.add(place("lost"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert count(database) == 0


def test_a_reading_session_keeps_nothing(database: Database) -> None:
    with database.read() as session:
        session.add(place("unkept"))
        session.flush()
    assert count(database) == 0


@pytest.mark.only_sqlite("its pragmas")
def test_sqlite_syncs_fully(database: Database) -> None:
    with database.read() as session:
        assert session.scalar(text("PRAGMA synchronous")) == 2
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"


def test_what_is_read_in_a_writing_session_stays_true(database: Database) -> None:
    """Twenty threads add one each to the same number: no addition is lost."""
    with database.write() as session:
        session.add(place("counter"))

    def add_one() -> None:
        with database.write() as session:
            row = session.get_one(SubscriptionRow, "counter")
            row.position += 1

    threads = [threading.Thread(target=add_one) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as session:
        assert session.get_one(SubscriptionRow, "counter").position == 20


def test_times_come_back_in_utc(database: Database) -> None:
    tokyo = datetime(2026, 3, 28, 10, 0, tzinfo=timezone(timedelta(hours=9)))
    with database.write() as session:
        session.add(place("time", tokyo))
    with database.read() as session:
        assert session.get_one(SubscriptionRow, "time").updated_at == NOW


def test_a_time_without_its_zone_is_refused(database: Database) -> None:
    def write_naive() -> None:
        with database.write() as session:
            session.add(place("naive", datetime(2026, 3, 28, 1, 0)))  # noqa: DTZ001  # the point of the test

    with pytest.raises(StatementError, match="time zone"):
        write_naive()
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 0


def test_a_third_writer_waits_only_for_those_before_it(database: Database) -> None:
    """Two threads that write without a pause do not starve a third: turns are taken in the order of asking."""
    written = 0
    enough = threading.Event()

    def keep_writing(name: str) -> None:
        nonlocal written
        while not enough.is_set():
            with database.write() as session:
                written += 1
                session.add(place(f"{name}-{written}"))
                session.flush()
                enough.wait(0.002)  # a transaction takes a while

    threads = [threading.Thread(target=keep_writing, args=[name]) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    until(lambda: written > 10, what="the busy writers")
    overtaken = []
    for _ in range(15):
        before = written
        with database.write() as session:
            session.get(SubscriptionRow, "one-1")
            overtaken.append(written - before)
    enough.set()
    for thread in threads:
        thread.join()
    # Two at most are before it; some may pass between looking and asking. Starved, it waits for hundreds.
    assert max(overtaken) <= 50


def test_writing_inside_of_writing_is_refused_at_once(database: Database) -> None:
    def nest() -> None:
        with database.write() as session:
            session.add(place("outer"))
            with database.write():
                pass

    with pytest.raises(RuntimeError, match="already writing"):
        nest()
    assert count(database) == 0
    with database.write() as session:  # the turn was given back
        session.add(place("later"))
    assert count(database) == 1


def test_who_waits_too_long_for_the_turn_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared_kernel.database._LONGEST_WAIT_SECONDS", 0.05)
    holding, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with database.write():
            holding.set()
            enough.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait()
    with pytest.raises(Unavailable), database.write():
        pass
    enough.set()
    holder.join()
    with database.write() as session:
        session.add(place("after"))
    assert count(database) == 1


@pytest.mark.only_sqlite("a lock of the file")
def test_a_database_locked_by_another_process_is_unavailable(database: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with database.engine.connect() as connection:  # the one connection of the pool, which write() takes next
        connection.exec_driver_sql("PRAGMA busy_timeout=0")
    with pytest.raises(DatabaseUnavailable) as caught, database.write() as session:
        session.add(place("lost"))
    assert isinstance(caught.value, Unavailable)
    assert isinstance(caught.value.__cause__, OperationalError)
    assert {"reason": "database is locked"} == caught.value.details
    other.execute("ROLLBACK")
    other.close()
    with database.write() as session:
        session.add(place("after"))
    assert count(database) == 1


@pytest.mark.only_sqlite("its pages")
def test_a_full_disk_is_unavailable(database: Database) -> None:
    def fill() -> None:
        with database.write() as session:
            pages = session.scalar(text("PRAGMA page_count"))
            session.execute(text(f"PRAGMA max_page_count={pages}"))
            for number in range(100):
                session.add(SubscriptionRow(subscriber=f"{number}", position=0, last_error="x" * 4000, updated_at=NOW))

    with pytest.raises(DatabaseUnavailable, match="disk is full"):
        fill()
    assert count(database) == 0


def test_a_commit_that_fails_is_unavailable(database: Database) -> None:
    """The error comes when the transaction ends, not when a statement runs."""

    def fail(_connection: object) -> None:
        raise OperationalError("COMMIT", {}, _busy())

    event.listen(database.engine, "commit", fail)
    with pytest.raises(DatabaseUnavailable), database.write() as session:
        session.add(place("lost"))


def _busy() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    return error


@pytest.mark.only_sqlite("its pragma")
def test_a_database_that_may_not_be_written_is_unavailable(database: Database) -> None:
    def write() -> None:
        with database.write() as session:
            session.execute(text("PRAGMA query_only=ON"))
            session.add(place("lost"))

    with pytest.raises(DatabaseUnavailable, match="readonly"):
        write()


def test_a_database_that_can_not_be_opened_is_unavailable(tmp_path: Path) -> None:
    database = Database.in_folder(tmp_path / "nowhere")
    with pytest.raises(DatabaseUnavailable, match="unable to open"), database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_bytes(b"not a database at all, " * 100)
    database = Database.in_folder(tmp_path)
    with pytest.raises(DatabaseDamaged) as caught, database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert isinstance(caught.value, Unavailable)
    assert "database_damaged" == caught.value.code
    assert "docs/operation.md" in caught.value.next_step.ja
    assert "docs/operation.md" in caught.value.next_step.en


@pytest.mark.only_sqlite("its pages")
def test_a_malformed_page_is_damage(database: Database, tmp_path: Path) -> None:
    with database.read() as session:
        root = session.scalar(text("SELECT rootpage FROM sqlite_master WHERE name = 'subscription'"))
        size = session.scalar(text("PRAGMA page_size"))
    with database.write() as session:
        session.add(place("there"))
    database.close()  # the last connection puts the log back into the file
    assert isinstance(root, int)
    assert isinstance(size, int)
    with (tmp_path / "hub.sqlite").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    with pytest.raises(DatabaseDamaged), database.read() as session:
        session.scalars(select(SubscriptionRow)).all()


def test_an_error_of_the_statement_stays_what_it_is(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"no such table|does not exist"), database.read() as session:
        session.execute(text("SELECT * FROM elsewhere"))


@pytest.mark.parametrize("name", ["a?b", "a#b", "a b", "読影?mode=memory", "50%25"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    database = Database.in_folder(folder)
    with database.write() as session:
        session.execute(text("CREATE TABLE t (x INTEGER)"))
    database.close()
    assert ["hub.sqlite"] == [path.name for path in folder.iterdir()]


def test_what_is_made_lasting_is_where_a_link_leads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data", "fast"):
        (tmp_path / name).mkdir()
    (tmp_path / "data" / "hub.sqlite").symlink_to(tmp_path / "fast" / "hub.sqlite")
    database = Database.in_folder(tmp_path / "data")
    with database.write_lean(lasting=False) as cursor:
        cursor.execute("CREATE TABLE t (x)")
    synced: list[str] = []
    fsync = os.fsync

    def noted(file: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{file}").readlink()))
        fsync(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", noted)
        database.make_lasting()
    database.close()
    assert synced == [str(tmp_path / "fast" / "hub.sqlite-wal"), str(tmp_path / "fast")]


def test_nothing_is_said_to_last_without_the_log_that_holds_it(tmp_path: Path) -> None:
    file = tmp_path / "one.sqlite"
    database = Database(sqlite_url(file))
    with database.write_lean(lasting=False) as cursor:
        cursor.execute("CREATE TABLE t (x)")
    Path(f"{file}-wal").unlink()
    with pytest.raises(DatabaseUnavailable):
        database.make_lasting()
    database.close()


def test_a_lean_read_is_one_snapshot_and_an_error_in_it_costs_no_connection(database: Database) -> None:
    connected: list[object] = []
    event.listen(database.engine, "connect", lambda *arguments: connected.append(arguments))
    counted = "SELECT count(*) FROM subscription"
    with database.write() as session:
        session.add(place("a"))
    with database.read_lean():
        before = len(connected)
    for number in range(3):
        with database.read_lean() as cursor:
            cursor.execute(counted)
            [first] = cursor.fetchone()
            with database.write() as session:
                session.add(place(f"b{number}"))
            cursor.execute(counted)
            assert [first] == list(cursor.fetchone())
    for _ in range(3):
        with pytest.raises(ValueError, match="malformed"), database.read_lean():
            raise ValueError("malformed")
    assert len(connected) - before <= 1
