"""What an annotation says: whose picture it is as the index has it, and how it was made as the data set has it."""

from __future__ import annotations

from pydicom.dataset import Dataset

from pacs_node.model import StudySummary

_TECHNIQUE = (
    ("KVP", "{} kV"),
    ("XRayTubeCurrent", "{} mA"),
    ("ExposureTime", "{} ms"),
    ("MagneticFieldStrength", "{} T"),
    ("RepetitionTime", "TR {} ms"),
    ("EchoTime", "TE {} ms"),
    ("SliceThickness", "{} mm"),
)


def patient_lines(study: StudySummary) -> tuple[str, ...]:
    """Name, id, birth date and sex, study date: with what people have corrected (PS3.18 calls it demographics)."""
    patient = study.patient
    shown = patient.name.ideographic or patient.name.alphabetic
    born = f"{patient.birth_date:%Y-%m-%d}" if patient.birth_date else ""
    lines = (
        shown,
        f"ID {patient.patient_id}" if patient.patient_id else "",
        " ".join(part for part in (born, patient.sex) if part),
        f"検査日 {study.study_date:%Y-%m-%d}" if study.study_date else "",
    )
    return tuple(line for line in lines if line)


def technique_line(dataset: Dataset) -> str:
    """Modality, numbers and exposure: codes and numbers only, which no character set can garble."""
    found = [str(dataset.get("Modality") or "")]
    for keyword, short in (("SeriesNumber", "Se"), ("InstanceNumber", "Im")):
        if _number(dataset, keyword):
            found.append(f"{short} {_number(dataset, keyword)}")
    found += [form.format(_number(dataset, keyword)) for keyword, form in _TECHNIQUE if _number(dataset, keyword)]
    return "  ".join(part for part in found if part.isascii() and part.isprintable() and part)


def _number(dataset: Dataset, keyword: str) -> str:
    try:
        return f"{float(dataset[keyword].value):g}"
    except (KeyError, TypeError, ValueError):
        return ""
