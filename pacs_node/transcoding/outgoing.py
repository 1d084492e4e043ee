"""A stored instance made ready to be sent: as it is stored where that will do, else in a temporary file."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

from pydicom import Dataset, dcmread

from pacs_node.header.elements import BrokenDataSet
from pacs_node.model import InstanceRecord
from pacs_node.peers.coercion import Direction, parsed
from pacs_node.transcoding.coercing import coerced
from pacs_node.transcoding.decoders import decodable
from pacs_node.transcoding.decompress import decompress, decompress_icon
from pacs_node.transcoding.errors import BrokenPixels, NotTranscodable
from pacs_node.transcoding.rewrite import ENCODINGS, Changes, Encoding, Rewriter, encoding_of
from pacs_node.transcoding.workspace import SYSTEM, Workspace

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})
TARGETS = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
"""What an instance can be put into, the better one first."""

_LONGEST_INFLATED = 4 * 2**30
# How much larger than what is stored the decoded thing is taken to be, before it is known.
_INFLATED = _DECODED = 3
_PIECE = 1 * 2**20
_BYTE = 8


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A data set in an open file: its descriptor, where it begins, and how long it is."""

    file: int
    offset: int
    length: int


def reachable(stored: str) -> tuple[str, ...]:
    """Transfer syntaxes that an instance stored in `stored` can be sent in, the best first."""
    if stored in NATIVE or decodable(stored):
        return (stored, *(target for target in TARGETS if target != stored))
    return (stored,)


@contextmanager
def outgoing(
    record: InstanceRecord, transfer_syntax_uid: str, rules: Sequence[str] = (), work: Workspace = SYSTEM
) -> Iterator[Outgoing]:
    """The instance's data set in a transfer syntax, changed by the `out` rules of the peer; open for the block.

    Nothing is read here where it can go as it is stored; what must be made goes to a file of `work`.
    Raises NotTranscodable, BrokenPixels, NoDecoder, CodecsBusy, NoRoom, OSError.
    """
    with ExitStack() as stack:
        file: BinaryIO = stack.enter_context(record.path.open("rb", buffering=0))
        offset, length = record.dataset_offset, os.fstat(file.fileno()).st_size - record.dataset_offset
        stored, wanted = record.transfer_syntax_uid, transfer_syntax_uid
        changing = tuple(rules) if rules and parsed(tuple(rules), Direction.OUTGOING) else ()
        if not changing and stored == wanted:
            yield Outgoing(file.fileno(), offset, length)
            return
        making = _Making(file, offset, stored, stack, work)
        try:
            with work.working():
                made = making.made(wanted, changing)
        except (BrokenDataSet, zlib.error) as error:
            raise BrokenPixels(sop_instance_uid=record.sop_instance_uid, reason=str(error)) from error
        yield made


@dataclass(slots=True)
class _Making:
    """A data set in an open file on its way to what is wanted, step by step."""

    file: BinaryIO
    offset: int
    syntax: str
    stack: ExitStack
    work: Workspace

    def made(self, wanted: str, rules: tuple[str, ...]) -> Outgoing:
        """Changed by the rules, in the syntax that is wanted."""
        stored = self.syntax
        if stored != wanted and (wanted not in TARGETS or wanted not in reachable(stored)):
            raise NotTranscodable(stored=stored, wanted=wanted)
        as_stored = self._outgoing()
        if stored == DEFLATED:
            self.file, self.offset, self.syntax = self._inflated(), 0, EXPLICIT_LITTLE
        if not self._coerce(rules) and stored == wanted:
            return as_stored
        if stored == wanted == DEFLATED:
            self.file, self.offset, self.syntax = self._deflated(), 0, DEFLATED
        elif self.syntax != wanted:
            self._transcode(wanted)
        return self._outgoing()

    def _outgoing(self) -> Outgoing:
        size = os.fstat(self.file.fileno()).st_size
        return Outgoing(self.file.fileno(), self.offset, size - self.offset)

    def _coerce(self, rules: tuple[str, ...]) -> bool:
        if not rules:
            return False
        encoding = ENCODINGS.get(self.syntax, ENCODINGS[EXPLICIT_LITTLE])
        changed = coerced(self._source(), self.offset, encoding, rules, self.work)
        if changed is not None:
            self.file = self.stack.enter_context(changed)
        return changed is not None

    def _source(self) -> BinaryIO:
        """The file with a buffer of its own, at its beginning."""
        source = self.stack.enter_context(io.BufferedReader(io.FileIO(os.dup(self.file.fileno()))))
        source.seek(0)
        return source

    def _temporary(self, size: int) -> BinaryIO:
        return self.stack.enter_context(self.work.file(size))

    def _size(self) -> int:
        return os.fstat(self.file.fileno()).st_size

    def _inflated(self) -> BinaryIO:
        """The data set of a deflated file. Raises zlib.error, BrokenDataSet for one that would never end."""
        source, out = self._source(), self._temporary(_INFLATED * self._size())
        inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        source.seek(self.offset)
        while data := inflate.unconsumed_tail or source.read(_PIECE):
            out.write(inflate.decompress(data, _PIECE))
            if out.tell() > _LONGEST_INFLATED:
                raise BrokenDataSet(f"inflated to more than {_LONGEST_INFLATED} bytes")
            if inflate.eof:
                break
        out.write(inflate.flush())
        out.flush()
        return out

    def _deflated(self) -> BinaryIO:
        """The data set deflated again (PS3.5 section A.5), padded to even length."""
        source, out = self._source(), self._temporary(self._size())
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        source.seek(self.offset)
        while data := source.read(_PIECE):
            out.write(deflate.compress(data))
        out.write(deflate.flush())
        if out.tell() % 2:
            out.write(b"\0")
        out.flush()
        return out

    def _transcode(self, wanted: str) -> None:
        source, stored, changes = self._source(), self.syntax, {}
        room, icon = self._size(), None
        if stored not in NATIVE:
            if _has_pixels(source):
                source.seek(0)
                decompressed = decompress(source, stored, self._temporary(_DECODED * room))
                changes, room = decompressed.changes(), room + decompressed.length
            icon = partial(_icon, stored)
            stored = EXPLICIT_LITTLE
        out = self._temporary(room)
        width = _pixel_width(source) if stored == EXPLICIT_BIG else 2
        end = source.seek(0, os.SEEK_END)
        encoding = encoding_of(source, self.offset, ENCODINGS[stored])
        source.seek(self.offset)
        Rewriter(source, out, encoding, ENCODINGS[wanted], changes, width, icon=icon).run(end)
        out.flush()
        self.file, self.offset, self.syntax = out, 0, wanted


def _icon(stored: str, item: bytes, encoding: Encoding) -> Changes:
    return decompress_icon(item, encoding, stored).changes()


def _has_pixels(source: BinaryIO) -> bool:
    return "PixelData" in _read(source, defer_size=1024, specific_tags=["PixelData"])


def _pixel_width(source: BinaryIO) -> int:
    """Bytes of a word of PixelData in big endian: 8-bit samples in OW are words too (PS3.5 annex A.3)."""
    bits = _read(source, stop_before_pixels=True).get("BitsAllocated")
    return max(bits // _BYTE, 2) if isinstance(bits, int) else 2


def _read(source: BinaryIO, **how: Any) -> Dataset:
    source.seek(0)
    try:
        return dcmread(source, force=True, **how)
    except OSError:
        raise
    except Exception as error:  # whatever pydicom meets in a broken file
        raise BrokenDataSet(f"{type(error).__name__}: {str(error)[:200]}") from error
