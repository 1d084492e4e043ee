"""Syncing a whole file system at once (Linux `syncfs`), for many files that were written together."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path

import structlog

_SLOW_SECONDS = 0.5
_PAUSE_SECONDS = 60.0

log = structlog.get_logger(__name__)


_libc = ctypes.CDLL(None, use_errno=True)
_begin_writing = getattr(_libc, "sync_file_range", None)
if _begin_writing is not None:
    _begin_writing.argtypes = [ctypes.c_int, ctypes.c_longlong, ctypes.c_longlong, ctypes.c_uint]
_WRITE = 2  # SYNC_FILE_RANGE_WRITE


def begin_writing(file: int) -> None:
    """Let the disk begin with what was written to a file descriptor, without waiting (Linux `sync_file_range`).

    Says nothing of errors: the sync that must follow does.
    """
    if _begin_writing is not None:
        _begin_writing(file, 0, 0, _WRITE)


class WholeDisk:
    """The file system that a folder is on.

    One call makes every file, rename and folder on it durable, which is cheaper than two calls for each file.
    It waits for what other programs have written too: where that takes long (a copy of something large is
    under way), single files are synced for a minute instead.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._call = getattr(_libc, "syncfs", None)
        self._descriptor: int | None = None
        self._not_before = 0.0

    def sync(self) -> bool:
        """Sync everything; False if that can't be had now and nothing was done. Raises OSError of the disk."""
        if self._call is None or time.monotonic() < self._not_before:
            return False
        if self._descriptor is None:
            # Kept open: a write error is told once to each descriptor that was open when it happened.
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        began = time.monotonic()
        if self._call(self._descriptor) != 0:
            number = ctypes.get_errno()
            # Told once to this descriptor: the next call would find nothing wrong. Each file must be asked for itself.
            self._not_before = time.monotonic() + _PAUSE_SECONDS
            raise OSError(number, os.strerror(number), str(self._folder))
        took = time.monotonic() - began
        if took > _SLOW_SECONDS:
            log.warning("archive.slow_disk", seconds=round(took, 2))
            self._not_before = time.monotonic() + _PAUSE_SECONDS
        return True

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
