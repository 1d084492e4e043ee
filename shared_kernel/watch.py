"""Whether the database has changed since something was read from it, asked so cheaply that every request can."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared_kernel.prepared import Prepared

Moment = int | None
"""A state of the database: two that are equal had no commit between them. None: nobody can say."""


class Watch:
    """A kept connection to a SQLite file, for questions of some microseconds on the event loop.

    What is kept in memory with the moment that was asked for *before* it was read is exactly what the
    database says as long as `moment` answers the same; when that has moved, `ask` says with one short
    statement whether the kept thing has changed too. Commits of every process and thread count
    (`PRAGMA data_version`). Nobody waits here: whoever comes while another asks is told None, as is everybody
    over another database, and goes the long way.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def moment(self) -> Moment:
        """The state that the database is in now."""
        rows = self._rows("PRAGMA data_version", ())
        return int(rows[0][0]) if rows else None

    def ask(self, statement: Prepared, values: Mapping[str, Any]) -> list[tuple[Any, ...]] | None:
        """The rows of a statement that finds few by a key, as the driver gives them; None when it can't be asked."""
        return None if self._file is None else self._rows(statement.sql, statement.parameters(values))

    def close(self) -> None:
        """Give the connection back for good: another one would count its moments from the beginning."""
        with self._lock:
            self._file = None
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _rows(self, sql: str, parameters: Any) -> list[tuple[Any, ...]] | None:
        if self._file is None or not self._lock.acquire(blocking=False):
            return None
        try:
            if self._connection is None:
                self._connection = self._opened(self._file)
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error:  # locked, gone, damaged: the long way tells it in words
            return None
        finally:
            self._lock.release()

    @staticmethod
    def _opened(file: Path) -> sqlite3.Connection:
        # Never made here, never waited for, and read only.
        connection = sqlite3.connect(
            f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA query_only=ON")
        return connection
