"""Minimal valid objects for tests that need a file, not a picture: well under a kilobyte of pixels."""

import datetime as dt
from typing import Any

import numpy as np
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from test_data.encoding import part10, set_pixels
from test_data.patients import TARO_YAMADA, Patient
from test_data.uids import random_stream, uid

_DAY = dt.date(2026, 4, 1)


def _minimal_ct(patient: Patient, seed: int, number: int, rows: int, columns: int) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = uid("small", patient.id, seed, "instance", number)
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = _DAY.strftime("%Y%m%d")
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = "090000"
    ds.AccessionNumber = f"T{seed:07d}"
    ds.Modality = "CT"
    ds.Manufacturer = "dokuei"
    ds.ReferringPhysicianName = ""
    ds.StudyDescription = "CT 試験用"
    ds.PatientName = str(patient.name)
    ds.PatientID = patient.id
    ds.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    ds.PatientSex = patient.sex
    ds.BodyPartExamined = "CHEST"
    ds.SliceThickness = "5"
    ds.KVP = "120"
    ds.PatientPosition = "HFS"
    ds.StudyInstanceUID = uid("small", patient.id, seed, "study")
    ds.SeriesInstanceUID = uid("small", patient.id, seed, "series")
    ds.StudyID = str(seed)
    ds.SeriesNumber = 1
    ds.AcquisitionNumber = 1
    ds.InstanceNumber = number
    ds.ImagePositionPatient = ["-8", "-8", str(-5 * number)]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.FrameOfReferenceUID = uid("small", patient.id, seed, "frame of reference")
    ds.PositionReferenceIndicator = ""
    ds.PixelSpacing = ["1", "1"]
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
    pixels = random_stream("small", seed, number).integers(0, 4096, (rows, columns), dtype=np.uint16)
    set_pixels(ds, pixels, bits_stored=12)
    return ds


def small_ct_series(
    patient: Patient = TARO_YAMADA, slices: int = 3, rows: int = 16, columns: int = 16, seed: int = 1
) -> list[bytes]:
    """Return one CT series of `slices` Part 10 files, 5 mm apart, numbered from 1, of random pixels.

    The UIDs follow from the patient's ID and `seed`: another seed is another study.
    """
    return [part10(_minimal_ct(patient, seed, number, rows, columns)) for number in range(1, slices + 1)]


def small_instance(
    *,
    transfer_syntax: str = ExplicitVRLittleEndian,
    patient: Patient = TARO_YAMADA,
    rows: int = 16,
    columns: int = 16,
    seed: int = 1,
    **keywords: Any,
) -> bytes:
    """Return one minimal CT instance as a Part 10 file.

    `keywords` are DICOM keywords laid over it (`PatientName="…"`, `Modality="MR"`); `None` leaves the
    element out. Native syntaxes, RLE Lossless and JPEG-LS Lossless are written as what they say.
    Raises `ValueError` for a keyword that DICOM does not have.
    """
    ds = _minimal_ct(patient, seed, 1, rows, columns)
    for keyword, value in keywords.items():
        _overlay(ds, keyword, value)
    return part10(ds, transfer_syntax)


def _overlay(ds: Dataset, keyword: str, value: Any) -> None:
    """Set the element named by a DICOM keyword, or take it out when `value` is None."""
    if tag_for_keyword(keyword) is None:
        raise ValueError(f"{keyword} is no DICOM keyword")
    if value is not None:
        setattr(ds, keyword, value)
    elif keyword in ds:
        del ds[keyword]
