"""Whose a study is that arrives: a patient who is known, a new one, or a question for a human.

Everything runs in the writing transaction of ingest, under its lock: of two associations with the first images
of one patient, the second finds what the first has made.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from pacs_node.archive.identity import describe, known_of, said_by
from pacs_node.archive.rows import new_patient_values
from pacs_node.archive.tables import PatientRow, StudyRow
from pacs_node.header.person_name import FENCE
from pacs_node.header.scan import Header
from pacs_node.patients.model import Demographics, QuestionState, agrees, completed, differences
from pacs_node.patients.notation import demographics, noted
from pacs_node.patients.tables import AcceptedIdentityRow, PatientQuestionRow
from shared_kernel.ids import new_id

OF_PATIENT, OF_IMAGES = "patient", "images"


def place(session: Session, study: StudyRow, found: Demographics, at: datetime) -> None:
    """Put a study under its patient by what it says of them, as soon as it has a PatientID; changes the study's row.

    An id that is known with another name, birth date or sex gives the study a patient of its own, so that it
    shows nobody else's priors, marks it, and asks.
    """
    if not found.patient_id:
        study.patient_row = _own(session, study, f"study:{study.study_uid}", found, at).id
        return
    issuer = found.issuer or study.site_code
    named = known_under(session, issuer, found.patient_id)
    patient = _certain(session, named, found)
    if patient is None and not named:
        patient = first_patient(session, issuer, found, at)
    if patient is None:
        study.patient_row = _own(session, study, f"question:{study.study_uid}", found, at).id
        study.identity_conflict = True
        _ask(session, study, OF_PATIENT, named[0], known_of(named[0]), found, at)
        return
    if not differences(known_of(patient), found):
        describe(patient, completed(known_of(patient), found))
    study.patient_row = patient.id


def contradicted(session: Session, study: StudyRow, header: Header, at: datetime) -> bool:
    """An instance names somebody else than its study: mark the study and ask, unless a human has accepted that.

    Returns whether it stays a contradiction.
    """
    found = said_by(header)
    if any(not differences(other, found) for other in accepted(session, of_study(study.study_uid))):
        return False
    study.identity_conflict = True
    asked = select(PatientQuestionRow.question_id).filter_by(
        study_uid=study.study_uid, about=OF_IMAGES, state=QuestionState.OPEN.value
    )
    if session.scalar(asked.limit(1)) is None:
        patient = session.get_one(PatientRow, study.patient_row)
        _ask(session, study, OF_IMAGES, patient, known_of(study), found, at)
    return True


def identity_of(patient_id: str, number: int = 1) -> str:
    """The identity of the patient who has an id, or of the second, third … who has it too.

    The fence is in no PatientID of the index, so that P-1's second is nobody's whose id ends in 2.
    """
    return f"id:{patient_id}" if number == 1 else f"id:{patient_id}{FENCE}{number}"


def known_under(session: Session, issuer: str, patient_id: str) -> list[PatientRow]:
    """Those who have this id and a study, or are merged: from whom a correction has taken all is nobody known."""
    named = namesakes(session, issuer, patient_id)
    if not named:
        return []
    numbers = [row.id for row in named]
    used = set(session.scalars(select(StudyRow.patient_row).where(StudyRow.patient_row.in_(numbers)).distinct()))
    used |= set(session.scalars(select(PatientRow.person).where(PatientRow.person.in_(numbers))))
    return [row for row in named if row.id in used or row.merged_into is not None]


def first_patient(session: Session, issuer: str, said: Demographics, at: datetime) -> PatientRow:
    """The patient of an id under which nobody is known; a row that a correction has left empty is used again."""
    identity = identity_of(said.patient_id)
    row = session.scalar(select(PatientRow).filter_by(issuer=issuer, identity=identity))
    if row is None:
        return new_patient(session, issuer, identity, said, at)
    session.execute(delete(AcceptedIdentityRow).where(AcceptedIdentityRow.scope == of_patient(row.id)))
    describe(row, said)
    return row


def next_number(named: list[PatientRow]) -> int:
    """The number of the next one who has the same id as these."""
    return max((int(row.identity.partition(FENCE)[2] or 1) for row in named), default=0) + 1


def namesakes(session: Session, issuer: str, patient_id: str) -> list[PatientRow]:
    """Every row of this id, the first one first; studies in question are nobody yet."""
    rows = session.scalars(select(PatientRow).filter_by(issuer=issuer, patient_id=patient_id).order_by(PatientRow.id))
    return [row for row in rows if row.identity.startswith("id:")]


def new_patient(session: Session, issuer: str, identity: str, said: Demographics, at: datetime) -> PatientRow:
    """A new patient. The session must be a writing one; the constraint of the table is the last word."""
    row = PatientRow(**new_patient_values(issuer, identity, said, at))
    session.add(row)
    session.flush()
    return row


def accepted(session: Session, scope: str) -> list[Demographics]:
    """What a human has accepted beside what is known."""
    found = session.scalars(select(AcceptedIdentityRow.demographics).filter_by(scope=scope))
    return [demographics(text) for text in found]


def of_study(study_uid: str) -> str:
    """The scope of a study."""
    return f"study:{study_uid}"


def of_patient(patient_row: int) -> str:
    """The scope of a patient."""
    return f"patient:{patient_row}"


def _certain(session: Session, named: list[PatientRow], found: Demographics) -> PatientRow | None:
    """The one of those with this id who it must be; where several have it, something must speak for one."""
    fitting = [row for row in named if _fits(session, row, found, differences_only=len(named) == 1)]
    return fitting[0] if len(fitting) == 1 else None


def _fits(session: Session, row: PatientRow, found: Demographics, *, differences_only: bool) -> bool:
    def fits(known: Demographics) -> bool:
        return not differences(known, found) if differences_only else agrees(known, found)

    return fits(known_of(row)) or any(fits(other) for other in accepted(session, of_patient(row.id)))


def _own(session: Session, study: StudyRow, identity: str, said: Demographics, at: datetime) -> PatientRow:
    issuer = said.issuer or study.site_code
    there = session.scalar(select(PatientRow).filter_by(issuer=issuer, identity=identity))
    return there or new_patient(session, issuer, identity, said, at)


def issuer_of(session: Session, study: StudyRow) -> str:
    """Code of the site that has issued the id of a study's patient: the study's own, or one that its sender names."""
    return session.get_one(PatientRow, study.patient_row).issuer


def _ask(  # noqa: PLR0917  # one line of the table
    session: Session,
    study: StudyRow,
    about: str,
    patient: PatientRow,
    known: Demographics,
    found: Demographics,
    at: datetime,
) -> None:
    session.add(
        PatientQuestionRow(
            question_id=new_id(),
            study_uid=study.study_uid,
            site_code=study.site_code,
            state=QuestionState.OPEN.value,
            about=about,
            patient_row=patient.id,
            differs=",".join(differences(known, found)),
            known=noted(known),
            found=noted(found),
            asked_at=at,
        )
    )
    session.flush()
