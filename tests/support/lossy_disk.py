"""A disk that forgets: system calls are recorded, and replayed onto a model that keeps only what was synced.

The model is the worst that POSIX allows: bytes are lost that no fdatasync has seen begin after them,
a name is lost that its folder's fsync has not, and a name that is given up is gone at once. SQLite is taken at its
word: a transaction may last from the moment its COMMIT began, and therefore all that it names must last before; it does
last where `synchronous` was FULL, or once the write-ahead log was synced.
"""

from __future__ import annotations

import itertools
import os
import re
import sqlite3.dbapi2
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pacs_node.archive.segment import Segment
from pacs_node.ingest.landed import read_facts

_FILE = re.compile(r"(?:[0-9a-f]{32}:)?\d{4}/\d\d/\d\d/[0-9a-f]{32}/[0-9a-f]{32}\.dcm")


class Call(NamedTuple):
    """One thing that happened."""

    what: str
    path: str = ""
    data: Any = None


@dataclass
class Recorder:
    """What this process asked the system to do below a folder, in the order in which it did."""

    folder: Path
    calls: list[Call] = field(default_factory=list)
    _paths: dict[int, str] = field(default_factory=dict)
    _tokens: Iterator[int] = field(default_factory=itertools.count)
    _guard: threading.RLock = field(default_factory=threading.RLock)
    _named: dict[int, list[str]] = field(default_factory=dict)
    _soft: set[int] = field(default_factory=set)

    def answer(self, path: Path, content: bytes) -> None:
        """Somebody was told that this is stored."""
        self._record("answer", str(path), content)

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Listen to `os` and to SQLite."""
        with pytest.MonkeyPatch.context() as patch:
            for name, listen in (
                ("open", self._open), ("close", self._close), ("write", self._write), ("writev", self._writev),
                ("rename", self._rename), ("replace", self._rename), ("unlink", self._unlink), ("mkdir", self._mkdir),
                ("fsync", self._sync), ("fdatasync", self._sync), ("pwrite", self._pwrite), ("pwritev", self._pwritev),
            ):  # fmt: skip
                patch.setattr(os, name, self._heard(getattr(os, name), listen))
            patch.setattr(sqlite3.dbapi2, "connect", self._traced(sqlite3.dbapi2.connect))
            yield

    def _record(self, what: str, path: str = "", data: Any = None) -> None:
        if not path or path.startswith(str(self.folder)):
            self.calls.append(Call(what, path, data))

    def _heard(self, call: Callable[..., Any], listen: Callable[..., Any]) -> Callable[..., Any]:
        def heard(*arguments: Any, **named: Any) -> Any:
            return listen(call, *arguments, **named)

        return heard

    def _open(self, call: Callable[..., Any], path: Any, flags: int, *rest: Any, **named: Any) -> int:
        with self._guard:
            file: int = call(path, flags, *rest, **named)
            if not isinstance(path, int):
                self._paths[file] = os.fspath(path)
                if flags & os.O_CREAT:
                    self._record("create", os.fspath(path))
            return file

    def _close(self, call: Callable[..., Any], file: int) -> None:
        with self._guard:
            self._paths.pop(file, None)
            call(file)

    def _write(self, call: Callable[..., Any], file: int, data: Any) -> int:
        with self._guard:
            written: int = call(file, data)
            if file in self._paths:
                self._record("write", self._paths[file], bytes(memoryview(data)[:written]))
            return written

    def _writev(self, call: Callable[..., Any], file: int, pieces: Any) -> int:
        with self._guard:
            written: int = call(file, pieces)
            self._record("write", self._paths[file], b"".join(map(bytes, pieces))[:written])
            return written

    def _pwrite(self, call: Callable[..., Any], file: int, data: Any, offset: int) -> int:
        with self._guard:
            written: int = call(file, data, offset)
            self._record("pwrite", self._paths[file], (offset, bytes(memoryview(data)[:written])))
            return written

    def _pwritev(self, call: Callable[..., Any], file: int, pieces: Any, offset: int, flags: int = 0) -> int:
        with self._guard:
            written: int = call(file, pieces, offset, flags)
            path = self._paths[file]
            self._record("pwrite", path, (offset, b"".join(map(bytes, pieces))[:written]))
            if flags & os.RWF_DSYNC:
                token = next(self._tokens)
                self._record("sync begins", path, token)
                self._record("sync ends", path, token)
            return written

    def _rename(self, call: Callable[..., Any], source: Any, target: Any, **named: Any) -> None:
        with self._guard:
            call(source, target, **named)
            for file, path in self._paths.items():
                if path == os.fspath(source):
                    self._paths[file] = os.fspath(target)
            self._record("rename", os.fspath(source), os.fspath(target))

    def _unlink(self, call: Callable[..., Any], path: Any, **named: Any) -> None:
        with self._guard:
            call(path, **named)
            self._record("unlink", os.fspath(path))

    def _mkdir(self, call: Callable[..., Any], path: Any, *rest: Any, **named: Any) -> None:
        with self._guard:
            call(path, *rest, **named)
            self._record("create", os.fspath(path))

    def _sync(self, call: Callable[..., Any], file: int) -> None:
        token, path = next(self._tokens), self._paths.get(file, "")
        self._record("sync begins", path or "?", token)
        call(file)
        self._record("sync ends", path or "?", token)

    def _traced(self, connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        def traced(*arguments: Any, **named: Any) -> sqlite3.Connection:
            connection = connect(*arguments, **named)
            key = id(connection)
            connection.set_trace_callback(lambda statement: self._statement(key, statement))
            return connection

        return traced

    def _statement(self, connection: int, statement: str) -> None:
        with self._guard:
            named = self._named.setdefault(connection, [])
            if statement.startswith(("BEGIN", "ROLLBACK")):
                named.clear()
            elif statement.startswith("INSERT INTO instance "):
                named += _FILE.findall(statement)
            elif statement.startswith("PRAGMA synchronous="):
                (self._soft.add if statement.endswith("NORMAL") else self._soft.discard)(connection)
            elif statement.startswith("COMMIT"):
                self._record("soft commit" if connection in self._soft else "commit", data=tuple(named))
                named.clear()


class _File:
    def __init__(self, content: bytes = b"") -> None:
        self.content = self.lasting = content


class LossyDisk:
    """Replays a recording; `survivors` is what a power failure at this moment leaves of the archive."""

    def __init__(self, folder: Path, there: Iterable[str], contents: Mapping[str, bytes] | None = None) -> None:
        """`there` are files and folders that lasted before the recording; `contents` is what some of them hold."""
        self._folder = str(folder)
        self._names: dict[str, _File] = {name: _File() for name in there}
        for name, content in (contents or {}).items():
            self._names[name] = _File(content)
        self._lasting: dict[str, _File] = dict(self._names)
        self._begun: dict[int, Any] = {}

    def survivors(self) -> dict[str, bytes]:
        """Files that can be reached after a failure now, with what they hold."""
        return {name: file.lasting for name, file in self._lasting.items() if self._reachable(name)}

    def _reachable(self, name: str) -> bool:
        parents = [str(parent) for parent in Path(name).parents]
        return all(parent in self._lasting for parent in parents if parent.startswith(self._folder + "/"))

    def replay(self, call: Call) -> None:
        """Do what was done."""
        what, path, data = call
        if what == "create":
            self._names.setdefault(path, _File())
        elif what == "write" and path in self._names:
            self._names[path].content += data
        elif what == "pwrite" and path in self._names:
            offset, piece = data
            content = self._names[path].content.ljust(offset, b"\0")
            self._names[path].content = content[:offset] + piece + content[offset + len(piece) :]
        elif what == "truncate" and path in self._names:
            self._names[path].content = self._names[path].content[:data].ljust(data, b"\0")
        elif what == "rename" and path in self._names:
            self._names[data] = self._names.pop(path)
            self._lasting.pop(path, None)
        elif what == "unlink":
            self._names.pop(path, None)
            self._lasting.pop(path, None)
        else:
            self._replay_sync(what, path, data)

    def _replay_sync(self, what: str, path: str, data: Any) -> None:
        if what == "sync begins":
            inside = {name: file for name, file in self._names.items() if str(Path(name).parent) == path}
            file = self._names.get(path)
            self._begun[data] = (inside, file, file.content if file else b"")
        elif what == "sync ends":
            inside, file, content = self._begun.pop(data)
            self._lasting.update({name: each for name, each in inside.items() if self._names.get(name) is each})
            if file is not None:
                file.lasting = content


class _Log:
    """What the landing log would give back."""

    def __init__(self, path_of: Callable[[str], Path], place: Path) -> None:
        self._path_of = path_of
        self._place = place
        self._known: dict[str, tuple[bytes, dict[str, bytes]]] = {}

    def files(self, survivors: Mapping[str, bytes]) -> dict[str, bytes]:
        """By their paths."""
        found: dict[str, bytes] = {}
        for name, content in survivors.items():
            if Path(name).parent.name == "landing":
                known = self._known.get(name)
                if known is None or known[0] is not content:
                    known = self._known[name] = content, self._read(content)
                found |= known[1]
        return found

    def _read(self, content: bytes) -> dict[str, bytes]:
        self._place.write_bytes(content)
        segment = Segment(self._place)
        try:
            return {str(self._path_of(read_facts(each.facts).file)): each.content for each in segment.records()}
        finally:
            segment.close()


class _Rows:
    """Which files the index names: for sure, and perhaps."""

    def __init__(self) -> None:
        self.committed: set[str] = set()
        self.lasting: set[str] = set()
        self._begun: dict[Any, set[str]] = {}

    def replay(self, call: Call, names: set[str]) -> None:
        if call.what.endswith("commit"):
            self.committed |= names
            if call.what == "commit":  # the write-ahead log is one file
                self.lasting |= self.committed
        elif call.path.endswith("-wal") and call.what == "sync begins":
            self._begun[call.data] = set(self.committed)
        elif call.path.endswith("-wal") and call.what == "sync ends":
            self.lasting |= self._begun.pop(call.data)


def losses(calls: list[Call], folder: Path, path_of: Callable[[str], Path], there: list[str]) -> list[str]:
    """What a power failure after one of the calls would lose of what was promised by then; empty if nothing.

    `path_of` says where a file is that the index names.
    """
    disk, rows, promised = LossyDisk(folder, there), _Rows(), {}
    lost: list[str] = []
    with tempfile.TemporaryDirectory() as place:
        landing = _Log(path_of, Path(place, "segment"))
        for number, call in enumerate(calls):
            disk.replay(call)
            survivors = disk.survivors()
            logged = landing.files(survivors)
            named = {str(path_of(name)) for name in call.data} if call.what.endswith("commit") else set()
            rows.replay(call, named)
            lost += [f"{number}: the index names {name}" for name in named - survivors.keys() - logged.keys()]
            promised.update(dict.fromkeys(named - promised.keys()))
            if call.what == "answer":
                promised[call.path] = call.data
                if call.path not in rows.committed:
                    lost.append(f"{number}: answered before the commit of {call.path}")
            for name, content in promised.items():
                if content is None:
                    continue
                if not any(held.get(name, b"").endswith(content) for held in (survivors, logged)):
                    lost.append(f"{number} {call.what}: {name}")
                if name not in rows.lasting and name not in logged:
                    lost.append(f"{number} {call.what}: the row of {name}")
            if lost:
                break
    return lost
