"""Migrations: they make the shape that the tables declare, for new databases and beside other processes."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from dokuei.migrations.upgrade import current, newest, upgrade
from dokuei.tables import METADATA
from shared_kernel.database import Base, Database


def test_the_migrated_shape_is_the_declared_one(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, METADATA) == []


def test_two_processes_at_once_make_one_database(tmp_path: Path) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        database = Database.in_folder(tmp_path)
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
    database = Database.in_folder(tmp_path)
    assert current(database) == newest()
    assert set(Base.metadata.tables) <= set(inspect(database.engine).get_table_names())
    database.close()
