"""Transactions: whole or not at all, writers one after another, times with their zone."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import StatementError

from shared_kernel.database import Database
from shared_kernel.events.tables import OutboxRow, SubscriptionRow

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
