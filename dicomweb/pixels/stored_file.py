"""Looking into a stored Part 10 file without reading its pixels."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicomweb.dicom_json.dataset import LARGEST_INLINE
from dicomweb.errors import BrokenPixelData
from pacs_node.model import InstanceRecord

UNDEFINED = 0xFFFFFFFF
LARGEST_INFLATED = 512 * 2**20
"""A deflated data set that unfolds to more than this many bytes is not read: it may be a bomb."""

_PIXEL_TAGS = {0x7FE00008: "FloatPixelData", 0x7FE00009: "DoubleFloatPixelData", 0x7FE00010: "PixelData"}
_DEFAULT_VR = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD", "PixelData": "OW"}
_LONG_HEAD, _SHORT_HEAD = 12, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelElement:
    """Where the pixel data of a file is: `offset` and `length` of its value in bytes."""

    keyword: str
    tag: str
    vr: str
    offset: int
    length: int
    """Clipped to what the file holds; for encapsulated pixel data everything up to the end of the file."""
    encapsulated: bool
    declared_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file's data set up to its pixels, and where these are (None without any)."""

    dataset: Dataset
    pixels: PixelElement | None
    little_endian: bool
    transfer_syntax_uid: str


@contextmanager
def opened(record: InstanceRecord) -> Iterator[BinaryIO]:
    """The bytes of a stored file as offsets of StoredFile mean them: a deflated data set is inflated."""
    with record.path.open("rb") as file:
        if record.transfer_syntax_uid == DeflatedExplicitVRLittleEndian:
            yield io.BytesIO(_inflated(file, record.dataset_offset))
        else:
            yield file


def look_into(record: InstanceRecord) -> StoredFile:
    """Read the data set up to its pixel data; large binary values stay in the file until they are asked for.

    Raises BrokenPixelData when the file can't be read as a data set at all.
    """
    with opened(record) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's remarks on odd values are not ours to repeat
        try:
            return _look(file, record)
        except BrokenPixelData:
            raise
        except Exception as error:  # whatever pydicom meets in a broken file
            if is_the_systems(error):
                raise
            raise BrokenPixelData(reason=str(error)[:200]) from error


def is_the_systems(error: Exception) -> bool:
    """Whether the operating system has failed, not the file: pydicom raises OSError for a broken file too."""
    return isinstance(error, OSError) and error.errno is not None


def _look(file: BinaryIO, record: InstanceRecord) -> StoredFile:
    # What is inflated lives in memory, where pydicom could not come back for it later.
    defer = None if isinstance(file, io.BytesIO) else LARGEST_INLINE
    dataset = dcmread(file, stop_before_pixels=True, defer_size=defer, force=True)
    place = file.tell()
    implicit, little = dataset.original_encoding
    pixels = _pixel_element(file, place, implicit=bool(implicit), little=little is not False)
    return StoredFile(
        dataset=dataset,
        pixels=pixels,
        little_endian=little is not False,
        transfer_syntax_uid=record.transfer_syntax_uid,
    )


def _pixel_element(file: BinaryIO, place: int, *, implicit: bool, little: bool) -> PixelElement | None:
    file.seek(place)
    head = file.read(_LONG_HEAD)
    order = "<" if little else ">"
    if len(head) < _SHORT_HEAD:
        return None
    group, element = struct.unpack(f"{order}HH", head[:4])
    keyword = _PIXEL_TAGS.get(group << 16 | element)
    if keyword is None:
        return None
    if implicit:
        vr, length, offset = _DEFAULT_VR[keyword], struct.unpack(f"{order}I", head[4:8])[0], place + _SHORT_HEAD
    else:
        if len(head) < _LONG_HEAD:
            return None
        vr, length = head[4:6].decode("latin-1"), struct.unpack(f"{order}I", head[8:12])[0]
        offset = place + _LONG_HEAD
    available = file.seek(0, io.SEEK_END) - offset
    return PixelElement(
        keyword=keyword,
        tag=f"{group:04X}{element:04X}",
        vr=vr,
        offset=offset,
        length=available if length == UNDEFINED else min(length, available),
        encapsulated=length == UNDEFINED,
        declared_length=length,
    )


def _inflated(file: BinaryIO, dataset_offset: int) -> bytes:
    """The file with its data set inflated (PS3.5 section A.5) and labelled as what it then is."""
    header = file.read(dataset_offset)
    unpack = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        data = unpack.decompress(file.read(), LARGEST_INFLATED)
    except zlib.error as error:
        raise BrokenPixelData(reason="the deflated data set is damaged") from error
    if unpack.unconsumed_tail:
        raise BrokenPixelData(reason=f"the data set unfolds to more than {LARGEST_INFLATED} bytes")
    return _relabelled(header) + data


def _relabelled(header: bytes) -> bytes:
    """The same file meta information, of the same length, naming Explicit VR Little Endian."""
    deflated, explicit = b"1.2.840.10008.1.2.1.99", b"1.2.840.10008.1.2.1\0\0\0"
    return header.replace(deflated, explicit, 1)
