"""Whose study it is: the first instance that names a person says so, and no later one changes it.

A case is read and signed under this name, so what comes later may only fill what is empty. Where it
contradicts, somebody has mixed two people up; the study is marked for a human being to look at.
"""

from __future__ import annotations

from pacs_node.archive.rows import compared_patient_name, name_columns
from pacs_node.archive.tables import PatientRow, StudyRow
from pacs_node.header.scan import Header
from pacs_node.model import PersonName
from pacs_node.patients.model import Demographics, completed, differences


def said_by(header: Header) -> Demographics:
    """What an instance says of its patient."""
    return Demographics(
        patient_id=header.patient_id,
        name=header.patient_name,
        birth_date=header.birth_date,
        sex=header.sex,
        issuer=header.patient_site,
    )


def known_of(row: StudyRow | PatientRow) -> Demographics:
    """What the index says of a patient, or of a study's patient."""
    name = PersonName(alphabetic=row.name_alphabetic, ideographic=row.name_ideographic, phonetic=row.name_phonetic)
    return Demographics(patient_id=row.patient_id, name=name, birth_date=row.birth_date, sex=row.sex)


def contradicts(study: StudyRow, header: Header) -> bool:
    """Whether the instance names another person than the study; see `patients.model.differences`."""
    return bool(differences(known_of(study), said_by(header)))


def complete(study: StudyRow, header: Header) -> None:
    """Fill what the study does not know of its patient from an instance that does not contradict it.

    An instance without PatientID fills nothing of a study that has one. The PatientID itself is the
    caller's: a row of the patient hangs on it.
    """
    if study.patient_id and not header.patient_id:
        return
    describe(study, completed(known_of(study), said_by(header)))


def describe(row: StudyRow | PatientRow, demographics: Demographics) -> None:
    """Let the row say this of its patient, with the columns that searches compare; the PatientID stays."""
    _set(row, {"birth_date": demographics.birth_date, "sex": demographics.sex})
    describe_name(row, demographics.name)


def describe_name(row: StudyRow | PatientRow, name: PersonName) -> None:
    """Let the row have this name, with the columns that searches compare."""
    values = name_columns(name)
    if isinstance(row, StudyRow):
        values |= compared_patient_name(name)
    _set(row, values)


def _set(row: StudyRow | PatientRow, values: dict[str, str]) -> None:
    for column, value in values.items():
        if getattr(row, column) != value:
            setattr(row, column, value)
