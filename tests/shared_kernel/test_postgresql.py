"""On a real PostgreSQL: one writer across processes, a snapshot for each reader, trouble by its name, and it heals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, func, select, text
from sqlalchemy.exc import DBAPIError

from shared_kernel.database import Database, DatabaseUnavailable
from shared_kernel.events.tables import SubscriptionRow
from tests.shared_kernel.test_database import count, place
from tests.support.postgres.server import Server

WRITERS, TIMES = 4, 15


@pytest.fixture
def url(postgres: Server, tmp_path: Path) -> URL:
    return postgres.migrated(tmp_path)


@pytest.fixture
def database(url: URL) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()


@pytest.fixture
def other(url: URL) -> Iterator[Database]:
    """The same database as another process has it, with turns of its own."""
    made = Database(url)
    yield made
    made.close()


def test_what_processes_read_before_they_write_stays_true(url: URL, database: Database) -> None:
    with database.write() as session:
        session.add(place("counter"))

    def add() -> None:
        own = Database(url)
        for _ in range(TIMES):
            with own.write() as session:
                session.get_one(SubscriptionRow, "counter").position += 1
        own.close()

    threads = [threading.Thread(target=add) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with database.read() as session:
        assert WRITERS * TIMES == session.get_one(SubscriptionRow, "counter").position


def test_a_lean_writer_and_one_with_a_session_do_not_write_at_once(database: Database, other: Database) -> None:
    with database.write() as session:
        session.add(place("counter"))

    def lean() -> None:
        for _ in range(TIMES):
            with other.write_lean() as cursor:
                cursor.execute("SELECT position FROM subscription")
                [position] = cursor.fetchone()
                cursor.execute("UPDATE subscription SET position = %(new)s::int", {"new": position + 1})

    thread = threading.Thread(target=lean)
    thread.start()
    for _ in range(TIMES):
        with database.write() as session:
            session.get_one(SubscriptionRow, "counter").position += 1
    thread.join(60)
    with database.read() as session:
        assert 2 * TIMES == session.get_one(SubscriptionRow, "counter").position


def test_a_reader_sees_one_snapshot_and_waits_for_nobody(database: Database, other: Database) -> None:
    counted = select(func.count()).select_from(SubscriptionRow)
    with database.read() as reader:
        assert 0 == reader.scalar(counted)
        with other.write() as session:
            session.add(place("meanwhile"))
            session.flush()
            assert 0 == reader.scalar(counted)
        assert 0 == reader.scalar(counted)
    assert 1 == count(database)


def test_who_waits_too_long_for_another_process_is_told(
    url: URL, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_kernel.postgresql._LONGEST_WAIT_MILLISECONDS", 50)
    impatient = Database(url)
    with other.write() as session:
        session.add(place("first"))
        session.flush()
        with pytest.raises(DatabaseUnavailable, match="lock timeout"), impatient.write() as late:
            late.scalar(select(func.count()).select_from(SubscriptionRow))
        with pytest.raises(DatabaseUnavailable, match="lock timeout"), impatient.write_lean():
            pass
    with impatient.write() as session:
        session.add(place("second"))
    assert 2 == count(impatient)
    impatient.close()


def test_a_connection_that_is_lost_is_told_and_the_next_work_goes_on(postgres: Server, database: Database) -> None:
    def write(name: str) -> None:
        with database.write() as session:
            session.add(place(name))
            if name == "lost":
                session.flush()
                postgres.end_connections(database.engine.url)

    write("first")
    with pytest.raises(DatabaseUnavailable):
        write("lost")
    postgres.end_connections(database.engine.url)
    assert 1 == count(database)
    write("second")
    assert 2 == count(database)


def test_a_lean_connection_that_is_lost_is_replaced(postgres: Server, database: Database) -> None:
    def lean() -> None:
        with database.write_lean() as cursor:
            cursor.execute("UPDATE subscription SET position = 1")

    lean()
    postgres.end_connections(database.engine.url)
    with pytest.raises(DatabaseUnavailable):
        lean()
    lean()


def test_a_server_that_is_away_is_unavailable(url: URL, tmp_path: Path) -> None:
    away = Database(url.update_query_dict({"host": str(tmp_path)}))
    with pytest.raises(DatabaseUnavailable), away.read() as session:
        session.execute(text("SELECT 1"))
    away.close()


def test_a_standby_is_unavailable_for_writing(postgres: Server, url: URL) -> None:
    postgres.execute(f"ALTER DATABASE {url.database} SET default_transaction_read_only = on")
    standby = Database(url)
    assert 0 == count(standby)
    with pytest.raises(DatabaseUnavailable, match="read-only"), standby.write() as session:
        session.add(place("lost"))
    standby.close()


def test_a_commit_is_durable_whatever_the_server_prefers(postgres: Server, url: URL) -> None:
    postgres.execute(f"ALTER DATABASE {url.database} SET synchronous_commit = off")
    careful = Database(url)
    with careful.read() as session:
        assert "on" == session.scalar(text("SHOW synchronous_commit"))
    careful.close()


def test_a_database_of_another_order_of_texts_is_refused_with_a_sentence(postgres: Server) -> None:
    postgres.execute(
        "CREATE DATABASE other_order TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'ja' LOCALE 'C' ENCODING 'UTF8'"
    )
    wrong = Database(postgres.url("other_order"))
    with pytest.raises(DatabaseUnavailable, match="LOCALE 'C'"), wrong.read() as session:
        session.execute(text("SELECT 1"))
    wrong.close()


def test_a_text_that_it_can_not_hold_is_the_statements_fault(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught, database.write() as session:
        session.add(place("a\0b"))
    assert not isinstance(caught.value, DatabaseUnavailable)
    assert 0 == count(database)
