"""Carrying out what a human has decided about a patient, in the caller's transaction, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from access_control.model import Actor
from pacs_node.archive.identity import describe, known_of
from pacs_node.archive.tables import PatientRow, StudyRow
from pacs_node.patients.arrival import (
    OF_IMAGES,
    OF_PATIENT,
    first_patient,
    identity_of,
    issuer_of,
    known_under,
    namesakes,
    new_patient,
    next_number,
    of_patient,
    of_study,
)
from pacs_node.patients.errors import (
    AlreadyResolved,
    LaterDecision,
    MergeRefused,
    NoHumanDecision,
    NothingToSeparate,
    NotMergedPatient,
    StillContradicts,
)
from pacs_node.patients.model import (
    REREAD,
    CantMerge,
    Demographics,
    NotMerged,
    QuestionState,
    QuestionStep,
    Registry,
    completed,
    differences,
)
from pacs_node.patients.notation import Change, PatientIdentity, StudyIdentity, change, demographics, noted
from pacs_node.patients.revision import decided_anew
from pacs_node.patients.tables import AcceptedIdentityRow, PatientDecisionRow, PatientQuestionRow
from shared_kernel.errors import NotFound

Holds = Literal["known", "found"]


class Decider:
    """One human's decision in one writing transaction."""

    def __init__(self, session: Session, actor: Actor, at: datetime, reason: str) -> None:
        self._session = session
        self._actor = actor
        self._at = at
        self._reason = reason

    def match(self, question: PatientQuestionRow, holds: Holds) -> PatientDecisionRow:
        """The study's patient is the one who is known; `holds` says whose demographics are right."""
        _require_open(question)
        study = study_row(self._session, question.study_uid)
        # Images that contradict each other are the patient's whom the study has by now.
        known_row = question.patient_row if question.about == OF_PATIENT else study.patient_row
        patient = self._session.get_one(PatientRow, known_row)
        known, found = demographics(question.known), demographics(question.found)
        right, other = (known, found) if holds == "known" else (found, known)
        right = replace(completed(right, other), patient_id=patient.patient_id)
        before = self._side(study, [patient], [question])
        self._resolve([question])
        study.patient_row = patient.id
        describe(study, right)
        describe(patient, right)
        self._settle(study)
        row = self._record(QuestionStep.MATCH, study, patient.id, before, self._side(study, [patient], [question]))
        question.decision = row.number
        self._accept(row, of_study(study.study_uid), [known, found])
        self._accept(row, of_patient(patient.id), [known, found])
        return row

    def correct(self, study: StudyRow, right: Demographics) -> PatientDecisionRow:
        """The study's patient data were wrong; `right` holds, under the patient who has that id.

        Raises StillContradicts when the id is known with other data.
        """
        questions = self._open_questions(study)
        received = [known_of(study), *(demographics(question.found) for question in questions)]
        patient, theirs = self._patient_called(study, right)
        changed = [patient] if theirs else []
        before = self._side(study, changed, questions)
        for each in changed:
            describe(each, right)
        study.patient_row, study.patient_id = patient.id, right.patient_id
        describe(study, right)
        self._resolve(questions)
        self._settle(study)
        row = self._record(QuestionStep.CORRECT, study, patient.id, before, self._side(study, changed, questions))
        for question in questions:
            question.decision = row.number
        self._accept(row, of_study(study.study_uid), received)
        return row

    def separate(self, study: StudyRow) -> PatientDecisionRow:
        """The study's patient is another person under the same id: the next number of it. Raises NothingToSeparate."""
        if not study.patient_id:
            raise NothingToSeparate(study_uid=study.study_uid)
        questions = self._open_questions(study)
        before = self._side(study, [], questions)
        issuer = issuer_of(self._session, study)
        named = namesakes(self._session, issuer, study.patient_id)
        identity = identity_of(study.patient_id, next_number(named))
        patient = new_patient(self._session, issuer, identity, known_of(study), self._at)
        study.patient_row = patient.id
        self._resolve(questions)
        self._settle(study)
        row = self._record(QuestionStep.SEPARATE, study, patient.id, before, self._side(study, [], questions))
        for question in questions:
            question.decision = row.number
        found = [demographics(question.found) for question in questions if question.about == OF_IMAGES]
        self._accept(row, of_study(study.study_uid), found)
        return row

    def reopen(self, decision: PatientDecisionRow) -> PatientDecisionRow:
        """Take back a human's decision about a study: all is as before it.

        Raises LaterDecision when another one came since, NoHumanDecision for what was only read anew.
        """
        if decision.kind == REREAD:
            raise NoHumanDecision(decision=decision.number)
        before, after = change(decision.before), change(decision.after)
        if before.study is None or after.study is None:
            raise NotFound()
        study = study_row(self._session, before.study.study_uid)
        latest = self._session.scalar(
            select(PatientDecisionRow.number)
            .filter_by(study_uid=study.study_uid)
            .order_by(PatientDecisionRow.number.desc())
            .limit(1)
        )
        if (
            decision.kind == QuestionStep.REOPEN
            or not self._is_latest(decision)
            or study.patient_row != after.study.patient_row
        ):
            raise LaterDecision(latest=latest)
        study.patient_row = before.study.patient_row
        study.patient_id = before.study.demographics.patient_id
        describe(study, _taken_back(known_of(study), before.study.demographics, after.study.demographics))
        for was, became in zip(before.patients, after.patients, strict=True):
            patient = self._session.get_one(PatientRow, was.patient_row)
            describe(patient, _taken_back(known_of(patient), was.demographics, became.demographics))
        questions = list(
            self._session.scalars(
                select(PatientQuestionRow).where(PatientQuestionRow.question_id.in_(before.questions))
            )
        )
        for question in questions:
            question.state, question.decision = QuestionState.OPEN.value, None
        self._session.execute(delete(AcceptedIdentityRow).where(AcceptedIdentityRow.decision == decision.number))
        self._session.flush()
        study.identity_conflict = before.study.identity_conflict or bool(self._open_questions(study))
        return self._record(
            QuestionStep.REOPEN,
            study,
            study.patient_row,
            Change(study=after.study),
            Change(study=before.study),
            undoes=decision.number,
        )

    def merge(self, patient: PatientRow, into: PatientRow) -> PatientDecisionRow:
        """Two patients are one person; `patient` hangs below `into` from now on. Raises MergeRefused."""
        registry, rows = self._registry(patient, into)
        if _in_question(patient) or _in_question(into):
            raise MergeRefused(patient=patient.id, into=into.id)
        try:
            merged = registry.merged(patient.id, into.id)
        except CantMerge:
            raise MergeRefused(patient=patient.id, into=into.id) from None
        return self._hang("merge", patient, merged.above[patient.id], merged, rows)

    def unmerge(self, patient: PatientRow) -> PatientDecisionRow:
        """Two patients are not one person after all. Raises NotMergedPatient."""
        above = patient.merged_into
        registry, rows = self._registry(patient)
        try:
            return self._hang("unmerge", patient, above, registry.unmerged(patient.id), rows)
        except NotMerged:
            raise NotMergedPatient(patient=patient.id) from None

    def _hang(
        self, kind: str, patient: PatientRow, other: int | None, registry: Registry, rows: dict[int, PatientRow]
    ) -> PatientDecisionRow:
        before = Change(patients=(_patient_side(patient),))
        for number, row in rows.items():
            person = registry.person(number)
            row.merged_into, row.person = registry.above[number], None if person == number else person
        after = Change(patients=(_patient_side(patient),))
        return self._record(kind, None, patient.id, before, after, other=other, site_code=patient.issuer)

    def _registry(self, *patients: PatientRow) -> tuple[Registry, dict[int, PatientRow]]:
        """Everybody who is one person with any of the patients, each after the one that it hangs below."""
        people = {patient.person or patient.id for patient in patients}
        found = self._session.scalars(
            select(PatientRow).where(or_(PatientRow.id.in_(people), PatientRow.person.in_(people)))
        )
        rows = {row.id: row for row in found}
        return Registry({number: row.merged_into for number, row in rows.items()}), rows

    def _patient_called(self, study: StudyRow, right: Demographics) -> tuple[PatientRow, bool]:
        """The patient who has the id that is right, and whether what is known of them is to be corrected too."""
        issuer = issuer_of(self._session, study)
        if not right.patient_id:
            identity = _unnamed(study, issuer, self._session)
            return new_patient(self._session, issuer, identity, right, self._at), False
        named = known_under(self._session, issuer, right.patient_id)
        if not named:
            return first_patient(self._session, issuer, right, self._at), False
        fitting = [patient for patient in named if not differences(known_of(patient), right)]
        alone = [patient for patient in named if patient.id == study.patient_row and self._only_study(patient, study)]
        if alone and not fitting:
            # Nothing else is known of the patient than what this study said.
            return alone[0], True
        if not fitting:
            raise StillContradicts(differs=", ".join(differences(known_of(named[0]), right)))
        return next((patient for patient in fitting if patient.id == study.patient_row), fitting[0]), False

    def _only_study(self, patient: PatientRow, study: StudyRow) -> bool:
        others = select(StudyRow.id).where(StudyRow.patient_row == patient.id, StudyRow.id != study.id)
        return self._session.scalar(others.limit(1)) is None

    def _open_questions(self, study: StudyRow) -> list[PatientQuestionRow]:
        found = select(PatientQuestionRow).filter_by(study_uid=study.study_uid, state=QuestionState.OPEN.value)
        return list(self._session.scalars(found.order_by(PatientQuestionRow.question_id)))

    def _resolve(self, questions: list[PatientQuestionRow]) -> None:
        for question in questions:
            question.state = QuestionState.RESOLVED.value
        self._session.flush()

    def _settle(self, study: StudyRow) -> None:
        """The mark goes with the last open question."""
        study.identity_conflict = bool(self._open_questions(study))

    def _is_latest(self, decision: PatientDecisionRow) -> bool:
        """Whether everything decided about the study since then has been taken back."""
        later = self._session.scalars(
            select(PatientDecisionRow).where(
                PatientDecisionRow.study_uid == decision.study_uid, PatientDecisionRow.number >= decision.number
            )
        ).all()
        undone = {each.undoes for each in later}
        return all(each.undoes is not None or each.number in undone or each is decision for each in later) and (
            decision.number not in undone
        )

    def _accept(self, decision: PatientDecisionRow, scope: str, said: list[Demographics]) -> None:
        for each in said:
            self._session.add(AcceptedIdentityRow(scope=scope, demographics=noted(each), decision=decision.number))

    def _side(self, study: StudyRow, patients: list[PatientRow], questions: list[PatientQuestionRow]) -> Change:
        return Change(
            study=StudyIdentity(
                study_uid=study.study_uid,
                patient_row=study.patient_row,
                demographics=known_of(study),
                identity_conflict=study.identity_conflict,
            ),
            patients=tuple(_patient_side(patient) for patient in patients),
            questions=tuple(question.question_id for question in questions),
        )

    def _record(
        self,
        kind: str,
        study: StudyRow | None,
        patient: int,
        before: Change,
        after: Change,
        *,
        other: int | None = None,
        undoes: int | None = None,
        site_code: str = "",
    ) -> PatientDecisionRow:
        row = PatientDecisionRow(
            kind=kind,
            study_uid=study.study_uid if study else None,
            patient_row=patient,
            other_patient_row=other,
            undoes=undoes,
            at=self._at,
            actor=self._actor.login,
            actor_name=self._actor.name,
            site_code=study.site_code if study else site_code,
            reason=self._reason,
            before=noted(before),
            after=noted(after),
        )
        self._session.add(row)
        self._session.flush()
        decided_anew(self._session)
        return row


def study_row(session: Session, study_uid: str) -> StudyRow:
    """The study, locked. Raises NotFound."""
    row = session.scalar(select(StudyRow).filter_by(study_uid=study_uid).with_for_update())
    if row is None:
        raise NotFound()
    return row


def _require_open(question: PatientQuestionRow) -> None:
    if question.state != QuestionState.OPEN:
        raise AlreadyResolved(decision=question.decision)


def _patient_side(row: PatientRow) -> PatientIdentity:
    return PatientIdentity(patient_row=row.id, demographics=known_of(row), merged_into=row.merged_into)


def _in_question(row: PatientRow) -> bool:
    return row.identity.startswith("question:")


def _unnamed(study: StudyRow, issuer: str, session: Session) -> str:
    """An identity of the study's own; the first one is that of a study without PatientID."""
    own = f"study:{study.study_uid}"
    there = session.scalar(select(PatientRow.id).filter_by(issuer=issuer, identity=own))
    return own if there is None else f"{own} {there}"


def _taken_back(now: Demographics, was: Demographics, became: Demographics) -> Demographics:
    """What is said now, with what the decision had changed as it was before, where nothing has changed it since."""
    return Demographics(
        patient_id=was.patient_id,
        name=was.name if now.name == became.name else now.name,
        birth_date=was.birth_date if now.birth_date == became.birth_date else now.birth_date,
        sex=was.sex if now.sex == became.sex else now.sex,
    )
