"""A stored instance in Explicit VR Little Endian, which every DICOMweb client reads (PS3.18 section 8.7.3.5)."""

from __future__ import annotations

import io
from collections.abc import Iterator

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from dicomweb.dicom_json.dataset import little_endian
from dicomweb.errors import BrokenPixelData, NotDecodable
from dicomweb.pixels.stored_file import is_the_systems
from pacs_node.model import InstanceRecord
from pacs_node.transcoding.codec_pool import CodecsBusy
from pacs_node.transcoding.decoders import decodable
from pacs_node.transcoding.decompress import decompress_dataset
from pacs_node.transcoding.errors import BrokenPixels

LARGEST = 512 * 2**20
"""An instance that needs changing is changed in memory; one above this many bytes is only given as stored."""

_PIECE = 1 * 2**20
_BYTE = 8
_NATIVE = frozenset({"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"})


def can_be_explicit(record: InstanceRecord) -> bool:
    """Whether `explicit` will try: a decoder is there, or none is needed."""
    if record.transfer_syntax_uid == ExplicitVRLittleEndian:
        return True
    if record.transfer_syntax_uid not in _NATIVE and record.number_of_frames and not _fits(record):
        return False
    known = record.transfer_syntax_uid in _NATIVE or decodable(record.transfer_syntax_uid)
    return known and record.size <= LARGEST


def stored_bytes(record: InstanceRecord) -> Iterator[bytes]:
    """The Part 10 file as it is stored, in pieces."""
    with record.path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            yield piece


def explicit(record: InstanceRecord) -> Iterator[bytes]:
    """The instance in Explicit VR Little Endian as a Part 10 file, in pieces.

    Raises NotDecodable, BrokenPixelData and CodecsBusy before the first piece.
    """
    if record.transfer_syntax_uid == ExplicitVRLittleEndian:
        yield from stored_bytes(record)
        return
    buffer = io.BytesIO()
    try:
        dataset = _made_native(dcmread(record.path, force=True), record)
        dcmwrite(buffer, dataset, implicit_vr=False, little_endian=True, enforce_file_format=True)
    except (NotDecodable, CodecsBusy):
        raise
    except BrokenPixels as error:
        raise BrokenPixelData(sop_instance_uid=record.sop_instance_uid, reason=error.details["reason"]) from error
    except Exception as error:  # whatever pydicom and its decoders meet in a broken file
        if is_the_systems(error):
            raise
        raise BrokenPixelData(sop_instance_uid=record.sop_instance_uid, reason=str(error)[:200]) from error
    whole = buffer.getbuffer()
    for start in range(0, len(whole), _PIECE):
        yield bytes(whole[start : start + _PIECE])


def _made_native(dataset: FileDataset, record: InstanceRecord) -> Dataset:
    if record.transfer_syntax_uid == ExplicitVRBigEndian:
        return _turned_round(dataset)
    if record.transfer_syntax_uid not in _NATIVE and "PixelData" in dataset:
        _decompress(dataset, record.transfer_syntax_uid)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _decompress(dataset: Dataset, syntax: str) -> None:
    """Native pixels, and what the data set says of them: colour is RGB then."""
    decoded = decompress_dataset(dataset, syntax, pixels := io.BytesIO())
    if decoded.length % 2:
        pixels.write(b"\0")
    dataset.add_new("PixelData", "OB" if decoded.bits_allocated <= _BYTE else "OW", pixels.getvalue())
    dataset["PixelData"].is_undefined_length = False
    dataset.PhotometricInterpretation = decoded.photometric_interpretation
    dataset.BitsAllocated = decoded.bits_allocated
    if decoded.colour:
        dataset.PlanarConfiguration = 0
    if decoded.lossy:
        dataset.LossyImageCompression = "01"
    for table in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        dataset.pop(table, None)


def _turned_round(dataset: FileDataset) -> Dataset:
    """A big-endian data set in the other byte order, which pydicom only writes for one that it has not read.

    Going over all elements decodes their numbers; binary words stay as in the file and are turned here.
    """
    for element in dataset.iterall():
        if isinstance(element.value, bytes):
            element.value = little_endian(element.value, element.VR, stored_little_endian=False)
    fresh = Dataset()
    fresh.update({element.tag: element for element in dataset})
    fresh.file_meta = dataset.file_meta
    fresh.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return fresh


def _fits(record: InstanceRecord) -> bool:
    """Whether the decoded pixels stay below the bound, counted in samples; up to three bytes each is accepted."""
    return (record.rows or 0) * (record.columns or 0) * (record.number_of_frames or 1) <= LARGEST
