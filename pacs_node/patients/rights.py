"""What a decision about patients is about: the right is taken to all of it."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from access_control.model import Resource
from pacs_node.archive.tables import PatientRow, StudyRow
from shared_kernel.errors import NotFound


def of_study(session: Session, study_uid: str) -> list[Resource]:
    """What is said of a study's patient: of the study, and of the site that has issued the id. Raises NotFound."""
    of_both = select(StudyRow.site_code, PatientRow.issuer).join(PatientRow, PatientRow.id == StudyRow.patient_row)
    found = session.execute(of_both.where(StudyRow.study_uid == study_uid)).one_or_none()
    if found is None:
        raise NotFound()
    label = f"study/{study_uid}"
    own = Resource(label=label, site_code=found.site_code, study_uid=study_uid)
    return [own] if found.issuer == found.site_code else [own, Resource(label=label, site_code=found.issuer)]


def of_patient(session: Session, patient: int) -> Resource:
    """A patient, who is the site's that has issued the id. Raises NotFound."""
    return Resource(label=f"patient/{patient}", site_code=patient_row(session, patient).issuer)


def of_people(session: Session, *patients: int) -> list[Resource]:
    """The patients, then everybody else who is one person with one of them. Raises NotFound."""
    people = {person_of(session, patient) for patient in patients}
    same = select(PatientRow.id).where(or_(PatientRow.id.in_(people), PatientRow.person.in_(people)))
    rest = set(session.scalars(same)) - set(patients)
    return [of_patient(session, patient) for patient in (*patients, *sorted(rest))]


def person_of(session: Session, patient: int) -> int:
    """The person that a patient is. Raises NotFound."""
    row = patient_row(session, patient)
    return row.person or row.id


def patient_row(session: Session, patient: int) -> PatientRow:
    """Raises NotFound."""
    row = session.get(PatientRow, patient)
    if row is None:
        raise NotFound()
    return row
