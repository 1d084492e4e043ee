"""One storage root: a folder on a disk of its own with received, archived and set-aside files.

    ROOT/.dokuei-root     the id of the root, by which the index names its files wherever it is mounted
    ROOT/incoming         beside the archive, so that a received file gets there by a rename
    ROOT/archive
    ROOT/orphans

The data folder is the first root there ever is; it has no id and no marker, and its files no prefix in the index.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

MARKER = ".dokuei-root"
SEPARATOR = ":"
_WORTH_COMING_BACK = 2**30
"""More than what an instance that did not fit had written, as a rule: that is free again once it is refused."""
_ID = re.compile(r"[0-9a-f]{8,32}")


class Root:
    """The folders of one storage root, and the names that the index keeps of its files."""

    def __init__(self, path: Path, root_id: str = "") -> None:
        self.id = root_id
        self.path = path
        self.incoming = path / "incoming"
        self.archive = path / "archive"
        self.orphans = path / "orphans"
        """Files that no row of the index named; the folder is made when there is one."""
        self.prefix = f"{root_id}{SEPARATOR}" if root_id else ""
        self.incoming_text, self.archive_text = str(self.incoming), str(self.archive)
        self._full_below = 0

    def prepare(self) -> None:
        """Make the folders, durably."""
        for folder in (self.incoming, self.archive):
            folder.mkdir(parents=True, exist_ok=True)
        sync_folder(self.path)

    @property
    def is_there(self) -> bool:
        """Whether the disk is the one it was: not an empty mount point in its place."""
        return read_marker(self.path) == self.id if self.id else self.archive.is_dir()

    def free(self) -> int:
        """Free bytes for us. Raises OSError where the root is not there."""
        status = os.statvfs(self.incoming_text)
        return status.f_bavail * status.f_frsize

    def was_too_small(self, free: int) -> None:
        """An instance did not fit, with so many bytes left: its next attempt is to go elsewhere."""
        self._full_below = max(self._full_below, free + _WORTH_COMING_BACK)

    def may_take_more(self, free: int) -> bool:
        """Whether it was never too small for an instance, or much has been freed since."""
        return free >= self._full_below

    def holds(self, path: str | Path) -> bool:
        """Whether the path is one of a received or archived file of this root."""
        text = os.fspath(path)
        return text.startswith((self.archive_text + "/", self.incoming_text + "/"))

    def name_of(self, path: str | Path) -> str:
        """The name that the index keeps of an archived file or folder."""
        return self.prefix + os.fspath(path)[len(self.archive_text) + 1 :]

    def up_to_archive(self, folder: Path) -> list[Path]:
        """The folder with all above it, up to the archive."""
        return [parent for parent in (folder, *folder.parents) if parent.is_relative_to(self.archive)]


def read_marker(path: Path) -> str:
    """The id of the root at this path; empty where there is none."""
    try:
        text = (path / MARKER).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
    return text if _ID.fullmatch(text) else ""


def write_marker(path: Path, root_id: str) -> None:
    """Make an empty folder a root, durably."""
    marker = path / MARKER
    marker.write_text(root_id + "\n", encoding="ascii")
    sync_file(marker)
    sync_folder(path)


def sync_file(path: str | Path) -> None:
    """Return when the file's bytes are on the disk."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fdatasync(file)
    finally:
        os.close(file)


def sync_folder(folder: str | Path) -> None:
    """Return when the folder's entries are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
