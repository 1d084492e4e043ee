"""A file being received."""

from __future__ import annotations

import os
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from types import TracebackType

from pacs_node.archive.files import FileStore, full_disk
from pacs_node.errors import InstanceTooLarge, StorageFull

_CHECK_EVERY = 64 * 2**20
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC
HEAD = 32 * 1024
"""Bytes from the start of the file that stay in memory: most headers are read from them."""


class Spool:
    """A temporary file, written from its start; whoever opens one closes or discards it.

    Raises StorageFull when the disk has less than `min_free` bytes left (asked at the start and after
    every 64 MiB), InstanceTooLarge when more than `limit` bytes are written.
    """

    __slots__ = ("_checked_at", "_file", "_files", "_limit", "_min_free", "_moved", "head", "path", "size")

    def __init__(
        self,
        files: FileStore,
        *,
        limit: int,
        min_free: int,
        beside: str | Path | None = None,
        study_uid: str = "",
        at: datetime | None = None,
    ) -> None:
        """`beside` is a file whose disk is to be used, `study_uid` and `at` say where the file will stay."""
        self._files = files
        self._limit = limit
        self._min_free = min_free
        self._checked_at = 0
        self._moved = False
        self.size = 0
        """Bytes written so far."""
        self.head = b""
        """The first of them, at most HEAD (the first piece may be longer)."""
        self._require_space(files.free(beside) if beside else files.free())
        with full_disk(files.space):
            self.path = files.new_incoming(beside, study_uid=study_uid, at=at)
            try:
                self._file: int | None = os.open(self.path, _NEW_FILE, 0o640)
            except FileNotFoundError:
                # Another process's sweep has removed the empty folder.
                os.makedirs(os.path.dirname(self.path), exist_ok=True)
                self._file = os.open(self.path, _NEW_FILE, 0o640)

    def write(self, *pieces: bytes | memoryview) -> None:
        """Append bytes, one piece behind the other. After an error the spool is of no use but to be discarded."""
        if self._file is None:
            raise ValueError("the spool is closed")
        size = self.size + sum(map(len, pieces))
        if size > self._limit:
            raise InstanceTooLarge(limit_bytes=self._limit)
        if self.size - self._checked_at >= _CHECK_EVERY:
            self._checked_at = self.size
            self._require_space(self._files.free(self.path))
        with full_disk(self._files.space):
            self._files.write(self._file, *pieces)
        if self.size < HEAD:
            self.head += b"".join([piece[:HEAD] for piece in pieces])
        self.size = size

    def overwrite(self, data: bytes) -> None:
        """Put other bytes in the place of the first ones."""
        with full_disk(), open(self.path, "r+b") as file:
            file.write(data)

    def close(self) -> None:
        """No more will be written; the file stays for IngestService.store."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def replace_with(self, other: Spool) -> None:
        """Take over the bytes of another spool, which is used up."""
        other.close()
        os.replace(other.path, self.path)
        self.size, self.head = other.size, other.head

    def move(self, target: str) -> Collection[Path]:
        """Put the file in its place in the archive; returns the folders to sync with it, see `FileStore.move`."""
        with full_disk():
            folders = self._files.move(self.path, target)
        self._moved = True
        return folders

    def discard(self) -> None:
        """Leave nothing behind; harmless when the file has been moved."""
        self.close()
        if not self._moved:
            self._files.remove(self.path)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()

    def _require_space(self, free: int) -> None:
        if free < self._min_free:
            error = StorageFull()
            self._files.space.refuse(error)
            raise error
