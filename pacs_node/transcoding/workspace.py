"""Room for what is made of an instance on its way out: files without a name, and not too much work at once."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from pacs_node.archive.files import FileStore

_LONGEST_WAIT_SECONDS = 300.0


class NoRoom(OSError):
    """There is not enough space, or too much is being made already; later it may go better."""


class Workspace:
    """Temporary files in `folder`, whose disk keeps `min_free` bytes; `most` instances are made ready at the same time.

    The files have no name: a crash leaves none.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        *,
        min_free: int = 0,
        most: int | None = None,
        longest_wait: float = _LONGEST_WAIT_SECONDS,
    ) -> None:
        self._folder = folder
        self._min_free = min_free
        self._places = threading.BoundedSemaphore(most or max(2, os.cpu_count() or 1))
        self._longest_wait = longest_wait

    @classmethod
    def of_archive(cls, files: FileStore, min_free: int) -> Workspace:
        """Where instances are received, on the first disk with enough space."""
        return cls(lambda: Path(files.new_incoming()).parent, min_free=min_free)

    @contextmanager
    def working(self) -> Iterator[None]:
        """One instance is being made ready. Raises NoRoom when others take too long."""
        if not self._places.acquire(timeout=self._longest_wait):
            raise NoRoom(errno.EBUSY, "too many instances are being changed for sending")
        try:
            yield
        finally:
            self._places.release()

    def file(self, size: int) -> BinaryIO:
        """A new file for about `size` bytes. Raises NoRoom, OSError."""
        folder = self._folder()
        folder.mkdir(parents=True, exist_ok=True)
        disk = os.statvfs(folder)
        if disk.f_bavail * disk.f_frsize - size < self._min_free:
            raise NoRoom(errno.ENOSPC, f"no space to make {size} bytes ready for sending", str(folder))
        return tempfile.TemporaryFile(dir=folder)


SYSTEM = Workspace(lambda: Path(tempfile.gettempdir()))
"""The system's own folder, for who has no archive."""
