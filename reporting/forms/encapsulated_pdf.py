"""The report as an Encapsulated PDF object (PS3.3 section A.45.1), for archives and viewers of other makes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import EncapsulatedPDFStorage

from reporting.signed import SignedReport
from shared_kernel.clock import JST

_SERIES_NUMBER = 9001
"""Behind those of the images."""


def encapsulated_pdf(report: SignedReport, content_sha256: str, document: bytes, study: Mapping[str, Any]) -> Dataset:
    """The object; the same UIDs for the same signed version, so that a receiver knows it again.

    `study` are the attributes of the examination as the archive's index has them, by keyword: whoever files the
    report compares them with those of the images.
    """
    ds = Dataset()
    ds.SOPClassUID = EncapsulatedPDFStorage
    ds.SOPInstanceUID = _uid("instance", report.report_id, content_sha256)
    signed = report.signed_at.astimezone(JST)
    name = study.get("PatientName")
    ds.PatientName = "=".join(astuple(name)).rstrip("=") if name is not None else ""
    ds.PatientID = str(study.get("PatientID") or "")
    ds.PatientBirthDate = str(study.get("PatientBirthDate") or "")
    ds.PatientSex = report.patient.sex
    ds.StudyInstanceUID = report.study.study_uid
    ds.StudyDate = str(study.get("StudyDate") or "")
    ds.StudyTime = str(study.get("StudyTime") or "")
    ds.AccessionNumber = str(study.get("AccessionNumber") or "")
    ds.StudyID = str(study.get("StudyID") or "")
    referring = study.get("ReferringPhysicianName")
    ds.ReferringPhysicianName = "=".join(astuple(referring)).rstrip("=") if referring is not None else ""
    ds.Modality = "DOC"
    ds.SeriesInstanceUID = _uid("series", report.report_id)
    ds.SeriesNumber = _SERIES_NUMBER
    ds.SeriesDescription = "読影レポート"
    ds.Manufacturer = "dokuei"
    ds.ConversionType = "WSD"
    ds.InstanceNumber = report.version
    ds.ContentDate, ds.ContentTime = f"{signed:%Y%m%d}", f"{signed:%H%M%S}"
    ds.InstanceCreationDate, ds.InstanceCreationTime = ds.ContentDate, ds.ContentTime
    ds.AcquisitionDateTime = f"{signed:%Y%m%d%H%M%S}"
    ds.TimezoneOffsetFromUTC = "+0900"
    ds.BurnedInAnnotation = "YES"
    ds.DocumentTitle = "読影レポート"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "18748-4", "LN"
    code.CodeMeaning = "Diagnostic imaging study"
    ds.ConceptNameCodeSequence = Sequence([code])
    ds.VerificationFlag = "VERIFIED"
    ds.InstitutionName = report.reading_site.name
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = document + b"\0" * (len(document) % 2)
    ds.EncapsulatedDocumentLength = len(document)
    return ds


def _uid(*parts: str) -> str:
    """A UID that follows from the parts (PS3.5 annex B.2)."""
    digest = hashlib.sha256("\0".join(("dokuei report", *parts)).encode()).digest()
    # The version and variant bits of a random UUID.
    number = int.from_bytes(digest[:16], "big") & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62
    return f"2.25.{number}"
