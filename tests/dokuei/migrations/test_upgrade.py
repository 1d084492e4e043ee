"""Migrations make the declared shape, whole or not at all, with data in it and beside other processes."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from access_control.directory import Directory
from access_control.tables import PersonRow
from dokuei.migrations import upgrade as module
from dokuei.migrations.upgrade import NewerDatabase, current, newest, upgrade
from dokuei.tables import METADATA
from shared_kernel.clock import SetClock
from shared_kernel.database import Base, Database, DatabaseDamaged, sqlite_url
from shared_kernel.errors import DokueiError
from tests.support.postgres.server import Server

pytestmark = pytest.mark.both_databases


@pytest.fixture
def empty(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    """Where a database without any table is."""
    if database_kind == "sqlite":
        return sqlite_url(tmp_path / "hub.sqlite")
    server: Server = request.getfixturevalue("postgres")
    return server.empty()


def test_the_migrated_shape_is_the_declared_one(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_the_migrated_keys_are_the_declared_ones(database: Database) -> None:
    found = inspect(database.engine)
    for table in METADATA.tables.values():
        declared = [column.name for column in table.primary_key.columns]
        assert (table.name, declared) == (table.name, found.get_pk_constraint(table.name)["constrained_columns"])


def test_what_sites_said_before_they_were_in_the_keys_stays_theirs(
    empty: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        folder = tmp_path / "earlier"
        shutil.copytree(module.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", "0009_*", "001*"))
        earlier.setattr(module, "FOLDER", folder)
        database = Database(empty)
        upgrade(database, tmp_path)
    rows = [
        "study_expectation VALUES ('1.2', 'manifest', 'MINATO', :at, 'gateway', 1, NULL)",
        "expected_instance VALUES ('1.2', 'manifest', '1.2.3', 7, '')",
        "expected_instance VALUES ('1.9', 'manifest', '1.2.4', 7, '')",
        "performed_step VALUES ('1.5', 'MINATO', 'CT1', 'IN PROGRESS', '1.2', 'A1', 'P1', :at, :at, '{}')",
        "performed_step_message VALUES (4, '1.5', 'N-CREATE', :at, 'ae:CT1', 'IN PROGRESS', '{}')",
    ]
    with database.write() as session:
        for row in rows:
            statement = text("INSERT INTO " + row)
            session.execute(statement, {"at": datetime(2026, 4, 1)} if ":at" in row else {})  # noqa: DTZ001  # UTC, as columns hold it
    upgrade(database, tmp_path)
    with database.read() as session:
        said = session.execute(text("SELECT site_code, study_uid, source, sop_instance_uid FROM expected_instance"))
        assert [("MINATO", "1.2", "manifest", "1.2.3")] == said.all()
        steps = session.execute(text("SELECT site_code, sop_instance_uid, ae_title FROM performed_step"))
        assert [("MINATO", "1.5", "CT1")] == steps.all()
        messages = session.execute(text("SELECT number, site_code, sop_instance_uid FROM performed_step_message"))
        assert [(4, "MINATO", "1.5")] == messages.all()
    database.close()


def test_two_processes_at_once_make_one_database(empty: URL, tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        database = Database(empty)
        try:
            upgrade(database, tmp_path)
        except BaseException as error:  # told by the assertion below
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    database = Database(empty)
    assert current(database) == newest()
    assert set(Base.metadata.tables) <= set(inspect(database.engine).get_table_names())
    database.close()


NEWEST = newest()
CHANGE = """
import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{before}"


def upgrade() -> None:
    with op.batch_alter_table("site") as batch:
        batch.add_column(sa.Column("note", sa.Text(), nullable=False, server_default="-"))
        batch.alter_column("name", existing_type=sa.Text(), type_=sa.String(400))
    {more}
"""


@pytest.fixture
def region(database: Database, clock: SetClock) -> Database:
    """A database at revision 0001 with a site and a person who belongs to it."""
    directory = Directory(clock)
    with database.write() as session:
        directory.add_site(session, "MINATO", "みなと診療所")
        session.flush()
        session.add(
            PersonRow(
                login="k-minato",
                name="湊 恵子",
                site_code="MINATO",
                role="referring_doctor",
                password_hash="-",
                created_at=clock.now(),
            )
        )
    return database


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a revision 9000 after those that there are, in a folder of its own."""

    def add(more: str) -> None:
        folder = tmp_path / "migrations"
        shutil.copytree(module.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / "9000_later.py").write_text(CHANGE.format(more=more, before=NEWEST))
        monkeypatch.setattr(module, "FOLDER", folder)

    return add


def people(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT login, site_code FROM person"))]


def test_a_table_that_others_refer_to_can_be_changed(
    region: Database, tmp_path: Path, later: Callable[[str], None]
) -> None:
    later("")
    upgrade(region, tmp_path)
    assert "9000" == current(region)
    assert [("k-minato", "MINATO")] == people(region)
    with region.read() as session:
        assert ("みなと診療所", "-") == session.execute(text("SELECT name, note FROM site")).one()
    with pytest.raises(IntegrityError), region.write() as session:  # the rule is on again
        session.execute(text("DELETE FROM site"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("op.execute('DELETE FROM site')", "person → site|fk_person_site_code_site"),
        ("op.execute('UPDATE nowhere SET x = 1')", "nowhere"),
    ],
)
def test_a_migration_that_fails_changes_nothing(
    region: Database, tmp_path: Path, later: Callable[[str], None], more: str, told: str
) -> None:
    later(more)
    with pytest.raises((RuntimeError, DBAPIError), match=told):
        upgrade(region, tmp_path)
    assert NEWEST == current(region)
    assert {"code", "name"} <= {column["name"] for column in inspect(region.engine).get_columns("site")}
    assert "note" not in {column["name"] for column in inspect(region.engine).get_columns("site")}
    assert [("k-minato", "MINATO")] == people(region)


def test_a_database_of_a_newer_version_is_left_alone_with_a_sentence(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0099'"))
    with pytest.raises(NewerDatabase) as refused:
        upgrade(database, tmp_path)
    assert isinstance(refused.value, DokueiError)
    assert ("newer_database", {"database": "0099", "program": newest()}) == (refused.value.code, refused.value.details)
    assert "0099" == current(database)


def test_a_file_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "hub.sqlite").write_bytes(b"no database at all, " * 100)
    database = Database.in_folder(tmp_path)
    with pytest.raises(DatabaseDamaged):
        upgrade(database, tmp_path)
    database.close()
