"""The `out` rules of a peer on a stored data set: the header is rewritten, the pixels are copied in pieces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from typing import Any, BinaryIO

from pydicom import Dataset
from pydicom.charset import convert_encodings
from pydicom.datadict import tag_for_keyword
from pydicom.filebase import DicomBytesIO, DicomFileLike
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_data_element, write_dataset

from pacs_node.header.elements import BrokenDataSet
from pacs_node.peers.coerced_dataset import coerce_outgoing
from pacs_node.peers.coercion import Direction, parsed
from pacs_node.transcoding.rewrite import Encoding, Nowhere, Rewriter, Value, encoding_of
from pacs_node.transcoding.workspace import Workspace

FIRST_PIXELS = 0x7FE00000
_CHARACTER_SET = "SpecificCharacterSet"
_HEAD = 8
_LARGEST_IN_MEMORY = 32 * 2**20
_PIECE = 1 * 2**20


def coerced(
    source: BinaryIO, offset: int, encoding: Encoding, rules: tuple[str, ...], work: Workspace
) -> BinaryIO | None:
    """The file with its data set, from `offset` on, as the rules want it; None when they change nothing.

    Only the attributes that the rules name are read; but where a text does not go into the data set's character set,
    the whole header is, up to 32 MiB. Raises BrokenDataSet, also for values that can't be written, NoRoom, OSError.
    """
    try:
        return _coerced(source, offset, encoding, rules, work)
    except (OSError, BrokenDataSet):
        raise
    except Exception as error:  # whatever pydicom meets in values that are none of their VR
        raise BrokenDataSet(f"{type(error).__name__}: {str(error)[:200]}") from error


def _coerced(
    source: BinaryIO, offset: int, encoding: Encoding, rules: tuple[str, ...], work: Workspace
) -> BinaryIO | None:
    end = source.seek(0, os.SEEK_END)
    encoding = encoding_of(source, offset, encoding)
    named = _read(source, offset, encoding, tags=_named(rules))
    told = coerce_outgoing(named, rules)
    if not told:
        return None
    pixels = _first_pixels(source, offset, encoding)
    out = work.file(end)
    try:
        source.seek(0)
        out.write(source.read(offset))
        if _CHARACTER_SET in told:
            _check_rest(source, pixels, encoding)
            _write_anew(_header(source, offset, pixels, encoding), encoding, rules, out)
        else:
            source.seek(offset)
            changes = dict(_changes(named, told, encoding))
            Rewriter(source, out, encoding, encoding, changes, fragments=True).run(pixels)
        source.seek(pixels)
        while piece := source.read(_PIECE):
            out.write(piece)
        out.flush()
    except BaseException:
        out.close()
        raise
    return out


def _named(rules: tuple[str, ...]) -> list[int]:
    keywords = {_CHARACTER_SET}
    for rule in parsed(rules, Direction.OUTGOING):
        keywords |= {rule.keyword} | ({rule.when.keyword} if rule.when else set())
    return [tag for tag in map(tag_for_keyword, sorted(keywords)) if tag is not None]


def _read(source: BinaryIO, offset: int, encoding: Encoding, *, tags: list[int] | None = None) -> Dataset:
    source.seek(offset)
    return read_dataset(
        source,
        is_implicit_VR=not encoding.explicit,
        is_little_endian=not encoding.big_endian,
        stop_when=lambda tag, _vr, _length: tag >= FIRST_PIXELS,
        specific_tags=list(tags) if tags is not None else None,
    )


def _first_pixels(source: BinaryIO, offset: int, encoding: Encoding) -> int:
    """Where the first element from group 7FE0 on begins, or the data set ends."""
    end = source.seek(0, os.SEEK_END)
    source.seek(offset)
    walk = Rewriter(source, Nowhere(), encoding, encoding)
    while (at := source.tell()) < end:
        tag, _, length, inside = walk.head(encoding)
        if tag >= FIRST_PIXELS:
            return at
        walk.skip(length, inside)
    return end


def _changes(named: Dataset, told: tuple[str, ...], encoding: Encoding) -> Iterator[tuple[int, Value]]:
    said: Any = named.get(_CHARACTER_SET) or ""
    encodings = convert_encodings(said)
    for keyword in told:
        element = named[keyword]
        fp = DicomBytesIO()
        fp.is_implicit_VR, fp.is_little_endian = True, not encoding.big_endian
        write_data_element(fp, element, encodings)
        yield int(element.tag), (element.VR, fp.getvalue()[_HEAD:])


def _header(source: BinaryIO, offset: int, pixels: int, encoding: Encoding) -> Dataset:
    if pixels - offset > _LARGEST_IN_MEMORY:
        raise BrokenDataSet("its texts can't be put into another character set: the header is too large")
    source.seek(offset)
    return _read(BytesIO(source.read(pixels - offset)), 0, encoding)


def _write_anew(header: Dataset, encoding: Encoding, rules: tuple[str, ...], out: BinaryIO) -> None:
    """Every text in the data set's new character set."""
    coerce_outgoing(header, rules)
    fp = DicomFileLike(out)
    fp.is_implicit_VR, fp.is_little_endian = not encoding.explicit, not encoding.big_endian
    write_dataset(fp, header)


def _check_rest(source: BinaryIO, pixels: int, encoding: Encoding) -> None:
    """Behind the pixels nothing may have texts, which would be in the character set of before: padding alone."""
    end = source.seek(0, os.SEEK_END)
    source.seek(pixels)
    walk = Rewriter(source, Nowhere(), encoding, encoding)
    while source.tell() < end:
        tag, _, length, inside = walk.head(encoding)
        if tag >> 16 != FIRST_PIXELS >> 16 and tag != 0xFFFCFFFC:  # noqa: PLR2004 - DataSetTrailingPadding
            raise BrokenDataSet(f"({tag >> 16:04X},{tag & 0xFFFF:04X}) behind the pixels can't change character set")
        walk.skip(length, inside)
