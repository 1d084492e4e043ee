"""Clearing away what a crash has left: half-received files, and archive files that no row names.

Every process that ingests holds a shared lock on `DATA/ingest.lock`. Only one that gets it for itself
alone, when it starts, sweeps: then no other process has a file on its way. A day's folder that was swept
is not looked at again; the day before is, because a clock may have been set.
"""

from __future__ import annotations

import fcntl
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import select

from pacs_node.archive.files import FileStore
from pacs_node.archive.tables import InstanceRow
from shared_kernel.clock import Clock
from shared_kernel.database import Database

_MARK = ".swept"
_AGAIN = timedelta(days=1)

log = structlog.get_logger(__name__)


class Presence:
    """This process's place among those that ingest into the data folder."""

    def __init__(self, files: FileStore, database: Database, clock: Clock) -> None:
        self._files = files
        self._database = database
        self._clock = clock
        self._lock: int | None = None

    def enter(self) -> None:
        """Sweep if we are alone, and be counted until `leave` (or until the process ends, however it does)."""
        self._lock = os.open(self._files.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("archive.sweep_skipped", reason="another process is ingesting")
        else:
            sweep(self._files, self._database, self._clock.now())
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def leave(self) -> None:
        """No longer be counted."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sweep(files: FileStore, database: Database, now: datetime) -> list[Path]:
    """Remove leftovers; returns what was removed. Nobody else may be ingesting meanwhile."""
    removed = [path for path in files.incoming.glob("*.part") if path.is_file()]
    mark = files.archive / _MARK
    since = _read_mark(mark)
    for day in _days(files.archive, since):
        for folder in day.iterdir():
            removed += _unnamed(files, database, folder)
    for path in removed:
        log.info("archive.leftover_removed", path=str(path))
        files.remove(path)
    _remove_empty({path.parent for path in removed}, files)
    mark.write_text(now.astimezone(UTC).isoformat(), encoding="ascii")
    return removed


def _unnamed(files: FileStore, database: Database, folder: Path) -> list[Path]:
    """The files of one study folder that the index does not name."""
    here = {files.name_of(path): path for path in folder.glob("*.dcm")}
    if not here:
        return []
    prefix = files.name_of(folder) + "/"
    with database.read() as session:
        named = set(
            session.scalars(
                select(InstanceRow.file).where(InstanceRow.file >= prefix, InstanceRow.file < prefix + "\U0010ffff")
            )
        )
    return [path for name, path in here.items() if name not in named]


def _days(archive: Path, since: datetime | None) -> list[Path]:
    days = sorted(archive.glob("[0-9][0-9][0-9][0-9]/[0-9][0-9]/[0-9][0-9]"))
    if since is None:
        return days
    first = f"{since - _AGAIN:%Y/%m/%d}"
    return [day for day in days if day.relative_to(archive).as_posix() >= first]


def _read_mark(mark: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(mark.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _remove_empty(folders: set[Path], files: FileStore) -> None:
    for folder in folders - {files.incoming}:
        if not any(folder.iterdir()):
            folder.rmdir()
