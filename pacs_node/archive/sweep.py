"""Clearing away what a crash has left: half-received files are removed, archive files that no row names set aside.

An archive file without a row may be a crash's, which nobody was told is stored. It may as well be an
image that was acknowledged, and the database that knows it another one: yesterday's, put back after a
disk failure, or the wrong one altogether. Therefore nothing is ever deleted from the archive here: such
files are moved to `orphans` of their root, under the same relative path (and with `.cut` for `.dcm` if their
end is missing: such a file was never acknowledged). An import takes them into the index; a start with the database
that names them puts them back.

(`mount` has seen before that every storage root is there: of a disk that is away nothing is unnamed.)

(What the landing log holds has been taken up before, too: its files are no leftovers.)

Every process that ingests holds a shared lock on `DATA/ingest.lock`. Only one that gets it for itself
alone, when it starts, sweeps: then no other process has a file on its way. A day's folder that was swept
is not looked at again, unless the index ends before it; the day before is, because a clock may have been set.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import select

from pacs_node.archive.files import NO_SPACE, FileStore
from pacs_node.archive.roots import Root
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from pacs_node.archive_care.mounting import mount
from pacs_node.errors import NotDicom
from pacs_node.header.elements import ends_whole
from pacs_node.header.scan import DEFLATED, EXPLICIT_BIG, IMPLICIT_LITTLE
from pacs_node.ingest.part10 import read_header
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

    def enter(self, before_sweep: Callable[[], bool] | None = None) -> None:
        """Sweep if we are alone, and be counted until `leave` (or until the process ends, however it does).

        `before_sweep` is called when every root is there, whether or not there is a sweep, and says whether there
        may be one. Raises RootAway, before anything is written, and what `before_sweep` raises.
        """
        mount(self._files, self._database, self._clock)
        self._files.prepare()
        self._lock = os.open(self._files.lock, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o640)
        alone = True
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("archive.sweep_skipped", reason="another process is ingesting")
            alone = False
        may_sweep = before_sweep is None or before_sweep()
        if alone and may_sweep:
            sweep(self._files, self._database, self._clock.now())
        fcntl.flock(self._lock, fcntl.LOCK_SH)

    def leave(self) -> None:
        """No longer be counted."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def sweep(files: FileStore, database: Database, now: datetime) -> list[Path]:
    """Remove half-received files and set unnamed ones aside; returns where these are now.

    Nobody else may be ingesting meanwhile.
    """
    return [path for root in files.roots for path in _sweep(root, files, database, now)]


def _sweep(root: Root, files: FileStore, database: Database, now: datetime) -> list[Path]:
    _remove_half(root.incoming, files)
    _put_back(root, database)
    mark = root.archive / _MARK
    since = _since(mark, database)
    unnamed: list[Path] = []
    touched: set[Path] = set()
    for day in _days(root.archive, since):
        for folder in sorted(path for path in day.iterdir() if path.is_dir()):
            _remove_half(folder, files)
            unnamed += unnamed_in(root, database, folder)
            touched.add(folder)
    aside = [files.set_aside(path, cut_short=not _is_whole(path)) for path in unnamed]
    if aside:
        log.warning("archive.orphans_set_aside", count=len(aside), folder=str(root.orphans))
    _remove_empty(touched)
    try:
        mark.write_text(now.astimezone(UTC).isoformat(), encoding="ascii")
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        log.warning("archive.sweep_not_marked", reason=str(error))  # more days are looked at the next time
    return aside


def _remove_half(folder: Path, files: FileStore) -> None:
    """Remove what was being received when a process ended."""
    for path in sorted(folder.glob("*.part")):
        if path.is_file():
            log.info("archive.leftover_removed", path=str(path))
            files.remove(path)


def unnamed_in(root: Root, database: Database, folder: Path) -> list[Path]:
    """The files of one study folder that the index does not name."""
    here = {root.name_of(path): path for path in folder.glob("*.dcm")}
    if not here:
        return []
    prefix = root.name_of(folder) + "/"
    named: set[str] = set()
    with database.read() as session:
        for row in (InstanceRow, InstanceVersionRow):
            within = (row.file >= prefix, row.file < prefix + "\U0010ffff")
            named.update(session.scalars(select(row.file).where(*within)))
    return [path for name, path in here.items() if name not in named]


def _is_whole(path: Path) -> bool:
    """Whether the file has its end: a power failure can take that from one that nobody was told is stored."""
    with path.open("rb") as file:
        try:
            meta = read_header(file)
        except NotDicom:
            return False
        if meta.transfer_syntax_uid == DEFLATED:
            return True  # only reading all of it would tell
        file.seek(meta.dataset_offset)
        return ends_whole(
            file,
            explicit=meta.transfer_syntax_uid != IMPLICIT_LITTLE,
            big_endian=meta.transfer_syntax_uid == EXPLICIT_BIG,
            size=path.stat().st_size,
        )


def _put_back(root: Root, database: Database) -> None:
    """Return to the archive what this index names and another did not."""
    for path in sorted(root.orphans.rglob("*.dcm")):
        place = root.archive / path.relative_to(root.orphans)
        name = root.name_of(place)
        with database.read() as session:
            named = any(
                session.scalar(select(row.id).filter_by(file=name)) is not None
                for row in (InstanceRow, InstanceVersionRow)
            )
        if named and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            path.rename(place)
            log.warning("archive.orphan_put_back", path=str(place))


def _since(mark: Path, database: Database) -> datetime | None:
    """From when on to look: the last sweep, or the index's newest image if that is an older database's."""
    swept = _read_mark(mark)
    with database.read() as session:
        newest = session.scalar(select(InstanceRow.received_at).order_by(InstanceRow.id.desc()).limit(1))
    return min(swept, newest) if swept and newest else swept


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


def _remove_empty(folders: set[Path]) -> None:
    for folder in folders:
        if not any(folder.iterdir()):
            folder.rmdir()
