"""Statements written once in SQLAlchemy Core and run on the driver's own cursor.

For the few places where what SQLAlchemy does around each execution costs more than the statement. The SQL
comes from the dialect, so that the same statement serves every database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement

_MOST_TOGETHER = 64


class Prepared:
    """One statement, compiled once for a dialect; parameters go in by name."""

    def __init__(self, statement: Executable, dialect: Dialect, columns: Collection[str] | None = None) -> None:
        """`columns` are those that an INSERT fills; other statements name theirs by bindparam."""
        if not isinstance(statement, ClauseElement):
            raise TypeError("a Core statement is wanted")
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(columns) if columns else None)
        self.sql = str(compiled)
        self._positional = bool(compiled.positional)
        names = list(compiled.positiontup) if self._positional else list(compiled.params)
        self._given: list[tuple[str, Callable[[Any], Any] | None]] = []
        self._fixed: dict[str, Any] = {}
        required = set(columns or ())
        for name in names:
            bind = compiled.binds[name]
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required or name in required:
                self._given.append((name, convert))
            else:
                self._fixed[name] = convert(bind.value) if convert else bind.value
        self._names = names
        self._row = _row_of(self.sql) if self._positional else None

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """What the driver's `execute` wants: a tuple, or a dict where it names parameters."""
        if self._positional and not self._fixed:
            return tuple([values[name] if convert is None else convert(values[name]) for name, convert in self._given])
        named = dict(self._fixed)
        for name, convert in self._given:
            named[name] = values[name] if convert is None else convert(values[name])
        return tuple(named[name] for name in self._names) if self._positional else named

    def run(self, cursor: Any, values: Mapping[str, Any]) -> int:
        """Execute; returns how many rows were touched."""
        cursor.execute(self.sql, self.parameters(values))
        return int(cursor.rowcount)

    def run_many(self, cursor: Any, rows: Sequence[Mapping[str, Any]]) -> int:
        """Execute for each of `rows`; returns how many rows were touched.

        An INSERT takes them all in one statement where its parameters are positional: each step of a statement
        lets other threads go first.
        """
        if self._row is None or self._fixed or len(rows) < 2:  # noqa: PLR2004  # one is no many
            cursor.executemany(self.sql, [self.parameters(row) for row in rows])
            return int(cursor.rowcount)
        touched = 0
        for begin in range(0, len(rows), _MOST_TOGETHER):
            some = rows[begin : begin + _MOST_TOGETHER]
            before, row, after = self._row
            cursor.execute(
                f"{before}{', '.join([row] * len(some))}{after}", list(chain.from_iterable(map(self.parameters, some)))
            )
            touched += int(cursor.rowcount)
        return touched


def _row_of(sql: str) -> tuple[str, str, str] | None:
    """An INSERT's text before, of and behind the one row that it has."""
    found = re.fullmatch(r"(INSERT INTO .*? VALUES )(\([?, ]+\))(.*)", sql, re.DOTALL)
    return (found[1], found[2], found[3]) if found else None
