"""Bulk data parts of one request (PS3.18 section 10.5.2): kept until the body ends, then put where they belong."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dicomweb.http.accept import parse_media_type
from dicomweb.stow.reception import Piece
from pacs_node.errors import NotDicom
from pacs_node.ingest.service import IngestService, Spool
from pacs_node.transcoding.codestream import size_of

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_JPEG = "1.2.840.10008.1.2.4."
# The default of each media type first (PS3.18 table 8.7.3-5 and those for video).
_SYNTAXES = {
    "image/jpeg": tuple(_JPEG + each for each in ("70", "50", "51", "57")),
    "image/dicom-rle": ("1.2.840.10008.1.2.5",),
    "image/jls": tuple(_JPEG + each for each in ("80", "81")),
    "image/jp2": tuple(_JPEG + each for each in ("90", "91")),
    "image/jpx": tuple(_JPEG + each for each in ("92", "93")),
    "image/jphc": tuple(_JPEG + each for each in ("201", "202", "203")),
    "video/mpeg": tuple(_JPEG + each for each in ("100", "101")),
    "video/mp4": tuple(_JPEG + each for each in ("102", "103", "104", "105", "106")),
    "video/h265": tuple(_JPEG + each for each in ("107", "108")),
}
_CHUNK = 2**20
_IN_MEMORY = 64 * 1024
_ALL_IN_MEMORY = 16 * 2**20
_HEAD_BYTES = 64 * 1024
_ITEM, _LONGEST = b"\xfe\xff\x00\xe0", 0xFFFFFFFE


def transfer_syntax_of(content_type: str) -> str | None:
    """The transfer syntax of a bulk data part; None for one of a media type that holds no bulk data."""
    media_type, parameters = parse_media_type(content_type) or ("", {})
    said = parameters.get("transfer-syntax", "")
    if media_type == "application/octet-stream":
        return EXPLICIT_LITTLE if said in ("", EXPLICIT_LITTLE) else None
    known = _SYNTAXES.get(media_type, ())
    return said if said in known else known[0] if known and not said else None


@dataclass(slots=True)
class BulkPart:
    """The bytes of one part; in memory, or in a file when they are many."""

    transfer_syntax_uid: str
    size: int = 0
    data: bytes = b""
    spool: Spool | None = None

    def chunks(self) -> Iterator[bytes]:
        """The bytes, once more with each call."""
        if self.spool is None:
            yield self.data
            return
        with Path(self.spool.path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    def head(self) -> bytes:
        """The first bytes."""
        return next(self.chunks(), b"")[:_HEAD_BYTES]


@dataclass(slots=True)
class BulkParts:
    """All of one request, by Content-Location; several of one location are the frames of a compressed picture."""

    ingest: IngestService
    parts: dict[str, list[BulkPart]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    _memory: int = 0

    def begin(self, location: str, transfer_syntax_uid: str) -> BulkPart:
        """A part that begins to come in."""
        part = BulkPart(transfer_syntax_uid)
        self.parts.setdefault(location, []).append(part)
        return part

    def write(self, part: BulkPart, pieces: list[Piece], *, last: bool) -> None:
        """Append bytes, on a worker thread. Raises StorageFull, InstanceTooLarge."""
        count = sum(map(len, pieces))
        part.size += count
        if part.spool is None and last and count <= _IN_MEMORY and self._memory + count <= _ALL_IN_MEMORY:
            part.data = b"".join(pieces)
            self._memory += count
            return
        if part.spool is None:
            part.spool = self.ingest.spool()
        part.spool.write(*pieces)  # type: ignore[arg-type]  # a bytearray is as good as bytes
        if last:
            part.spool.close()

    def find(self, uri: str) -> tuple[BulkPart, int] | None:
        """The one uncompressed part of this location. Raises NotDicom where there are several, or it is compressed."""
        found = self.parts.get(uri)
        if not found:
            return None
        self.used.add(uri)
        if len(found) > 1 or found[0].transfer_syntax_uid != EXPLICIT_LITTLE:
            raise NotDicom(found="several parts, or a compressed one, for a value that is neither")
        return found[0], found[0].size

    def frames(self, uri: str) -> list[BulkPart]:
        """The parts of this location in order, if they are compressed; else none."""
        found = self.parts.get(uri, [])
        return found if found and found[0].transfer_syntax_uid != EXPLICIT_LITTLE else []

    def discard(self) -> None:
        """Leave no file behind."""
        for parts in self.parts.values():
            for part in parts:
                if part.spool is not None:
                    part.spool.discard()


def encapsulated(frames: list[BulkPart], expected: int, size: tuple[int, int] | None) -> tuple[object, ...]:
    """One fragment a frame behind a Basic Offset Table (PS3.5 annex A.4). Raises NotDicom for what does not fit."""
    if len({frame.transfer_syntax_uid for frame in frames}) > 1:
        raise NotDicom(found="frames of several transfer syntaxes")
    video = frames[0].transfer_syntax_uid.startswith(_JPEG + "10")
    if len(frames) != (1 if video else expected):
        raise NotDicom(found=f"{len(frames)} parts for {expected} frames")
    offsets, place, pieces = [], 0, []
    for frame in frames:
        told = size_of(frame.head())
        if told is not None and size is not None and told != size:
            raise NotDicom(found="a frame whose own size is another than Rows and Columns")
        if not frame.size or frame.size > _LONGEST:
            raise NotDicom(found="a frame that is empty or too long")
        offsets.append(place)
        length = frame.size + frame.size % 2
        place += 8 + length
        pieces += [_ITEM + struct.pack("<I", length), frame, b"\0" * (frame.size % 2)]
    table = b"" if video or place > _LONGEST else struct.pack(f"<{len(offsets)}I", *offsets)
    return (_ITEM + struct.pack("<I", len(table)) + table, *pieces)
