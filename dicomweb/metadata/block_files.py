"""Files of `metadata/` in the data folder: one a series, worth nothing but the time that making it has taken."""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec
import structlog

from dicomweb.metadata.gzip_joining import Packed

_TOLD_EVERY_SECONDS = 60.0

log = structlog.get_logger(__name__)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says before its compressed bytes, in one line of JSON."""

    stamp: str
    """Of which stored files it was made."""
    address: str
    """The service's address in its BulkDataURIs; empty while nobody had asked for any."""
    size: int
    crc: int
    """Length and CRC-32 of the text, and the CRC-32 of the compressed bytes."""
    check: int


class BlockFiles:
    """Reads and writes blocks by study and series. Nothing here is synced: a torn file is seen, and made again."""

    def __init__(self, folder: Path, min_free: int = 0) -> None:
        self._folder = folder
        self._min_free = min_free
        self._told_at: float | None = None

    def read(self, study_uid: str, series_uid: str, stamp: str) -> tuple[str, Packed] | None:
        """The address and the bytes of a series; None when there are none of this stamp that can be used."""
        try:
            head, _, deflated = self._path(study_uid, series_uid).read_bytes().partition(b"\n")
            block = msgspec.json.decode(head, type=Block)
        except (OSError, msgspec.DecodeError):  # not there, or damaged: it will be made anew
            return None
        if block.stamp != stamp or zlib.crc32(deflated) != block.check:
            return None
        return block.address, Packed(deflated, block.size, block.crc)

    def write(self, study_uid: str, series_uid: str, stamp: str, address: str, packed: Packed) -> None:
        """Keep a series, in the place of what was kept before; a disk that won't take it is only logged."""
        path = self._path(study_uid, series_uid)
        part = path.with_suffix(f".{uuid4().hex}.part")
        block = Block(stamp=stamp, address=address, size=packed.size, crc=packed.crc, check=zlib.crc32(packed.deflated))
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            room = os.statvfs(path.parent)
            if room.f_bavail * room.f_frsize < self._min_free:
                return  # what is left is for images
            part.write_bytes(msgspec.json.encode(block) + b"\n" + packed.deflated)
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        """Once a minute: on a full disk every series fails, and the log is on that disk too."""
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= _TOLD_EVERY_SECONDS:
            self._told_at = now
            log.warning("metadata.not_kept", reason=error.strerror)

    def _path(self, study_uid: str, series_uid: str) -> Path:
        """By a hash: no file is named by bytes that a sender chose."""
        name = hashlib.sha256(f"{study_uid}/{series_uid}".encode()).hexdigest()
        return self._folder / name[:2] / name[2:4] / f"{name[4:36]}.block"
