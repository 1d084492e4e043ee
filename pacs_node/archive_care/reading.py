"""Reading one stored file from the disk, to see whether it is what was received."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from pathlib import Path
from typing import BinaryIO

from pacs_node.archive.files import FileStore
from pacs_node.archive_care.errors import NotReadable
from pacs_node.archive_care.model import Damage, Digest, Entry, Verdict
from pacs_node.errors import InstanceRefused, RootAway
from pacs_node.header.scan import scan
from pacs_node.ingest.part10 import read_header

_CHUNK = 1 * 2**20
BROKEN = {errno.EIO, errno.ENODATA, errno.EUCLEAN, errno.EBADMSG}
"""What a disk answers that does not give a file back; other numbers say nothing of the file."""


class BrokenOff(Exception):
    """Reading was told to stop inside a file; nothing is known of it."""


def inspect(entry: Entry, files: FileStore, stopping: threading.Event | None = None) -> Verdict:
    """Read the whole file and compare it with the index and with its digest.

    Without a digest the size and the header are compared, and the digest is made. Raises NotReadable, RootAway,
    and BrokenOff once `stopping` is set.
    """
    root, path = files.root_of_name(entry.file), files.path_of(entry.file)
    try:
        with path.open("rb") as file:
            return _inspect(entry, file, stopping)
    except (FileNotFoundError, NotADirectoryError):
        if not root.is_there:
            # One sentence, instead of a million images that are gone.
            raise RootAway(root=root.id, path=root.path) from None
        return Verdict(entry=entry, damage=Damage.GONE)
    except PermissionError as error:
        raise NotReadable(path=str(path)) from error
    except OSError:
        return Verdict(entry=entry, damage=Damage.UNREADABLE)


def digest_of(path: Path, dataset_offset: int) -> Digest:
    """The digest of the data set in a file, read now. Raises OSError."""
    with path.open("rb") as file:
        return _digest(file, dataset_offset)


def _inspect(entry: Entry, file: BinaryIO, stopping: threading.Event | None) -> Verdict:
    # What lies in memory says nothing of the disk; and what was read once here, nobody needs in memory.
    _forget(file)
    try:
        digest = _digest(file, entry.dataset_offset, stopping)
        if os.fstat(file.fileno()).st_size != entry.size:
            return Verdict(entry=entry, damage=Damage.SIZE, digest=digest)
        if entry.digest is not None and entry.digest != digest:
            return Verdict(entry=entry, damage=Damage.CONTENT, digest=digest)
        if not _names_itself(entry, file):
            return Verdict(entry=entry, damage=Damage.HEADER, digest=digest)
        return Verdict(entry=entry, digest=digest)
    finally:
        _forget(file)


def _digest(file: BinaryIO, offset: int, stopping: threading.Event | None = None) -> Digest:
    sha256, size = hashlib.sha256(), 0
    file.seek(offset)
    while chunk := file.read(_CHUNK):
        if stopping is not None and stopping.is_set():
            raise BrokenOff
        sha256.update(chunk)
        size += len(chunk)
    return Digest(sha256=sha256.hexdigest(), size=size)


def _names_itself(entry: Entry, file: BinaryIO) -> bool:
    """Whether file meta information and data set name the instance that the index says this is."""
    try:
        meta = read_header(file)
        header = scan(file, meta.dataset_offset, meta.transfer_syntax_uid, meta.sop_class_uid)
    except InstanceRefused:
        return False
    named = {meta.sop_instance_uid, header.sop_instance_uid}
    return (
        (meta.dataset_offset, meta.transfer_syntax_uid) == (entry.dataset_offset, entry.transfer_syntax_uid)
        and named == {entry.sop_instance_uid}
        and (header.series_uid, header.study_uid) == (entry.series_uid, entry.study_uid)
    )


def _forget(file: BinaryIO) -> None:
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
