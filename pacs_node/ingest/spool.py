"""A file being received."""

from __future__ import annotations

import os
from types import TracebackType

from pacs_node.archive.files import FileStore, full_disk
from pacs_node.errors import InstanceTooLarge, StorageFull

_CHECK_EVERY = 64 * 2**20


class Spool:
    """A temporary file under `incoming`, written from its start; whoever opens one closes or discards it.

    Raises StorageFull when the disk has less than `min_free` bytes left (asked at the start and after
    every 64 MiB), InstanceTooLarge when more than `limit` bytes are written.
    """

    def __init__(self, files: FileStore, *, limit: int, min_free: int) -> None:
        self._files = files
        self._limit = limit
        self._min_free = min_free
        self._checked_at = 0
        self.size = 0
        """Bytes written so far."""
        self._require_space()
        self.path = files.new_incoming()
        with full_disk():
            self._file: int | None = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o640)

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes. After an error the spool is of no use but to be discarded."""
        if self._file is None:
            raise ValueError("the spool is closed")
        if self.size + len(data) > self._limit:
            raise InstanceTooLarge(limit_bytes=self._limit)
        if self.size - self._checked_at >= _CHECK_EVERY:
            self._checked_at = self.size
            self._require_space()
        with full_disk():
            self._files.write(self._file, data)
        self.size += len(data)

    def close(self) -> None:
        """No more will be written; the file stays for IngestService.store."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def replace_with(self, other: Spool) -> None:
        """Take over the bytes of another spool, which is used up."""
        other.path.replace(self.path)
        self.size = other.size

    def discard(self) -> None:
        """Leave nothing behind; harmless when the file has already been stored."""
        self.close()
        self._files.remove(self.path)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.discard()

    def _require_space(self) -> None:
        if self._files.free() < self._min_free:
            raise StorageFull()
