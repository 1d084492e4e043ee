"""A stored instance made ready to be sent: as it is stored where that will do, else in a temporary file."""

from __future__ import annotations

import io
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from pydicom import Dataset, dcmread, dcmwrite

from pacs_node.header.elements import BrokenDataSet
from pacs_node.ingest.part10 import read_header
from pacs_node.model import InstanceRecord
from pacs_node.peers.coerced_dataset import coerce_outgoing
from pacs_node.peers.coercion import Direction, parsed
from pacs_node.transcoding.decompress import decodable, decompress
from pacs_node.transcoding.errors import BrokenPixels, NotTranscodable
from pacs_node.transcoding.rewrite import ENCODINGS, Rewriter

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})
TARGETS = (EXPLICIT_LITTLE, IMPLICIT_LITTLE)
"""What an instance can be put into, the better one first."""

_LONGEST_INFLATED = 4 * 2**30
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
def outgoing(record: InstanceRecord, transfer_syntax_uid: str, rules: Sequence[str] = ()) -> Iterator[Outgoing]:
    """The instance's data set in a transfer syntax, changed by the `out` rules of the peer; open for the block.

    Nothing is read here where it can go as it is stored. Raises NotTranscodable, BrokenPixels, NoDecoder, OSError.
    """
    with ExitStack() as stack:
        file: BinaryIO = stack.enter_context(record.path.open("rb", buffering=0))
        offset, length = record.dataset_offset, os.fstat(file.fileno()).st_size - record.dataset_offset
        stored = record.transfer_syntax_uid
        try:
            if rules and parsed(tuple(rules), Direction.OUTGOING):
                changed = _coerced(record, tuple(rules), stack)
                if changed is not None:
                    file, offset, length = changed
            if stored != transfer_syntax_uid:
                file, offset, length = _transcoded(file, offset, stored, transfer_syntax_uid, stack)
        except (BrokenDataSet, zlib.error) as error:
            raise BrokenPixels(sop_instance_uid=record.sop_instance_uid, reason=str(error)) from error
        yield Outgoing(file.fileno(), offset, length)


def _transcoded(file: BinaryIO, offset: int, stored: str, wanted: str, stack: ExitStack) -> tuple[BinaryIO, int, int]:
    if wanted not in TARGETS or wanted not in reachable(stored):
        raise NotTranscodable(stored=stored, wanted=wanted)
    source: BinaryIO = stack.enter_context(io.BufferedReader(io.FileIO(os.dup(file.fileno()))))
    changes = {}
    if stored == DEFLATED:
        source, offset, stored = _inflated(source, offset, stack), 0, EXPLICIT_LITTLE
    elif stored not in NATIVE:
        pixels = _temporary(stack)
        if _has_pixels(source):
            source.seek(0)
            changes = decompress(source, stored, pixels).changes()
        stored = EXPLICIT_LITTLE
    out = _temporary(stack)
    width = _pixel_width(source) if stored == EXPLICIT_BIG else 2
    end = source.seek(0, os.SEEK_END)
    source.seek(offset)
    Rewriter(source, out, ENCODINGS[stored], ENCODINGS[wanted], changes, pixel_width=width).run(end)
    out.flush()
    return out, 0, out.tell()


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


def _inflated(source: BinaryIO, offset: int, stack: ExitStack) -> BinaryIO:
    """The data set of a deflated file. Raises zlib.error, BrokenDataSet for one that would never end."""
    out = _temporary(stack)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    source.seek(offset)
    while data := inflate.unconsumed_tail or source.read(_PIECE):
        out.write(inflate.decompress(data, _PIECE))
        if out.tell() > _LONGEST_INFLATED:
            raise BrokenDataSet(f"inflated to more than {_LONGEST_INFLATED} bytes")
        if inflate.eof:
            break
    out.write(inflate.flush())
    return out


def _coerced(record: InstanceRecord, rules: tuple[str, ...], stack: ExitStack) -> tuple[BinaryIO, int, int] | None:
    """The instance as the peer's rules want it; None when they change nothing."""
    try:
        dataset = dcmread(record.path, force=True)
        if not coerce_outgoing(dataset, rules):
            return None
        out = _temporary(stack)
        dcmwrite(out, dataset, enforce_file_format=True)
    except OSError:
        raise
    except Exception as error:  # whatever pydicom meets in a broken value
        raise BrokenPixels(sop_instance_uid=record.sop_instance_uid, reason=str(error)[:200]) from error
    out.flush()
    size = out.tell()
    offset = read_header(out).dataset_offset
    return out, offset, size - offset


def _temporary(stack: ExitStack) -> BinaryIO:
    return stack.enter_context(tempfile.TemporaryFile())
