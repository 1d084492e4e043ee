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
from collections.abc import Collection
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pacs_node.archive.whole_disk import WholeDisk
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
        self._incoming, self._archive = str(self.incoming), str(self.archive)
        self._folders: dict[str, tuple[int, str]] = {}
        """Today's folder of a study, with the day."""
        self._lasting: dict[str, set[Path]] = {}
        """Folders that this process has synced with all above them, each with itself alone as what is to be synced."""
        self._whole_disk = WholeDisk(self.archive)

    def prepare(self) -> None:
        """Make the folders."""
        for folder in (self.incoming, self.archive):
            folder.mkdir(parents=True, exist_ok=True)
        _sync_folder(self.archive.parent)

    def new_incoming(self) -> str:
        """A path for a file that is about to be received."""
        return f"{self._incoming}/{new_id()}.part"

    def place_for(self, study_uid: str, at: datetime) -> str:
        """A path, never used before, for an instance of this study received at this time."""
        return f"{self._folder_for(study_uid, at.toordinal(), at)}/{new_id()}.dcm"

    def _folder_for(self, study_uid: str, day: int, at: datetime) -> str:
        known = self._folders.get(study_uid)
        if known is None or known[0] != day:
            study = hashlib.sha256(study_uid.encode()).hexdigest()[:32]
            known = day, f"{self._archive}/{at:%Y/%m/%d}/{study}"
            if len(self._folders) >= _MOST_REMEMBERED:
                self._folders.clear()
            self._folders[study_uid] = known
        return known[1]

    def name_of(self, path: str | Path) -> str:
        """The path below the archive folder, as the index keeps it."""
        return os.fspath(path)[len(self._archive) + 1 :]

    def path_of(self, name: str) -> Path:
        """The path of a file that the index names."""
        return self.archive / name

    def free(self) -> int:
        """Free bytes on the disk of the archive, for us."""
        status = os.statvfs(self._incoming)
        return status.f_bavail * status.f_frsize

    def write(self, file: int, *pieces: bytes | memoryview) -> None:
        """Write all of the pieces, one behind the other, to a file descriptor."""
        written = os.writev(file, pieces)
        for piece in pieces:
            view = memoryview(piece)[written:] if written < len(piece) else memoryview(b"")
            written = max(0, written - len(piece))
            while view:
                view = view[os.write(file, view) :]

    def move(self, source: str | Path, target: str | Path) -> set[Path]:
        """Rename into place; returns the folders to sync before the file may be called durable."""
        folder = os.path.dirname(target)
        lasting = self._lasting.get(folder)
        try:
            if lasting is not None:
                os.rename(source, target)
                return lasting
        except FileNotFoundError:
            pass  # a sweep has removed the empty folder; or the source is gone, which is said below
        # Also where the folder is there already: another process may have made it and not synced it yet.
        os.makedirs(folder, exist_ok=True)
        os.rename(source, target)
        return set(self._up_to_archive(Path(folder)))

    def sync_all(self, paths: Collection[str], folders: Collection[Path]) -> None:
        """Return when these files and the entries of these folders are on the disk.

        Raises OSError of the first that the system refuses; none may be called durable then.
        """
        if self._whole_disk.sync():
            self._now_lasting(folders)
            return
        for path in paths:
            self.sync(path)
        self.sync_folders(folders)

    def sync(self, path: str | Path) -> None:
        """Return when the file's bytes are on the disk."""
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            os.fdatasync(file)
        finally:
            os.close(file)

    def sync_folders(self, folders: Collection[Path]) -> None:
        """Return when the entries of these folders are on the disk."""
        for folder in sorted(folders):
            _sync_folder(folder)
        self._now_lasting(folders)

    def _now_lasting(self, synced: Collection[Path]) -> None:
        if len(self._lasting) > _MOST_REMEMBERED:
            self._lasting.clear()
        together = set(synced)
        for folder in together:
            if str(folder) not in self._lasting and together.issuperset(self._up_to_archive(folder)):
                self._lasting[str(folder)] = {folder}

    def set_aside(self, path: Path, *, cut_short: bool = False) -> Path:
        """Move an archive file to the orphans, under the same relative path; returns where it is now.

        One that is `cut_short` ends in `.cut`: nothing will take it for an image.
        """
        target = self.orphans / self.name_of(path)
        if cut_short:
            target = target.with_suffix(".cut")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            # The same name came back, by an operator's hand: both stay.
            target = target.with_name(f"{new_id()}{target.suffix}")
        path.rename(target)
        return target

    def count_orphans(self) -> int:
        """How many files are set aside."""
        return sum(1 for path in self.orphans.rglob("*.dcm") if path.is_file())

    def remove(self, path: str | Path) -> None:
        """Remove a file if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(path)

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
