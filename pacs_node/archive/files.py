"""The archive on disk.

    DATA/incoming/<id>.part               being received; worth nothing until it has been moved
    DATA/archive/2026/11/21/<hash>/<id>.dcm
    DATA/orphans/2026/11/21/<hash>/<id>.dcm    was in the archive, but the index did not name it

The folders are the UTC day of receipt and the first 32 hexadecimal digits of the SHA-256 of the Study
Instance UID, the file an id that is never given twice: nothing on disk is named by a sender's bytes, no
file is ever replaced by another, and yesterday's folders no longer change (good for backups). The index
says which file holds which instance. A file that no row names is set aside, never deleted; `sweep.py`.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pacs_node.errors import StorageFull
from shared_kernel.ids import new_id

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_MOST_REMEMBERED = 10_000


class FileStore:
    """The files of one data folder. What the system refuses comes out as its OSError; see `full_disk`."""

    def __init__(self, data: Path) -> None:
        self.incoming = data / "incoming"
        self.archive = data / "archive"
        self.orphans = data / "orphans"
        """Files that no row of the index named; the folder is made when there is one."""
        self.lock = data / "ingest.lock"
        self._lasting: set[Path] = set()
        """Folders that this process has synced with all above them."""

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.incoming, self.archive):
            folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(self.archive.parent)

    def new_incoming(self) -> Path:
        """A path for a file that is about to be received."""
        return self.incoming / f"{new_id()}.part"

    def place_for(self, study_uid: str, at: datetime) -> Path:
        """A path, never used before, for an instance of this study received at this time."""
        study = hashlib.sha256(study_uid.encode()).hexdigest()[:32]
        return self.archive / f"{at:%Y/%m/%d}" / study / f"{new_id()}.dcm"

    def name_of(self, path: Path) -> str:
        """The path below the archive folder, as the index keeps it."""
        return path.relative_to(self.archive).as_posix()

    def path_of(self, name: str) -> Path:
        """The path of a file that the index names."""
        return self.archive / name

    def free(self) -> int:
        """Free bytes on the disk of the archive, for us."""
        return shutil.disk_usage(self.incoming).free

    def write(self, file: int, data: bytes | memoryview) -> None:
        """Write all of `data` to a file descriptor."""
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]

    def sync(self, path: Path) -> None:
        """Return when the file's bytes are on the disk."""
        file = os.open(path, os.O_RDWR)
        try:
            os.fdatasync(file)
        finally:
            os.close(file)

    def move(self, source: Path, target: Path) -> set[Path]:
        """Rename into place; returns the folders to sync before the file may be called durable."""
        touched = {target.parent}
        if target.parent not in self._lasting or not target.parent.exists():
            # Also where the folder is there already: another process may have made it and not synced it yet.
            target.parent.mkdir(parents=True, exist_ok=True)
            touched.update(self._up_to_archive(target.parent))
        source.rename(target)
        return touched

    def sync_folders(self, folders: Iterable[Path]) -> None:
        """Return when the entries of these folders are on the disk."""
        synced = set(folders)
        for folder in sorted(synced):
            _sync_folder(folder)
        if len(self._lasting) > _MOST_REMEMBERED:
            self._lasting.clear()
        self._lasting.update(folder for folder in synced if synced.issuperset(self._up_to_archive(folder)))

    def set_aside(self, path: Path) -> Path:
        """Move an archive file to the orphans, under the same relative path; returns where it is now."""
        target = self.orphans / self.name_of(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            # The same name came back, by an operator's hand: both stay.
            target = target.with_name(f"{new_id()}.dcm")
        path.rename(target)
        return target

    def count_orphans(self) -> int:
        """How many files are set aside."""
        return sum(1 for path in self.orphans.rglob("*.dcm") if path.is_file())

    def remove(self, path: Path) -> None:
        """Remove a file if it is there."""
        path.unlink(missing_ok=True)

    def _up_to_archive(self, folder: Path) -> list[Path]:
        return [parent for parent in (folder, *folder.parents) if parent.is_relative_to(self.archive)]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class full_disk:  # noqa: N801 - reads as the statement that it is used as
    """Turns the system's "no space left" into StorageFull, inside a `with`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, StorageFull) and error.errno in NO_SPACE:
            raise StorageFull() from error
