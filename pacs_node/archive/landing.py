"""The landing log: one sync for the bytes of all small files of a batch, before their own and those of the index.

    DATA/landing/1.log, 2.log         two segments (`segment.py`), used in turn; each grows to 64 MiB at most

A small file is written in its place without a sync, its bytes once more into the log with one, its row is committed
without one: then it is acknowledged. About a second later, behind everybody's back, the files of the segment, their
folders and the database are synced, and the segment is free again. What a power failure takes until then, the next
start has from the log: `pacs_node.ingest.recovery`.

One process has the log at a time; whoever has not, and whatever finds no room in it, goes the way of large files: each
synced by itself, and a commit that is. So it is too from the first time that the disk refuses something here until the
next start: what stands in the log by then stays there.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import structlog

from pacs_node.archive.files import NO_SPACE, FileStore
from pacs_node.archive.roots import sync_folder
from pacs_node.archive.segment import LONGEST_FACTS, Record, Segment, size_of
from shared_kernel.database import Database

LARGEST = 256 * 1024
"""Bytes of a file that goes this way."""
_SETTLE_SECONDS = 1.0
_LONGEST_SETTLING_SECONDS = 60.0
_FULL_DISK_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.05
_TOGETHER = 64
_NAMES = ("1.log", "2.log")

log = structlog.get_logger(__name__)


class LandingLog:
    """The log of a data folder. `take` it, read what is there, `begin`; safe to share between threads."""

    def __init__(self, files: FileStore, database: Database) -> None:
        self._files = files
        self._database = database
        self._folder = files.landing_folder
        self._guard = threading.Lock()
        self._changed = threading.Condition(self._guard)
        self._lock: int | None = None
        self._segments: tuple[Segment, ...] = ()
        self._current: Segment | None = None
        self._free: Segment | None = None
        self._sealed: Segment | None = None
        self._thread: threading.Thread | None = None
        self._taking = self._closing = False
        self._number = 1
        self._full_until = 0.0

    def take(self, patience: float = 0.0) -> bool:
        """Have the log for this process until `leave`; False where another has it for so many seconds.

        Raises OSError.
        """
        if not self._folder.is_dir():
            self._folder.mkdir(exist_ok=True)
            sync_folder(self._folder.parent)
        lock = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        end = time.monotonic() + patience
        while not _locked(lock):
            if time.monotonic() >= end:
                os.close(lock)
                return False
            time.sleep(_LOOK_AGAIN_SECONDS)
        self._lock = lock
        self._segments = tuple(Segment(self._folder / name) for name in _NAMES)
        os.fsync(lock)
        return True

    def records(self) -> Iterator[Record]:
        """What an earlier process has left, oldest first; before `begin`."""
        begun = [(first, segment) for segment in self._segments if (first := next(segment.records(), None))]
        for _, segment in sorted(begun, key=lambda each: each[0].number):
            yield from segment.records()

    def forget(self) -> None:
        """Drop all records, durably: everything that they say lasts elsewhere. Raises OSError."""
        for segment in self._segments:
            segment.clear(lasting=True)

    def begin(self) -> None:
        """Take records; there are none yet."""
        self._current, self._free = self._segments
        self._taking = True
        self._thread = threading.Thread(target=self._run, name="landing-log", daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Let everything last in its place, and another process have the log."""
        if self._thread is not None:
            with self._guard:
                self._taking, self._closing = False, True
                self._changed.notify_all()
            self._thread.join(_LONGEST_SETTLING_SECONDS)
            if self._thread.is_alive():
                log.warning("archive.landing_log_left", told="the disk is slow; the next start takes it up")
                return
        for segment in self._segments:
            segment.close()
        self._segments = ()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def takes(self, size: int) -> bool:
        """Whether a file of so many bytes is to come here; it may find no room all the same."""
        if not self._taking or size > LARGEST:
            return False
        current, free = self._current, self._free
        return free is not None or (current is not None and not current.is_filling)

    def append(self, landed: Sequence[tuple[str, bytes, memoryview]]) -> Segment | None:
        """Make the bytes of files last: path, facts and content of each; the files are written already.

        Returns what to `release` once their rows are committed, or None where they must be synced by themselves.
        """
        if any(len(facts) > LONGEST_FACTS for _, facts, _ in landed):
            return None
        size = sum(size_of(len(facts), len(content)) for _, facts, content in landed)
        with self._guard:
            if not self._taking:
                return None
            try:
                segment = self._with_room(size)
                if segment is None:
                    return None
                segment.append([(facts, content) for _, facts, content in landed], self._number)
            except OSError as error:
                if error.errno in NO_SPACE:
                    self._full_until = time.monotonic() + _FULL_DISK_SECONDS
                else:
                    self._give_up(error)
                return None
            self._number += len(landed)
            # The other thread is woken where it has something to do, not each time.
            if not segment.paths or segment.is_filling:
                self._changed.notify_all()
            segment.paths += [path for path, _, _ in landed]
            segment.pins += 1
            return segment

    def release(self, segment: Segment) -> None:
        """The rows of a batch are committed, or never will be."""
        with self._guard:
            segment.pins -= 1
            if segment is self._sealed and not segment.pins:
                self._changed.notify_all()

    def _with_room(self, size: int) -> Segment | None:
        current = self._current
        if current is None or time.monotonic() < self._full_until:
            return None
        if current.make_room(size):
            return current
        if self._free is None or not current.paths:
            return None
        self._seal()
        self._changed.notify_all()
        return self._current if self._current is not None and self._current.make_room(size) else None

    def _seal(self) -> None:
        """Let the current segment take no more, and the free one be current."""
        self._sealed, self._current, self._free = self._current, self._free, None

    def _give_up(self, error: Exception) -> None:
        """Take no more until the next start."""
        self._taking = False
        log.error("archive.landing_log_given_up", reason=repr(error), told="each file is synced by itself from now on")

    def _run(self) -> None:
        try:
            while (segment := self._next()) is not None:
                self._settle(segment.paths)
                segment.clear()
                with self._guard:
                    self._sealed, self._free = None, segment
            self.forget()
        except Exception as error:
            self._give_up(error)

    def _next(self) -> Segment | None:
        """A segment with records, once it is old or full enough, that takes no more; None when all is over."""
        with self._guard:
            while not (self._closing or self._sealed or (self._current and self._current.paths)):
                self._changed.wait(_LONGEST_SETTLING_SECONDS)
            if self._sealed is None:
                current = self._current
                if current is None or not current.paths:
                    return None
                self._changed.wait_for(
                    lambda: self._closing or self._sealed is not None or current.is_filling, _SETTLE_SECONDS
                )
            if self._sealed is None:
                self._seal()
            sealed = self._sealed
            assert sealed is not None  # noqa: S101  # just sealed
            if not self._changed.wait_for(lambda: not sealed.pins, _LONGEST_SETTLING_SECONDS):
                raise TimeoutError("a batch is not committed")
            return sealed

    def _settle(self, paths: Sequence[str]) -> None:
        """Let files, folders and rows last. Raises OSError, RootAway, DatabaseUnavailable."""
        there: list[str] = []
        for begin in range(0, len(paths), _TOGETHER):
            there += self._sync(paths[begin : begin + _TOGETHER])
        self._files.sync_names(there)
        self._database.make_lasting()

    def _sync(self, paths: Sequence[str]) -> list[str]:
        """Sync some files; returns those that are there: others were taken back."""
        opened: dict[str, int] = {}
        try:
            for path in paths:
                with suppress(FileNotFoundError):
                    opened[path] = self._files.open_written(path)
            for file in opened.values():  # all begin, and then each is waited for
                os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            for path, file in opened.items():
                self._files.sync(path, file)
        finally:
            for file in opened.values():
                os.close(file)
        return list(opened)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
