"""Small DICOM objects for tests of the node: made by pydicom, with a few bytes for pixels."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from shared_kernel.ids import new_uid

EXPLICIT, IMPLICIT, BIG_ENDIAN = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian), str(ExplicitVRBigEndian)
CT = str(CTImageStorage)


@dataclass(frozen=True)
class Part10:
    """A whole file, and what a C-STORE of it needs."""

    file: bytes
    sop_class: str
    sop_instance: str
    study: str
    syntax: str

    @property
    def data_set(self) -> bytes:
        """The bytes behind the file meta information."""
        return data_set_of(self.file)


def ct(syntax: str = EXPLICIT, pixels: bytes = bytes(512), **keywords: Any) -> Part10:
    """One CT image of 16 × 16; keywords are laid over it, None takes an element out."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CT, new_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = new_uid(), new_uid()
    ds.StudyDate, ds.StudyTime, ds.Modality = "20260401", "093000", "CT"
    ds.AccessionNumber, ds.StudyDescription = "A1", "頭部単純ＣＴ"
    ds.ReferringPhysicianName = "Minato^Keiko=湊^恵子"
    ds.PatientName, ds.PatientID = "Yamada^Taro=山田^太郎=やまだ^たろう", "P-1"
    ds.PatientBirthDate, ds.PatientSex, ds.BodyPartExamined = "19700102", "M", "HEAD"
    ds.SeriesNumber, ds.InstanceNumber = 1, 1
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 16
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = pixels
    ds["PixelData"].VR = "OW"
    for keyword, value in keywords.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return part10(ds, syntax)


def part10(ds: Dataset, syntax: str = EXPLICIT) -> Part10:
    """A data set as a file, with the preamble and file meta information of PS3.10."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.get("SOPClassUID", CT)
    meta.MediaStorageSOPInstanceUID = ds.get("SOPInstanceUID", "2.25.1")
    meta.TransferSyntaxUID = syntax
    ds.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return Part10(
        buffer.getvalue(),
        str(meta.MediaStorageSOPClassUID),
        str(meta.MediaStorageSOPInstanceUID),
        str(ds.get("StudyInstanceUID", "")),
        syntax,
    )


def data_set_of(file: bytes) -> bytes:
    """The data set of a Part 10 file, by the file's own group length, or by the reader where there is none."""
    stream = io.BytesIO(file)
    dcmread(stream, stop_before_pixels=True, specific_tags=[])
    meta_length = int.from_bytes(file[140:144], "little")
    assert file[132:136] == b"\x02\x00\x00\x00"
    return file[144 + meta_length :]
