"""One file of the landing log: records one behind the other, each on whole pages, in room that was filled before.

    page 0…   magic, CRC-32 of all that follows it, length of the facts, size of the content, number of the record,
              id of this use of the segment; the facts; zeros
    page n…   the content; zeros

Room is filled with zeros and synced before it is used, so that writing a record changes no metadata of the file, and
its sync is one write and nothing else. A segment is used again and again. What an earlier use has left behind the
last record has another id, a record that was cut short another checksum: there reading ends.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from pacs_node.archive.roots import sync_folder

MOST = 64 * 2**20
"""Bytes of a segment at most."""
_FIRST_ROOM = 2**20
_PAGE = 4096
_NEW_FILE = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
_BROKEN = {errno.EIO, errno.ENODATA, errno.EUCLEAN, errno.EBADMSG}
_MAGIC = b"dkuland1"
_HEAD = struct.Struct("<8sIIQQ8s")
_CHECKED = struct.Struct("<IQQ8s")
"""Of the head what the checksum covers."""
_FREE = bytes(_PAGE)
_ZEROS = memoryview(bytes(2**20))
LONGEST_FACTS = 64 * 1024

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """What was written together: what is said of some bytes, and these."""

    facts: bytes
    content: bytes
    number: int = 0


class Segment:
    """A file of records; for one thread at a time. Everything raises OSError where the disk does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, _NEW_FILE, 0o640)
        self._room = os.fstat(self._file).st_size
        self._end = 0
        self._use = os.urandom(8)
        self.paths: list[str] = []
        """Of the files whose bytes this use holds."""
        self.is_unreadable = False
        """Whether the disk has refused to read a part of it."""
        self.pins = 0
        """Batches whose index rows are not committed yet."""

    @property
    def is_filling(self) -> bool:
        """Whether it is more than two thirds full; one more batch of 64 fits."""
        return self._end > MOST * 2 // 3

    def make_room(self, size: int) -> bool:
        """See that so many bytes of records fit; False where the segment is full."""
        wanted = self._end + size
        if wanted > MOST:
            return False
        if wanted > self._room:
            self._grow(min(MOST, max(wanted, 2 * self._room, _FIRST_ROOM)))
        return True

    def append(self, records: Sequence[tuple[bytes, memoryview]], first_number: int) -> None:
        """Write facts and contents, in room that was made; they last when this returns."""
        pieces: list[bytes | memoryview] = []
        for number, (facts, content) in enumerate(records, first_number):
            size = len(content)
            head = _head(facts, content, number, self._use)
            pieces += (head, content, _ZEROS[: -size % _PAGE])
        size = sum(map(len, pieces))
        if _write_through(self._file, pieces, self._end) != size:
            raise OSError(f"{self.path}: the system has written less than it was given")
        self._end += size

    def records(self) -> Iterator[Record]:
        """What is in the file, whoever wrote it, up to the first that is not whole, or can't be read."""
        position, number, use = 0, None, b""
        while found := self._readable(position):
            record, used = found
            if number is not None and (record.number, used) != (number, use):
                return
            number, use = record.number + 1, used
            position += size_of(len(record.facts), len(record.content))
            yield record

    def clear(self, *, lasting: bool = False) -> None:
        """Begin anew. A power failure may bring the records back, unless it is to be `lasting`.

        A file of which a part could not be read is kept beside the new one.
        """
        if self.is_unreadable:
            self._keep_aside()
        if self._room:
            os.pwrite(self._file, _FREE, 0)
        if lasting:
            os.fdatasync(self._file)
        self._end, self._use, self.paths = 0, os.urandom(8), []

    def close(self) -> None:
        """Give the descriptor back; the records stay."""
        os.close(self._file)

    def _readable(self, position: int) -> tuple[Record, bytes] | None:
        try:
            return self._read(position)
        except OSError as error:
            if error.errno not in _BROKEN:
                raise
            log.exception("archive.landing_log_unreadable", file=str(self.path), position=position)
            self.is_unreadable = True
            return None

    def _keep_aside(self) -> None:
        aside = self.path.with_name(f"{self.path.name}.{self._use.hex()}.unreadable")
        self.path.rename(aside)
        os.close(self._file)
        self._file, self._room, self.is_unreadable = os.open(self.path, _NEW_FILE, 0o640), 0, False
        sync_folder(self.path.parent)
        log.error("archive.landing_log_kept_aside", file=str(aside))

    def _read(self, position: int) -> tuple[Record, bytes] | None:
        head = os.pread(self._file, _HEAD.size, position)
        if len(head) < _HEAD.size:
            return None
        magic, checksum, length, size, number, use = _HEAD.unpack(head)
        end = position + size_of(length, size)
        if magic != _MAGIC or length > LONGEST_FACTS or end > self._room:
            return None
        facts = os.pread(self._file, length, position + _HEAD.size)
        content = os.pread(self._file, size, position + _pages(_HEAD.size + length))
        if (len(facts), len(content)) != (length, size) or _checksum(facts, content, number, use) != checksum:
            return None
        return Record(facts, content, number), use

    def _grow(self, room: int) -> None:
        position = self._room
        try:
            while position < room:
                position += os.pwrite(self._file, _ZEROS[: room - position], position)
            os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._room)
            raise
        self._room = room


def size_of(facts: int, content: int) -> int:
    """Bytes that a record of so many bytes takes."""
    return _pages(_HEAD.size + facts) + _pages(content)


def _pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE


def _head(facts: bytes, content: memoryview, number: int, use: bytes) -> bytes:
    checksum = _checksum(facts, content, number, use)
    head = _HEAD.pack(_MAGIC, checksum, len(facts), len(content), number, use) + facts
    return head.ljust(_pages(len(head)), b"\0")


def _checksum(facts: bytes, content: bytes | memoryview, number: int, use: bytes) -> int:
    return zlib.crc32(content, zlib.crc32(_CHECKED.pack(len(facts), len(content), number, use) + facts))


def _write_through(file: int, pieces: Sequence[bytes | memoryview], position: int) -> int:
    """Write; returns how much when it is on the disk."""
    if hasattr(os, "RWF_DSYNC"):  # one call instead of two
        return os.pwritev(file, pieces, position, os.RWF_DSYNC)
    written = os.pwritev(file, pieces, position)
    os.fdatasync(file)
    return written
