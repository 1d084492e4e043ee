"""Emptying a storage root for good: every file that the index names there is copied to another root.

A file is copied, compared with its digest and synced before the index names the copy; until then it names the file
that was there. The old file stays where it is: readers that have its path go on, and until the disk is wiped it is one
copy more. The command can be broken off at any moment and called again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from access_control.gate import audit_entry
from access_control.model import Actor, Resource
from pacs_node.archive.files import FileStore, full_disk
from pacs_node.archive.roots import SEPARATOR, Root, sync_file
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from pacs_node.archive_care.reading import BROKEN
from pacs_node.archive_care.tables import InstanceDigestRow
from pacs_node.errors import RootAway, StorageFull
from shared_kernel.audit.trail import AuditEntry, record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.ids import new_id

_AT_ONCE = 64
_CHUNK = 1 * 2**20
_AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)
_Table = type[InstanceRow] | type[InstanceVersionRow]
_TABLES: tuple[_Table, ...] = (InstanceRow, InstanceVersionRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What became of one file; `why` says what kept it where it is, and is empty if it was moved."""

    file: str
    """Its name in the archive before."""
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Named:
    """A file as the index has it."""

    file: str
    size: int
    dataset_offset: int
    sha256: str


class Emptying:
    """Moves what one root holds to the others; beside the running hub, too."""

    def __init__(self, database: Database, files: FileStore, clock: Clock, path: Path, *, min_free: int) -> None:
        """Raises RootAway where `path` is none of the storage roots that are there."""
        self._database = database
        self._files = files
        self._clock = clock
        self._min_free = min_free
        found = [root for root in files.roots if root.id and root.path.resolve() == path.resolve()]
        if not found:
            raise RootAway(path=path, reason="storage_roots names no such root beside the data folder")
        self._root = found[0]

    def remaining(self) -> int:
        """How many files the index names in the root."""
        with self._database.read() as session:
            return sum(
                session.scalar(select(func.count(table.id)).where(*self._within(table))) or 0 for table in _TABLES
            )

    def run(self, operator: Actor) -> Iterator[Moved]:
        """Move everything; each file as it happens. The audit trail says with the new names how many there are.

        A file that is missing or is not what was received stays, and so does its name. One that got another name
        meanwhile (it was mended) is not told of. Raises StorageFull when no other root has space.
        """
        for table in _TABLES:
            after = ""
            while names := self._next(table, after):
                after = names[-1].file
                yield from self._move(names, operator)

    def _within(self, table: _Table) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return table.file >= self._root.id + SEPARATOR, table.file < self._root.id + _AFTER_SEPARATOR

    def _next(self, table: _Table, after: str) -> Sequence[_Named]:
        statement = (
            select(table.file, table.size, table.dataset_offset, func.coalesce(InstanceDigestRow.sha256, ""))
            .outerjoin(InstanceDigestRow, InstanceDigestRow.file == table.file)
            .where(*self._within(table), table.file > after)
            .order_by(table.file)
            .limit(_AT_ONCE)
        )
        with self._database.read() as session:
            return [_Named(*row) for row in session.execute(statement)]

    def _move(self, names: Sequence[_Named], operator: Actor) -> Iterator[Moved]:
        """Copy some files, make the copies durable together, and let the index name them."""
        copies: dict[str, Path] = {}
        kept: list[Moved] = []
        try:
            with full_disk():
                for each in names:
                    why = self._copy(each, copies)
                    if why:
                        kept.append(Moved(file=each.file, why=why))
        finally:
            # Also where a later copy failed: what is copied already is moved.
            moved = self._name_anew(copies, operator) if copies else set()
            for file in copies.keys() - moved:
                self._files.remove(copies[file])
        yield from kept
        yield from (Moved(file=file) for file in copies if file in moved)

    def _copy(self, each: _Named, copies: dict[str, Path]) -> str:
        """Make a copy in another root, its bytes durable; returns what is wrong with the file, empty if nothing."""
        source = self._root.archive / each.file.rpartition(SEPARATOR)[2]
        target = self._target(each.size)
        part = target.incoming / f"{new_id()}.part"
        try:
            with part.open("xb") as new:
                why = self._copy_into(new, source, each)
            if not why:
                sync_file(part)
                place = target.archive / source.parent.relative_to(self._root.archive) / f"{new_id()}.dcm"
                place.parent.mkdir(parents=True, exist_ok=True)
                part.rename(place)
                copies[each.file] = place
        finally:
            part.unlink(missing_ok=True)
        return why

    def _copy_into(self, new: BinaryIO, source: Path, each: _Named) -> str:
        digest = hashlib.sha256()
        try:
            old = source.open("rb")
        except OSError as error:
            return self._unreadable(error)
        with old:
            header = True
            while chunk := self._read(old, each.dataset_offset if header else _CHUNK):
                if not header:
                    digest.update(chunk)
                header = False
                new.write(chunk)
        if new.tell() != each.size or (each.sha256 and digest.hexdigest() != each.sha256):
            return "not what was received"
        return ""

    def _read(self, old: BinaryIO, most: int) -> bytes:
        try:
            return old.read(most)
        except OSError as error:
            self._unreadable(error)
            return b""  # what is missing then is told as other content

    def _unreadable(self, error: OSError) -> str:
        """What is wrong with a file that can't be read. Raises RootAway, and what says nothing of the file."""
        if not self._root.is_there:
            raise RootAway(root=self._root.id, path=self._root.path) from error
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return "missing"
        if isinstance(error, IsADirectoryError) or error.errno in BROKEN:
            return "can't be read"
        raise error

    def _target(self, size: int) -> Root:
        for root in self._files.roots:
            if root is not self._root and root.free() - size > self._min_free:
                return root
        raise StorageFull()

    def _name_anew(self, copies: dict[str, Path], operator: Actor) -> set[str]:
        """Let the index name the copies; returns the files that it named until now, without those mended meanwhile."""
        paths = [str(path) for path in copies.values()]
        for path in paths:
            self._files.sync(path)
        self._files.sync_names(paths)
        with self._database.write() as session:
            moved = {file for file, path in copies.items() if self._named_anew(session, file, path)}
            if moved:
                record(session, [self._entry(operator, len(moved))])
        return moved

    def _entry(self, operator: Actor, moved: int) -> AuditEntry:
        return audit_entry(
            operator,
            "archive.empty",
            Resource(label=f"storage_root/{self._root.id}", site_code=""),
            clock=self._clock,
            outcome="done",
            reason=f"files moved to other roots: {moved}",
        )

    def _named_anew(self, session: Session, file: str, path: Path) -> bool:
        name = self._files.name_of(path)
        changed = 0
        for table in _TABLES:
            done = session.execute(update(table).where(table.file == file).values(file=name).returning(table.id))
            changed += len(done.all())
        if changed:
            session.execute(update(InstanceDigestRow).where(InstanceDigestRow.file == file).values(file=name))
        return changed > 0
