"""The archive on disk.

    ROOT/incoming/<id>.part               longer than `staging.STAGED`, its study not yet known; worth nothing
    ROOT/archive/2026/11/21/<hash>/<id>.part      longer than that, being received; worth nothing until it is renamed
    ROOT/archive/2026/11/21/<hash>/<id>.dcm       written whole here where it is not longer
    ROOT/orphans/2026/11/21/<hash>/<id>.dcm    was in the archive, but the index did not name it
    DATA/landing/1.log, 2.log             bytes of files that are not synced in their place yet: `landing.py`

The data folder is a root; `storage_roots` names more, each on a disk of its own (`roots.py`). The folders are the UTC
day of receipt and the first 32 hexadecimal digits of the SHA-256 of the Study Instance UID, the file an id that is
never given twice: nothing on disk is named by a sender's bytes, no file is ever replaced by another, and
yesterday's folders no longer change (good for backups). The index says which file holds which instance; a file
that no row names is set aside, never deleted: `sweep.py`.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pacs_node.archive.roots import SEPARATOR, Root, read_marker, sync_file, sync_folder
from pacs_node.archive.space import SpaceWatch
from pacs_node.errors import RootAway, StorageFull
from shared_kernel.ids import new_id

NO_SPACE = {errno.ENOSPC, errno.EDQUOT}
_MOST_REMEMBERED = 10_000
_HALF = ".part"
_NEW_FILE = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC


class FileStore:
    """The files of a data folder and its storage roots.

    What the system refuses comes out as its OSError; see `full_disk`.
    New files go to the first root with more than `min_free` bytes free that no instance was too large for. The data
    folder stands before the `storage_roots`, unless it is named among them.
    """

    def __init__(self, data: Path, storage_roots: Sequence[Path] = (), min_free: int = 0) -> None:
        self._data = Root(data)
        self._min_free = min_free
        paths = storage_roots if data in storage_roots else (data, *storage_roots)
        self.root_paths = tuple(dict.fromkeys(path for path in paths if path != data))
        """Where the other roots are said to be."""
        self._order = tuple(dict.fromkeys(paths))
        self.incoming, self.archive, self.orphans = self._data.incoming, self._data.archive, self._data.orphans
        """Of the data folder."""
        self.lock = data / "ingest.lock"
        self.landing_folder = data / "landing"
        self.syncs_later: Callable[[int], bool] = _never
        self.space = SpaceWatch()
        self._folders: dict[str, tuple[int, str]] = {}
        """Below which folder of an archive a study's files of today are, with the day."""
        self._lasting: set[str] = set()
        """Folders that this process has synced with all above them."""
        self.roots: tuple[Root, ...] = ()
        """Those that are there, in the order in which they are filled."""
        self.find_roots()

    def sync_later(self, asked: Callable[[int], bool] | None) -> None:
        """Let `syncs_later` say whether a file of so many bytes lasts by the landing log at first; None: none does."""
        self.syncs_later = asked or _never

    def find_roots(self) -> None:
        """Look again which roots are there, by their markers."""
        known = {root.path: root for root in self.roots}
        found = []
        for path in self._order:
            if path == self._data.path:
                found.append(self._data)
            elif root_id := read_marker(path):
                root = known.get(path)
                found.append(root if root and root.id == root_id else Root(path, root_id))
        self.roots = tuple(found)
        self._by_id = {root.id: root for root in found}

    def prepare(self) -> None:
        """Make the folders of every root that is there."""
        for root in self.roots:
            root.prepare()

    def new_incoming(self, beside: str | Path | None = None, *, study_uid: str = "", at: datetime | None = None) -> str:
        """A path for a file that is about to be received; on the disk of the file `beside`, if one is given.

        Where the study is known already it is in the folder that the file will stay in: file systems put the
        files of one folder near each other, and find room for a new one quickly where few have been deleted.
        """
        root = self._root_of(beside) if beside is not None else self._root_with_space()
        if not study_uid or at is None:
            return f"{root.incoming_text}/{new_id()}{_HALF}"
        return f"{root.archive_text}/{self._folder_for(study_uid, at.toordinal(), at)}/{new_id()}{_HALF}"

    def place_for(self, study_uid: str, at: datetime, beside: str | Path | None = None) -> str:
        """A path, never used before, for an instance of this study received at this time, in the root of `beside`."""
        root = self._data if beside is None else self._root_of(beside)
        folder = f"{root.archive_text}/{self._folder_for(study_uid, at.toordinal(), at)}/"
        near = os.fspath(beside) if beside is not None else ""
        # A name that was never given to a whole file is as good as a new one.
        name = near[len(folder) : -len(_HALF)] if near.startswith(folder) and near.endswith(_HALF) else new_id()
        return f"{folder}{name}.dcm"

    def _folder_for(self, study_uid: str, day: int, at: datetime) -> str:
        known = self._folders.get(study_uid)
        if known is None or known[0] != day:
            study = hashlib.sha256(study_uid.encode()).hexdigest()[:32]
            known = day, f"{at:%Y/%m/%d}/{study}"
            if len(self._folders) >= _MOST_REMEMBERED:
                self._folders.clear()
            self._folders[study_uid] = known
        return known[1]

    def name_of(self, path: str | Path) -> str:
        """The name that the index keeps: the path below the archive, behind the id of its root and a colon."""
        return self._root_of(path).name_of(path)

    def path_of(self, name: str) -> Path:
        """The path of a file that the index names. Raises RootAway where its root is not there."""
        return self.root_of_name(name).archive / name.rpartition(SEPARATOR)[2]

    def root_of_name(self, name: str) -> Root:
        """The root of a file that the index names. Raises RootAway."""
        root_id = name.rpartition(SEPARATOR)[0]
        if root_id not in self._by_id:
            raise RootAway(root=root_id)
        return self._by_id[root_id]

    def free(self, beside: str | Path | None = None) -> int:
        """Free bytes on the disk that the next file goes to, or on that of the file `beside`."""
        if beside is None:
            return self._root_with_space().free()
        root = self._root_of(beside)
        free = root.free()
        if free < self._min_free:
            root.was_too_small(free)
        return free

    def create(self, path: str) -> int:
        """A descriptor for writing a file that is new, its folders made where they are not there.

        Raises OSError, RootAway.
        """
        try:
            return os.open(path, _NEW_FILE, 0o640)
        except FileNotFoundError:  # the first of its study, or another process's sweep has removed the empty folder
            self._make_folder(path)
            return os.open(path, _NEW_FILE, 0o640)

    def move(self, source: str | Path, target: str) -> None:
        """Rename into place. Raises OSError, RootAway."""
        try:
            os.rename(source, target)
        except FileNotFoundError:  # a sweep has removed the empty folder; or the source is gone, which is said below
            self._make_folder(target)
            os.rename(source, target)

    def _make_folder(self, path: str) -> None:
        """Make the folder of a file. Raises RootAway where the disk is gone: nothing is made in its mount point."""
        root = self._root_of(path)
        if not root.is_there:
            raise RootAway(root=root.id, path=root.path)
        os.makedirs(os.path.dirname(path), exist_ok=True)

    def open_written(self, path: str) -> int:
        """A descriptor of a file that was written without a sync.

        Raises FileNotFoundError where it was removed, RootAway where its disk was, and OSError.
        """
        try:
            return os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            root = self._root_of(path)
            if not root.is_there:
                raise RootAway(root=root.id, path=root.path) from None
            raise

    def write_again(self, path: str, content: bytes) -> None:
        """Put a file in its place whose bytes may be lost there; durable, of its name see `sync_names`.

        One that has these bytes is only synced: that needs no room. Raises OSError, RootAway.
        """
        if self._has(path, content):
            self.sync(path)
            return
        half = f"{os.path.dirname(path)}/{new_id()}{_HALF}"
        file = self.create(half)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(file, rest) :]
            os.fdatasync(file)
            os.rename(half, path)
        except BaseException:
            self.remove(half)
            raise
        finally:
            os.close(file)

    @staticmethod
    def _has(path: str, content: bytes) -> bool:
        """Whether these bytes, and no others, are to be read there."""
        try:
            with open(path, "rb") as file:
                return file.read(len(content) + 1) == content
        except OSError:
            return False

    def keep_aside(self, content: bytes, facts: bytes) -> Path:
        """Put what no file of the archive is known for among the orphans, with what is said of it beside it.

        Doing it twice leaves it there once. Durable when this returns. Raises OSError.
        """
        folder = self.orphans / "landing"
        folder.mkdir(parents=True, exist_ok=True)
        place = folder / f"{hashlib.sha256(facts + content).hexdigest()[:32]}.dcm"
        for path, held in ((place, content), (place.with_suffix(".facts"), facts)):
            self.write_again(str(path), held)
        sync_folder(folder)
        sync_folder(folder.parent)
        return place

    def sync(self, path: str, file: int | None = None) -> None:
        """Return when the file's bytes are on the disk; `file` is a descriptor of it that is open. Raises OSError."""
        if file is None:
            sync_file(path)
        else:
            os.fdatasync(file)

    def sync_names(self, paths: Iterable[str]) -> None:
        """Return when the disk knows that there are files at these paths. Raises OSError."""
        for folder in {os.path.dirname(path) for path in paths}:
            if folder in self._lasting:
                sync_folder(folder)
                continue
            # Also where the folders are there: another process may have made them and not synced them yet.
            for above in self._root_of(folder + "/").up_to_archive(Path(folder)):
                sync_folder(above)
            if len(self._lasting) >= _MOST_REMEMBERED:
                self._lasting.clear()
            self._lasting.add(folder)

    def set_aside(self, path: Path, *, cut_short: bool = False) -> Path:
        """Move an archive file to its root's orphans, under the same relative path; returns where it is now.

        One that is `cut_short` ends in `.cut`: nothing will take it for an image.
        """
        root = self._root_of(path)
        target = root.orphans / path.relative_to(root.archive)
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
        return sum(1 for root in self.roots for path in root.orphans.rglob("*.dcm") if path.is_file())

    def remove(self, path: str | Path) -> None:
        """Remove a file if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(path)

    def _root_of(self, path: str | Path) -> Root:
        if len(self.roots) == 1:
            return self.roots[0]
        for root in self.roots:
            if root.holds(path):
                return root
        raise ValueError(f"{path} is in no storage root")

    def _root_with_space(self) -> Root:
        """The first root with more than enough space; where none has, or one was just found full, the one with most."""
        if len(self.roots) == 1:
            return self.roots[0]
        best, most = self._data, -1
        for root in self.roots:
            try:
                free = root.free()
            except OSError:
                continue  # the disk has gone; what is on it can't be read, but others can be written
            if free > self._min_free and root.may_take_more(free) and not self.space.refused_lately:
                return root
            if free > most:
                best, most = root, free
        return best


def _never(_size: int) -> bool:
    return False


class full_disk:  # noqa: N801 - reads as the statement that it is used as
    """Turns the system's "no space left" into StorageFull, inside a `with`, and tells the watch of it."""

    def __init__(self, watch: SpaceWatch | None = None) -> None:
        self._watch = watch

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError) and not isinstance(error, StorageFull) and error.errno in NO_SPACE:
            full = StorageFull()
            if self._watch is not None:
                self._watch.refuse(full)
            raise full from error
