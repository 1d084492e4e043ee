"""Copying what a case shows of its study, and reading it back."""

from __future__ import annotations

from pacs_node.model import Patient, PersonName, StudySummary
from shared_kernel.japanese.search_key import search_key
from worklist.model import CaseState, Reader, ReadingCase
from worklist.tables import CaseRow


def copy_study(row: CaseRow, study: StudySummary) -> None:
    """Make the case show the study as it is now."""
    name = study.patient.name
    row.patient_issuer = study.patient.issuer
    row.patient_id = study.patient.patient_id
    row.name_alphabetic = name.alphabetic
    row.name_ideographic = name.ideographic
    row.name_phonetic = name.phonetic
    row.name_key = "|".join(search_key(group) for group in (name.ideographic, name.phonetic, name.alphabetic) if group)
    row.birth_date = study.patient.birth_date
    row.sex = study.patient.sex
    row.modalities = "\\".join(study.modalities)
    row.body_part = study.body_part
    row.study_description = study.study_description
    row.study_date = study.study_date
    row.study_time = study.study_time
    row.accession_number = study.accession_number
    row.referring_physician = study.referring_physician
    row.series_count = study.series_count
    row.instance_count = study.instance_count
    row.identity_conflict = study.identity_conflict
    row.text_suspect = study.text_suspect


def modalities_of(row: CaseRow) -> tuple[str, ...]:
    """The modalities of the case's study."""
    return tuple(row.modalities.split("\\")) if row.modalities else ()


def reading_case(row: CaseRow, site_name: str) -> ReadingCase:
    """The case as a value."""
    reader = None
    if row.reader_login is not None:
        reader = Reader(login=row.reader_login, name=row.reader_name or "", site_code=row.reader_site_code or "")
    return ReadingCase(
        case_id=row.case_id,
        state=CaseState(row.state),
        study_uid=row.study_uid,
        site_code=row.site_code,
        site_name=site_name,
        patient=Patient(
            issuer=row.patient_issuer,
            patient_id=row.patient_id,
            name=PersonName(
                alphabetic=row.name_alphabetic, ideographic=row.name_ideographic, phonetic=row.name_phonetic
            ),
            birth_date=row.birth_date,
            sex=row.sex,
        ),
        modalities=modalities_of(row),
        body_part=row.body_part,
        study_description=row.study_description,
        study_date=row.study_date,
        study_time=row.study_time,
        accession_number=row.accession_number,
        referring_physician=row.referring_physician,
        reason=row.reason,
        clinical_history=row.clinical_history,
        instance_count=row.instance_count,
        identity_conflict=row.identity_conflict,
        reader=reader,
        arrived_at=row.arrived_at,
        due_date=row.due_date,
    )
