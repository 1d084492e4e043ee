"""Questions, patients and decisions as they go over the wire."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from pacs_node.archive.identity import known_of
from pacs_node.archive.tables import PatientRow, StudyRow
from pacs_node.header.values import as_date, da, indexed_text
from pacs_node.model import PersonName
from pacs_node.patients import wire
from pacs_node.patients.model import SEXES, Demographics, QuestionState, Trait
from pacs_node.patients.notation import change, demographics
from pacs_node.patients.tables import PatientDecisionRow, PatientQuestionRow
from shared_kernel.errors import InvalidInput
from shared_kernel.japanese.search_key import search_key
from shared_kernel.plain_text import cleaned

SiteName = Callable[[Session, str], str]
_MOST_STUDIES = 200


class PatientView:
    """Shows rows of this room on the wire; asks no access rule."""

    def __init__(self, site_name: SiteName) -> None:
        self._site_name = site_name

    def questions(self, session: Session, rows: Sequence[PatientQuestionRow]) -> list[wire.Question]:
        """Questions with their studies, in their order."""
        uids = {row.study_uid for row in rows}
        studies = {row.study_uid: row for row in session.scalars(select(StudyRow).where(StudyRow.study_uid.in_(uids)))}
        patients = {row.patient_row for row in rows}
        counted = (
            select(StudyRow.patient_row, func.count())
            .where(StudyRow.patient_row.in_(patients))
            .group_by(StudyRow.patient_row)
        )
        counts = dict(iter(session.execute(counted)))
        numbers = [row.decision for row in rows if row.decision is not None]
        decisions = {each.number: each for each in self.decisions(session, _numbered(session, numbers))}
        return [
            wire.Question(
                id=row.question_id,
                state=QuestionState(row.state),
                about=row.about,
                site=self.site(session, row.site_code),
                study=study(studies[row.study_uid]),
                differs=[Trait(each) for each in row.differs.split(",") if each],
                patient=row.patient_row,
                known=as_wire(demographics(row.known)),
                found=as_wire(demographics(row.found)),
                known_keys=_keys(demographics(row.known)),
                found_keys=_keys(demographics(row.found)),
                known_studies=counts.get(row.patient_row, 0),
                asked_at=row.asked_at,
                decision=decisions.get(row.decision or 0),
            )
            for row in rows
        ]

    def decisions(self, session: Session, rows: Sequence[PatientDecisionRow]) -> list[wire.Decision]:
        """Decisions, and whether each has been taken back."""
        numbers = [row.number for row in rows]
        undone = set(session.scalars(select(PatientDecisionRow.undoes).where(PatientDecisionRow.undoes.in_(numbers))))
        return [
            wire.Decision(
                number=row.number,
                kind=row.kind,
                at=row.at,
                actor=row.actor,
                actor_name=row.actor_name,
                reason=row.reason,
                study_uid=row.study_uid,
                patient=row.patient_row,
                other_patient=row.other_patient_row,
                undoes=row.undoes,
                undone=row.number in undone,
                before=_said(row.before),
                after=_said(row.after),
            )
            for row in rows
        ]

    def patient(self, session: Session, row: PatientRow, sites: Collection[str]) -> wire.Patient:
        """A patient with those studies of the person that are of `sites`."""
        person = row.person or row.id
        found = select(PatientRow).where(or_(PatientRow.id == person, PatientRow.person == person))
        same = [other for other in session.scalars(found) if other.issuer in sites]
        studies = session.scalars(
            select(StudyRow)
            .where(StudyRow.patient_row.in_([other.id for other in same]), StudyRow.site_code.in_(sites))
            .order_by(StudyRow.study_date.desc(), StudyRow.study_time.desc(), StudyRow.id.desc())
            .limit(_MOST_STUDIES)
        )
        return wire.Patient(
            patient=row.id,
            site=self.site(session, row.issuer),
            demographics=as_wire(known_of(row)),
            name_keys=_keys(known_of(row)),
            merged_into=row.merged_into,
            same_person=sorted(other.id for other in same if other.id != row.id),
            studies=[study(each) for each in studies],
        )

    def site(self, session: Session, code: str) -> wire.Site:
        """A site by name."""
        return wire.Site(code=code, name=self._site_name(session, code))


def study(row: StudyRow) -> wire.Study:
    """A study as questions show it."""
    return wire.Study(
        study_uid=row.study_uid,
        study_date=as_date(row.study_date),
        modalities=[modality for modality in row.modalities.split("\\") if modality],
        study_description=row.study_description,
        accession_number=row.accession_number,
        instance_count=row.instance_count,
        issuer_of_patient_id=row.issuer_of_patient_id,
    )


def as_wire(said: Demographics) -> wire.Demographics:
    """Demographics as JSON has them."""
    return wire.Demographics(
        patient_id=said.patient_id,
        name=wire.Name(**asdict(said.name)),
        birth_date=as_date(said.birth_date),
        sex=said.sex if said.sex in SEXES else "",
    )


def _keys(said: Demographics) -> wire.Name:
    return wire.Name(**{group: search_key(value) for group, value in asdict(said.name).items()})


def from_wire(said: wire.Demographics) -> Demographics:
    """Demographics that somebody has entered. Raises InvalidInput naming what can't be."""
    if said.sex and said.sex not in SEXES:
        raise InvalidInput(field="sex", rule="M, F, O or empty")
    groups = {}
    for group in ("alphabetic", "ideographic", "phonetic"):
        value = getattr(said.name, group)
        if set(value) & set("=\\"):
            raise InvalidInput(field=f"name.{group}", rule="no = and no \\")
        groups[group] = indexed_text(cleaned(value)).rstrip("^ ")
    if "\\" in said.patient_id:
        raise InvalidInput(field="patient_id", rule="no \\")
    return Demographics(
        patient_id=indexed_text(said.patient_id, 64),
        name=PersonName(**groups),
        birth_date=da(f"{said.birth_date:%Y%m%d}") if said.birth_date else "",
        sex=said.sex,
    )


def _numbered(session: Session, numbers: Sequence[int]) -> Sequence[PatientDecisionRow]:
    return session.scalars(select(PatientDecisionRow).where(PatientDecisionRow.number.in_(numbers))).all()


def _said(text: str) -> wire.Demographics | None:
    side = change(text)
    return as_wire(side.study.demographics) if side.study else None
