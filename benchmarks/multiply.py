"""An index of a million studies, by copying rows of a small one that came by ingest.

Taking in a million studies would take the hub hours and say nothing about searching. The rows are those of real
ingest, under other UIDs and numbers; the files that the copies name do not exist, so nothing but QIDO-RS can be asked.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_STEP = 10_000_000
"""How far apart the row ids of two copies are: above those of all before, as if the copy had come later."""


def multiply(database: Path, studies: int, wanted: int) -> None:
    """Let the database of so many studies, which no hub has open, hold `wanted`; goes on where it was stopped."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-1500000")
        [present] = connection.execute("SELECT count(*) FROM study").fetchone()
        if present % studies:
            raise ValueError(f"{database} has {present} studies, which is no multiple of {studies}")
        for number in range(present // studies, wanted // studies):
            connection.execute("BEGIN")
            for table, changed in _changes(number, studies).items():
                _copy(connection, table, changed)
            connection.execute("COMMIT")


def _copy(connection: sqlite3.Connection, table: str, changed: dict[str, str]) -> None:
    """Copy the rows that came by ingest; columns that are not changed stay, also those that this module knows not."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    first = "instance_row" if table == "instance_digest" else "id"
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'"{name}"') for name in names)
    # Names of this module and of the database's own columns, no words of anybody else.
    copied = f'INSERT INTO "{table}" ({columns}) SELECT {values} FROM "{table}" WHERE {first} < {_STEP}'  # noqa: S608
    connection.execute(copied)


def _changes(number: int, studies: int) -> dict[str, dict[str, str]]:
    """What is another in the copy of this number, as SQL, by table and column."""
    rows, more = f"+ {number * _STEP}", number * studies

    def counted(column: str, kept: str, digits: int) -> str:
        """What ends in a study's number of so many digits, with that of the copy's."""
        return f"{kept} || printf('%0{digits}d', CAST(substr({column}, -{digits}) AS INTEGER) + {more})"

    def uid(column: str) -> str:
        return counted(column, f"substr({column}, 1, length({column}) - 12)", 12)

    patient_id = counted("patient_id", "'Q'", 11)
    return {
        "patient": {"id": f"id {rows}", "patient_id": patient_id, "identity": f"'id:' || {patient_id}"},
        "study": {
            "id": f"id {rows}", "study_uid": uid("study_uid"), "patient_row": f"patient_row {rows}",
            "patient_id": patient_id, "accession_number": counted("accession_number", "'Q'", 9),
        },
        "series": {"id": f"id {rows}", "study_row": f"study_row {rows}", "series_uid": uid("series_uid")},
        "instance": {
            "id": f"id {rows}", "series_row": f"series_row {rows}", "sop_instance_uid": uid("sop_instance_uid"),
            "file": f"file || '.{number}'",
        },
        "instance_digest": {"instance_row": f"instance_row {rows}", "file": f"file || '.{number}'"},
    }  # fmt: skip
