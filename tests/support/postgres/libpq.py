"""A driver of PostgreSQL for tests, over the system's libpq: DB-API 2.0 as far as SQLAlchemy and the hub need it.

It behaves as psycopg 3 does where that can be seen from outside: parameters are bound by the server, whole numbers go
with the smallest type that holds them, texts without a type, a NUL in a text is refused, a transaction begins with the
first statement, errors carry `sqlstate`. So what runs here runs there, and the tests need no driver installed.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

apilevel, threadsafety, paramstyle = "2.0", 1, "pyformat"

_OK, _EMPTY, _COMMAND_OK, _TUPLES_OK = 0, 0, 1, 2
_SQLSTATE, _TEXT, _BINARY, _UNKNOWN, _BYTEA = ord("C"), 0, 1, 0, 17


class Error(Exception):
    """What the server or libpq refused; `sqlstate` as in appendix A of PostgreSQL's manual, None for a lost server."""

    def __init__(self, message: str, sqlstate: str | None = None) -> None:
        super().__init__(message)
        self.sqlstate = sqlstate


class Warning(Exception): ...  # DB-API's name


class InterfaceError(Error): ...


class DatabaseError(Error): ...


class DataError(DatabaseError): ...


class OperationalError(DatabaseError): ...


class IntegrityError(DatabaseError): ...


class InternalError(DatabaseError): ...


class ProgrammingError(DatabaseError): ...


class NotSupportedError(DatabaseError): ...


_BY_CLASS: dict[str, type[DatabaseError]] = {
    "0A": NotSupportedError,
    "21": ProgrammingError,
    "22": DataError,
    "23": IntegrityError,
    "25": InternalError,
    "26": ProgrammingError,
    "42": ProgrammingError,
    "XX": InternalError,
}


class Json:
    """A value that goes as JSON."""

    def __init__(self, value: object) -> None:
        self.text = json.dumps(value)


@cache
def _lib() -> ctypes.CDLL:
    name = ctypes.util.find_library("pq")
    if name is None:
        raise InterfaceError("libpq is not on this machine")
    lib = ctypes.CDLL(name)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, result, arguments in (
        ("PQconnectdb", pointer, [text]),
        ("PQstatus", number, [pointer]),
        ("PQerrorMessage", text, [pointer]),
        ("PQtransactionStatus", number, [pointer]),
        ("PQfinish", None, [pointer]),
        ("PQexec", pointer, [pointer, text]),
        ("PQexecParams", pointer, [pointer, text, number, pointer, pointer, pointer, pointer, number]),
        ("PQresultStatus", number, [pointer]),
        ("PQresultErrorField", text, [pointer, number]),
        ("PQresultErrorMessage", text, [pointer]),
        ("PQclear", None, [pointer]),
        ("PQntuples", number, [pointer]),
        ("PQnfields", number, [pointer]),
        ("PQfname", text, [pointer, number]),
        ("PQftype", ctypes.c_uint, [pointer, number]),
        ("PQgetisnull", number, [pointer, number, number]),
        ("PQgetlength", number, [pointer, number, number]),
        ("PQgetvalue", pointer, [pointer, number, number]),
        ("PQcmdTuples", text, [pointer]),
        ("PQsetNoticeProcessor", pointer, [pointer, pointer, pointer]),
    ):
        one = getattr(lib, function)
        one.restype, one.argtypes = result, arguments
    return lib


_SILENT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)(lambda _where, _notice: None)


def connect(**parameters: object) -> Connection:
    """Connect; names and values are libpq's, `dbname`, `host`, `user` …"""
    return Connection(parameters)


class Connection:
    """One connection; for one thread at a time."""

    def __init__(self, parameters: Mapping[str, object]) -> None:
        quoted = [f"{key}='{_quoted(str(value))}'" for key, value in parameters.items()]
        self._lib, self.autocommit = _lib(), False
        self._pq: int | None = self._lib.PQconnectdb(" ".join(quoted).encode())
        if self._lib.PQstatus(self._pq) != _OK:
            told = self._lib.PQerrorMessage(self._pq).decode(errors="replace").strip()
            self.close()
            raise OperationalError(told)
        self._lib.PQsetNoticeProcessor(self._pq, ctypes.cast(_SILENT, ctypes.c_void_p), None)

    @property
    def closed(self) -> bool:
        """Whether it was closed here."""
        return self._pq is None

    @property
    def broken(self) -> bool:
        """Whether the server has gone."""
        return self._pq is not None and self._lib.PQstatus(self._pq) != _OK

    @property
    def info(self) -> Connection:
        """As psycopg has it."""
        return self

    @property
    def transaction_status(self) -> int:
        """0 outside a transaction (PQtransactionStatus)."""
        return int(self._lib.PQtransactionStatus(self._open()))

    def cursor(self) -> Cursor:
        """A cursor."""
        return Cursor(self)

    def commit(self) -> None:
        """Commit; nothing outside a transaction."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """Roll back; nothing outside a transaction."""
        self._end("ROLLBACK")

    def close(self) -> None:
        """Close; a second time does nothing."""
        pq, self._pq = self._pq, None
        if pq:
            self._lib.PQfinish(pq)

    def add_notice_handler(self, _handler: object) -> None:
        """Notices are not shown."""

    def run(self, sql: str, values: Sequence[object]) -> tuple[list[tuple[str, int]], list[tuple[Any, ...]], int]:
        """Columns (name, type), rows, and how many rows were touched, -1 where that means nothing."""
        if not self.autocommit and self.transaction_status == _OK:
            self._command("BEGIN")
        return self._execute(sql, values)

    def _open(self) -> int:
        if self._pq is None:
            raise OperationalError("the connection is closed")
        return self._pq

    def _end(self, command: str) -> None:
        if self.broken or self.closed:
            raise OperationalError("the connection is lost")
        if self.transaction_status != _OK:
            self._command(command)

    def _command(self, sql: str) -> None:
        self._judged(self._lib.PQexec(self._open(), sql.encode()), self._lib.PQclear)

    def _execute(self, sql: str, values: Sequence[object]) -> tuple[list[tuple[str, int]], list[tuple[Any, ...]], int]:
        count = len(values)
        coded = [_coded(value) for value in values]
        types = (ctypes.c_uint * count)(*[kind for kind, _, _ in coded])
        texts = (ctypes.c_char_p * count)(*[data for _, data, _ in coded])
        lengths = (ctypes.c_int * count)(*[len(data or b"") for _, data, _ in coded])
        formats = (ctypes.c_int * count)(*[form for _, _, form in coded])
        result = self._lib.PQexecParams(self._open(), sql.encode(), count, types, texts, lengths, formats, _TEXT)
        return self._judged(result, self._fetched)

    def _judged(self, result: int, then: Callable[[int], Any]) -> Any:
        status = self._lib.PQresultStatus(result)
        if status not in {_EMPTY, _COMMAND_OK, _TUPLES_OK}:
            code = self._lib.PQresultErrorField(result, _SQLSTATE)
            message = self._lib.PQresultErrorMessage(result) or self._lib.PQerrorMessage(self._pq)
            told = message.decode(errors="replace")
            self._lib.PQclear(result)
            sqlstate = code.decode() if code else None
            kind = OperationalError if sqlstate is None else _BY_CLASS.get(sqlstate[:2], OperationalError)
            raise kind(told.strip(), sqlstate)
        return then(result)

    def _fetched(self, result: int) -> tuple[list[tuple[str, int]], list[tuple[Any, ...]], int]:
        lib = self._lib
        columns = [
            (lib.PQfname(result, column).decode(), int(lib.PQftype(result, column)))
            for column in range(lib.PQnfields(result))
        ]
        readers = [_READERS.get(kind, str) for _, kind in columns]

        def value(row: int, column: int) -> Any:
            if lib.PQgetisnull(result, row, column):
                return None
            data = ctypes.string_at(lib.PQgetvalue(result, row, column), lib.PQgetlength(result, row, column))
            return readers[column](data.decode())

        rows = [tuple(value(row, column) for column in range(len(columns))) for row in range(lib.PQntuples(result))]
        touched = lib.PQcmdTuples(result)
        lib.PQclear(result)
        return columns, rows, int(touched) if touched else -1


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


class Cursor:
    """Holds all rows of the last statement."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection, self.rowcount = connection, -1
        self.description: list[tuple[str, int, None, None, None, None, None]] | None = None
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, sql: str, parameters: Mapping[str, object] | Sequence[object] | None = None) -> Cursor:
        """Run one statement; parameters as `%(name)s`."""
        wanted, names = _numbered(sql) if parameters is not None else (sql, ())
        values = [parameters[name] for name in names] if isinstance(parameters, Mapping) else []
        columns, rows, self.rowcount = self.connection.run(wanted, values)
        self.description = [(name, kind, None, None, None, None, None) for name, kind in columns] if columns else None
        self._rows = rows[::-1]
        return self

    def executemany(self, sql: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Run one statement for each of `rows`."""
        touched = 0
        for row in rows:
            touched += max(self.execute(sql, row).rowcount, 0)
        self.rowcount = touched

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or None."""
        return self._rows.pop() if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        """Some rows."""
        return [self._rows.pop() for _ in range(min(size or self.arraysize, len(self._rows)))]

    def fetchall(self) -> list[tuple[Any, ...]]:
        """The other rows."""
        return self.fetchmany(len(self._rows)) if self._rows else []

    def close(self) -> None:
        """Forget the rows."""
        self._rows = []

    def setinputsizes(self, *_: object) -> None:
        """Not needed."""

    def setoutputsize(self, *_: object) -> None:
        """Not needed."""


@lru_cache(maxsize=2000)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """`%(name)s` as `$1`, each name once; `%%` as `%`."""
    names: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}" if found[1] else "%"

    return re.sub(r"%\(([^)]*)\)s|%%", number, sql), tuple(names)


def _coded(value: object) -> tuple[int, bytes | None, int]:  # one line a type
    """Type, bytes and format of a parameter."""
    match value:
        case None:
            return _UNKNOWN, None, _TEXT
        case bool():
            return 16, b"t" if value else b"f", _TEXT
        case int():
            bits = value.bit_length()
            return 21 if bits < 16 else 23 if bits < 32 else 20 if bits < 64 else 1700, str(value).encode(), _TEXT
        case float():
            return 701, repr(value).encode(), _TEXT
        case str():
            if "\0" in value:
                raise DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
            return _UNKNOWN, value.encode(), _TEXT
        case bytes() | bytearray() | memoryview():
            return _BYTEA, bytes(value), _BINARY
        case datetime():
            return 1114 if value.tzinfo is None else 1184, value.isoformat(" ").encode(), _TEXT
        case date():
            return 1082, value.isoformat().encode(), _TEXT
        case time():
            return 1083, value.isoformat().encode(), _TEXT
        case Decimal():
            return 1700, str(value).encode(), _TEXT
        case Json():
            return 114, value.text.encode(), _TEXT
    raise ProgrammingError(f"a parameter of type {type(value).__name__} is not known")


def _array(element: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    """Reads arrays of one dimension."""

    def read(text: str) -> list[Any]:
        parts = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,{}]+)', text)
        return [None if bare == "NULL" else element(bare or re.sub(r"\\(.)", r"\1", quoted)) for quoted, bare in parts]

    return read


_READERS: dict[int, Callable[[str], Any]] = {
    16: lambda text: text == "t",
    17: lambda text: bytes.fromhex(text.removeprefix("\\x")),
    20: int,
    21: int,
    23: int,
    26: int,
    114: json.loads,
    700: float,
    701: float,
    1082: date.fromisoformat,
    1083: time.fromisoformat,
    1114: datetime.fromisoformat,
    1184: lambda text: datetime.fromisoformat(text + ("00" if re.search(r"[+-]\d\d$", text) is None else ":00")),
    1700: Decimal,
    3802: json.loads,
    **{kind: _array(lambda text: text == "t") for kind in (1000,)},
    **{kind: _array(str) for kind in (1002, 1003, 1009, 1015)},
    **{kind: _array(int) for kind in (1005, 1007, 1016, 1028)},
}
