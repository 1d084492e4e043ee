"""Statements written once in SQLAlchemy Core and run on the driver's own cursor.

For the few places where what SQLAlchemy does around each execution costs more than the statement. The SQL
comes from the dialect, so that the same statement serves every database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.elements import ClauseElement


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

    def run_many(self, cursor: Any, rows: Iterable[Mapping[str, Any]]) -> int:
        """Execute once for each of `rows`; returns how many rows were touched."""
        cursor.executemany(self.sql, [self.parameters(row) for row in rows])
        return int(cursor.rowcount)
