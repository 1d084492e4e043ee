"""Write the next migration from the difference between the tables and the newest one.

`python -m dokuei.migrations.new "what changes"`; read what it has written, it only guesses.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from alembic import command

from dokuei.migrations.upgrade import configuration, newest, upgrade
from shared_kernel.database import Database


def write(message: str) -> None:
    """Write it as the revision after the newest, numbered `0001`, `0002`, …"""
    with tempfile.TemporaryDirectory() as folder:
        database = Database.in_folder(Path(folder))
        upgrade(database, Path(folder))
        number = f"{int(newest() or 0) + 1:04d}"
        with database.engine.connect() as connection:
            command.revision(configuration(connection), message, autogenerate=True, rev_id=number)
        database.close()


if __name__ == "__main__":
    write(sys.argv[1])
