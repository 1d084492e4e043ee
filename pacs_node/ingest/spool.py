"""A file being received."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from types import TracebackType

from pacs_node.archive import staging
from pacs_node.archive.files import FileStore, full_disk
from pacs_node.archive.staging import STAGED
from pacs_node.errors import InstanceTooLarge, StorageFull

_CHECK_EVERY = 64 * 2**20
HEAD = 32 * 1024
"""Bytes from the start of the file that stay in memory: most headers are read from them."""


class Spool:
    """A temporary file, written from its start; whoever opens one closes or discards it.

    Its first bytes stay in memory as long as they fit there: a file that does so to its end is made where it
    is to stay. Raises StorageFull when the disk has less than `min_free` bytes left (asked at the start and after
    every 64 MiB), InstanceTooLarge when more than `limit` bytes are written.
    """

    __slots__ = ("_checked_at", "_file", "_files", "_head", "_limit", "_made", "_min_free", "_moved", "_staged",
                 "_unsynced", "_waiting", "path", "size")  # fmt: skip

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
        self._moved = self._made = self._unsynced = False
        self._file: int | None = None
        self._head = b""
        self._waiting = 0
        self.size = 0
        """Bytes written so far."""
        self._require_space(files.free(beside) if beside else files.free())
        self.path = files.new_incoming(beside, study_uid=study_uid, at=at)
        """Where the file is or will be; there is one when more than STAGED bytes came, and after `close`."""
        self._staged: memoryview | None = staging.take()

    @property
    def head(self) -> bytes:
        """The first bytes, at most HEAD."""
        if self._staged is not None and not self._made:
            return bytes(self._staged[: min(self.size, HEAD)])
        return self._head

    def write(self, *pieces: bytes | memoryview) -> None:
        """Append bytes, one piece behind the other. After an error the spool is of no use but to be discarded."""
        staged, waiting = self._staged, self._waiting
        if staged is None:
            raise ValueError("the spool is closed")
        for piece in pieces:
            size = len(piece)
            if self.size + size > self._limit:
                raise InstanceTooLarge(limit_bytes=self._limit)
            self.size += size
            taken = 0
            while taken < size:
                if waiting == STAGED:
                    self._flush(waiting)
                    waiting = 0
                count = min(size - taken, STAGED - waiting)
                staged[waiting : waiting + count] = piece[taken : taken + count]
                waiting += count
                taken += count
        self._waiting = waiting

    def overwrite(self, data: bytes) -> None:
        """Put other bytes in the place of the first ones, once it is closed."""
        with full_disk(), open(self.path, "r+b") as file:
            file.write(data)

    def close(self) -> None:
        """No more will be written; the file stays for IngestService.store."""
        if self._staged is not None:
            try:
                self._flush(self._waiting)
            finally:
                self._let_go()

    def replace_with(self, other: Spool) -> None:
        """Take over the bytes of another spool, which is used up."""
        head = other.head
        other.close()
        self.close()
        os.replace(other.path, self.path)
        self.size, self._head = other.size, head

    @property
    def unsynced(self) -> memoryview | None:
        """The bytes of a file in its place that are not durable there yet, until it is discarded."""
        return self._staged[: self.size] if self._unsynced and self._staged is not None else None

    def move(self, target: str) -> None:
        """Put the file in its place in the archive, its bytes durable; of its name, see `FileStore.sync_names`.

        A small one whose bytes are all in memory is synced later where the archive does so: see `unsynced`.
        """
        files, in_memory = self._files, self._staged is not None and not self._made
        with full_disk(files.space):
            if not self._made:
                self.path = target
            if self._staged is not None:
                self._flush(self._waiting)
            if in_memory and files.syncs_later(self.size):
                self._unsynced = True
                self._close_file()
            else:
                files.sync(self.path, self._file)
                self._let_go()
            if self.path != target:
                files.move(self.path, target)
                self.path = target
        self._moved = True

    def discard(self) -> None:
        """Leave nothing behind; harmless when the file has been moved."""
        self._let_go()
        if self._made and not self._moved:
            self._files.remove(self.path)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()

    def _flush(self, count: int) -> None:
        """Let the disk have what waits."""
        staged = self._staged
        assert staged is not None  # noqa: S101  # asked by both callers
        if self.size - self._checked_at >= _CHECK_EVERY:
            self._checked_at = self.size
            self._require_space(self._files.free(self.path))
        with full_disk(self._files.space):
            if self._file is None:
                self._head = self.head
                self._file = self._files.create(self.path)
                self._made = True
            staging.write_through(self._file, staged[:count])

    def _let_go(self) -> None:
        """Of the file and the memory."""
        self._close_file()
        staged, self._staged = self._staged, None
        if staged is not None:
            staging.give_back(staged)

    def _close_file(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def _require_space(self, free: int) -> None:
        if free < self._min_free:
            error = StorageFull()
            self._files.space.refuse(error)
            raise error
