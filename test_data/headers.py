"""The modules that every object shares: patient, study, series, equipment (PS3.3 C.7.1 to C.7.5)."""

import datetime as dt

from pydicom.dataset import Dataset

from test_data.patients import CharacterSet
from test_data.spec import SeriesSpec, StudySpec
from test_data.uids import uid

_CHARACTER_SETS: dict[CharacterSet, str | list[str]] = {
    "ISO_IR 192": "ISO_IR 192",
    "ISO 2022 IR 87": ["", "ISO 2022 IR 87"],
}
# Model and station of each site's fictional scanners.
_SCANNERS = {
    "CT": ("Kasumi CT 64", "CT1"),
    "MR": ("Kasumi MR 1.5", "MR1"),
    "CR": ("Sazanami Plate", "CR1"),
    "DX": ("Sazanami Flat", "DX1"),
    "MG": ("Sazanami Mammo", "MG1"),
    "US": ("Hibiki Echo", "US1"),
}


def study_key(study: StudySpec, anchor: dt.date) -> str:
    """Return the text from which all UIDs of a study follow: everything declared about it, and the day."""
    return f"{anchor.isoformat()} {study!r}"


def common(study: StudySpec, anchor: dt.date) -> Dataset:
    """Return what all instances of `study` have in common."""
    date, key = study.date(anchor), study_key(study, anchor)
    patient, site = study.patient, study.site
    ds = Dataset()
    ds.SpecificCharacterSet = _CHARACTER_SETS[study.character_set]
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = date.strftime("%Y%m%d")
    ds.StudyTime = study.time.strftime("%H%M%S")
    ds.TimezoneOffsetFromUTC = "+0900"
    ds.AccessionNumber = study.accession_number(anchor)
    ds.Modality = study.modality
    ds.ReferringPhysicianName = str(site.referring_physician)
    ds.StudyDescription = study.description
    ds.PatientName = str(patient.name)
    ds.PatientID = patient.id
    ds.IssuerOfPatientID = study.site_code
    ds.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    ds.PatientSex = patient.sex
    ds.PatientAge = patient.age_on(date)
    ds.PatientSize = f"{patient.height:.2f}"
    ds.PatientWeight = f"{patient.weight:.1f}"
    ds.StudyInstanceUID = uid("study", key)
    ds.StudyID = str(study.number)
    ds.BodyPartExamined = study.body_part
    ds.InstitutionName = site.name
    ds.InstitutionalDepartmentName = site.department
    model, station = _SCANNERS[study.modality]
    ds.Manufacturer = "Synthetic"
    ds.ManufacturerModelName = model
    ds.StationName = f"{study.site_code}_{station}"
    ds.DeviceSerialNumber = f"{study.site_code}-{study.modality}-0001"
    ds.SoftwareVersions = "1.0"
    return ds


def add_series(ds: Dataset, study: StudySpec, number: int, anchor: dt.date) -> SeriesSpec:
    """Lay the elements of the study's series `number`, from 1, over `ds`, and return the series."""
    series = study.series[number - 1]
    ds.SeriesInstanceUID = uid("series", study_key(study, anchor), number)
    ds.SeriesNumber = number
    ds.SeriesDescription = series.description
    ds.ProtocolName = series.protocol
    begin = later(study, 150 * (number - 1) + 60)
    ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = begin
    return series


def later(study: StudySpec, seconds: int) -> str:
    """Return the time of day `seconds` after the study began, at most one minute before midnight."""
    begin = study.time.hour * 3600 + study.time.minute * 60 + study.time.second + seconds
    begin = min(begin, 24 * 3600 - 60)
    return f"{begin // 3600:02d}{begin // 60 % 60:02d}{begin % 60:02d}"
