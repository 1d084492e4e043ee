"""Proves that a prepared statement does what SQLAlchemy's own execution does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from access_control.tables import SiteRow
from shared_kernel.database import Database, DatabaseUnavailable
from shared_kernel.prepared import Prepared

AT = datetime(2026, 3, 28, 9, 30, tzinfo=UTC)
pytestmark = pytest.mark.both_databases

SITE: Any = SiteRow.__table__


def names(database: Database) -> list[tuple[str, str, datetime]]:
    with database.read() as session:
        return [(row.code, row.name, row.created_at) for row in session.scalars(select(SiteRow).order_by(SiteRow.code))]


def test_values_are_converted_as_their_columns_say(database: Database) -> None:
    adding = Prepared(insert(SITE), database.engine.dialect, ["code", "name", "created_at"])
    with database.write_lean() as cursor:
        rows = [{"code": code, "name": "診療所", "created_at": AT, "more": "is left alone"} for code in ("A", "B")]
        assert adding.run_many(cursor, rows) == 2
    assert names(database) == [("A", "診療所", AT), ("B", "診療所", AT)]


def test_a_value_that_the_statement_has_itself_goes_along(database: Database) -> None:
    adding = Prepared(insert(SITE), database.engine.dialect, ["code", "name", "created_at"])
    renaming = Prepared(
        update(SITE).where(SITE.c.code == bindparam("which")).values(name="新しい名前"), database.engine.dialect
    )
    with database.write_lean() as cursor:
        adding.run(cursor, {"code": "A", "name": "古い名前", "created_at": AT})
        assert renaming.run(cursor, {"which": "A"}) == 1
        assert renaming.run(cursor, {"which": "B"}) == 0
    assert names(database) == [("A", "新しい名前", AT)]


def test_an_error_takes_everything_back_and_the_next_one_works(database: Database) -> None:
    adding = Prepared(insert(SITE), database.engine.dialect, ["code", "name", "created_at"])

    def fail(why: str) -> None:
        with database.write_lean() as cursor:
            adding.run(cursor, {"code": "A", "name": "診療所", "created_at": AT})
            raise RuntimeError(why)

    for attempt in ("first", "second"):
        with pytest.raises(RuntimeError, match=attempt):
            fail(attempt)
        assert names(database) == []
    with database.write_lean() as cursor:
        adding.run(cursor, {"code": "A", "name": "診療所", "created_at": AT})
    assert len(names(database)) == 1


def test_a_thread_that_is_writing_does_not_wait_for_itself(database: Database) -> None:
    with database.write(), pytest.raises(RuntimeError, match="already writing"), database.write_lean():
        pass


@pytest.mark.only_sqlite("its pragma")
def test_trouble_with_the_file_is_named(database: Database) -> None:
    with database.write_lean() as cursor:
        cursor.execute("PRAGMA query_only=ON")
    with pytest.raises(DatabaseUnavailable), database.write_lean() as cursor:
        cursor.execute("DELETE FROM site")


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()])
def test_it_compiles_for_every_database(dialect: Any) -> None:
    prepared = Prepared(update(SITE).where(SITE.c.code == bindparam("which")).values(name=bindparam("to")), dialect)
    given = prepared.parameters({"which": "A", "to": "B"})
    assert given in (("B", "A"), {"which": "A", "to": "B"})
