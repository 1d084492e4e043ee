"""What people decide about patients. Every deed: the access rule, one transaction, history, audit, event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from access_control.decision import visible_sites
from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, ActorKind, Resource
from pacs_node.archive.tables import PatientRow, StudyRow
from pacs_node.events import (
    PatientCorrected,
    PatientMatched,
    PatientMerged,
    PatientReopened,
    PatientSeparated,
    PatientUnmerged,
)
from pacs_node.patients import wire
from pacs_node.patients.decisions import Decider, study_row
from pacs_node.patients.errors import LaterDecision, MergeRefused, ReasonMissing
from pacs_node.patients.model import QuestionState
from pacs_node.patients.notation import change
from pacs_node.patients.rights import of_patient, of_people, of_study, patient_row, person_of
from pacs_node.patients.tables import PatientDecisionRow, PatientQuestionRow
from pacs_node.patients.view import PatientView, SiteName, from_wire
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound
from shared_kernel.events.event import Event
from shared_kernel.events.outbox import publish
from shared_kernel.japanese.search_key import search_key
from shared_kernel.plain_text import cleaned

_EVENTS = {
    "match": PatientMatched,
    "correct": PatientCorrected,
    "separate": PatientSeparated,
    "reopen": PatientReopened,
}
Deed = Callable[[Decider, Session], PatientDecisionRow]


class PatientService:
    """The door to questions about patients; safe to share between threads.

    The site's own technologist and doctor decide about its patients, the secretariat for the sites that it
    follows, the operator at the command line for all. A decision about two sites' patients takes the right at
    both. Whoever must not know of a thing gets NotFound.
    """

    def __init__(self, database: Database, clock: Clock, gate: AccessGate, *, site_name: SiteName) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate
        self._view = PatientView(site_name)

    def questions(self, actor: Actor, query: wire.QuestionQuery) -> wire.QuestionPage:
        """Questions of the sites whose patients the actor knows: open ones oldest first, answered ones newest first."""
        self._gate.require(actor, Action.PATIENT_RESOLVE, Resource(label="patients", site_code=actor.site_code))
        with self._database.read() as session:
            sites = self._sites(session, actor)
            known = select(PatientRow.id).where(PatientRow.issuer.in_(sites))
            mine = and_(PatientQuestionRow.site_code.in_(sites), PatientQuestionRow.patient_row.in_(known))
            asked = PatientQuestionRow.state == query.state.value
            order = PatientQuestionRow.asked_at
            page = (
                select(PatientQuestionRow)
                .where(mine, asked)
                .order_by(order if query.state is QuestionState.OPEN else order.desc(), PatientQuestionRow.question_id)
                .limit(query.limit)
                .offset(query.offset)
            )
            counted = select(func.count()).select_from(PatientQuestionRow).where(mine)
            is_open = PatientQuestionRow.state == QuestionState.OPEN.value
            return wire.QuestionPage(
                questions=self._view.questions(session, session.scalars(page).all()),
                total=session.scalar(counted.where(asked)) or 0,
                open=session.scalar(counted.where(is_open)) or 0,
            )

    def patients(self, actor: Actor, query: wire.PatientQuery) -> wire.PatientPage:
        """Patients by a part of the id or of the name in any writing."""
        self._gate.require(actor, Action.PATIENT_RESOLVE, Resource(label="patients", site_code=actor.site_code))
        asked, key = cleaned(query.q).strip(), search_key(query.q)
        with self._database.read() as session:
            sites = self._sites(session, actor)
            ways = [PatientRow.patient_id.icontains(asked, autoescape=True)]
            if key:
                ways.append(PatientRow.patient_name_key.contains(key, autoescape=True))
            found = (PatientRow.issuer.in_(sites), PatientRow.identity.startswith("id:"), or_(*ways))
            rows = session.scalars(select(PatientRow).where(*found).order_by(PatientRow.id).limit(query.limit)).all()
            total = session.scalar(select(func.count()).select_from(PatientRow).where(*found)) or 0
            return wire.PatientPage(patients=[self._view.patient(session, row, sites) for row in rows], total=total)

    def patient(self, actor: Actor, patient: int) -> wire.Patient:
        """One patient as they are now. Raises NotFound."""
        self._require_patient(actor, patient)
        with self._database.read() as session:
            return self._view.patient(session, patient_row(session, patient), self._sites(session, actor))

    def history_of_study(self, actor: Actor, study_uid: str) -> wire.History:
        """What was decided about a study's patient, newest first."""
        self._require_study(actor, study_uid)
        return self._history(PatientDecisionRow.study_uid == study_uid)

    def history_of_patient(self, actor: Actor, patient: int) -> wire.History:
        """What was decided about a patient and with it, newest first; of other sites, only what the actor knows."""
        self._require_patient(actor, patient)
        row = PatientDecisionRow
        with self._database.read() as session:
            sites = self._sites(session, actor)
        known = select(PatientRow.id).where(PatientRow.issuer.in_(sites))
        return self._history(
            and_(
                or_(row.patient_row == patient, row.other_patient_row == patient),
                or_(row.study_uid.is_(None), row.site_code.in_(sites)),
                row.patient_row.in_(known),
                or_(row.other_patient_row.is_(None), row.other_patient_row.in_(known)),
            )
        )

    def match(self, actor: Actor, question_id: str, said: wire.Match) -> wire.Decision:
        """The study of a question is of the patient who is known. Raises AlreadyResolved, ReasonMissing."""
        with self._database.read() as session:
            study_uid = _question(session, question_id).study_uid

        def about(session: Session) -> list[Resource]:
            return [*of_study(session, study_uid), of_patient(session, _question(session, question_id).patient_row)]

        def deed(decider: Decider, session: Session) -> PatientDecisionRow:
            return decider.match(_question(session, question_id), said.holds)

        return self._do(actor, said.reason, about, deed, _study_event)

    def correct(self, actor: Actor, study_uid: str, said: wire.Correction) -> wire.Decision:
        """A study's patient data are wrong; these are right. Raises StillContradicts, ReasonMissing, InvalidInput."""
        right = from_wire(said.demographics)
        return self._do(
            actor,
            said.reason,
            lambda session: of_study(session, study_uid),
            lambda decider, session: decider.correct(study_row(session, study_uid), right),
            _study_event,
        )

    def separate(self, actor: Actor, study_uid: str, said: wire.Because) -> wire.Decision:
        """A study's patient is another person under the same id. Raises NothingToSeparate, ReasonMissing."""
        return self._do(
            actor,
            said.reason,
            lambda session: of_study(session, study_uid),
            lambda decider, session: decider.separate(study_row(session, study_uid)),
            _study_event,
        )

    def reopen(self, actor: Actor, number: int, said: wire.Because) -> wire.Decision:
        """Take a decision about a study back. Raises LaterDecision, NoHumanDecision, ReasonMissing.

        It takes the right where the study is now and where it goes back to.
        """
        with self._database.read() as session:
            row = _decision(session, number)
            study_uid, sides = row.study_uid, (change(row.before), change(row.after))
        if study_uid is None:
            raise NotFound()
        patients = {side.study.patient_row for side in sides if side.study}

        def about(session: Session) -> list[Resource]:
            return [*of_study(session, study_uid), *(of_patient(session, patient) for patient in patients)]

        def deed(decider: Decider, session: Session) -> PatientDecisionRow:
            return decider.reopen(_decision(session, number))

        return self._do(actor, said.reason, about, deed, _study_event)

    def merge(self, actor: Actor, patient: int, said: wire.Merge) -> wire.Decision:
        """Two patients are one person. Raises MergeRefused, ReasonMissing.

        Whoever hangs below one of them, or above `into`, is the same person then: the right is taken at the
        sites of all of them.
        """
        with self._database.read() as session:
            person = person_of(session, said.into)

        def deed(decider: Decider, session: Session) -> PatientDecisionRow:
            if person_of(session, said.into) != person:
                raise MergeRefused(patient=patient, into=said.into)
            return decider.merge(patient_row(session, patient), patient_row(session, said.into))

        return self._do(
            actor, said.reason, lambda session: of_people(session, patient, said.into), deed, _patient_event
        )

    def unmerge(self, actor: Actor, patient: int, said: wire.Because) -> wire.Decision:
        """They are not one person. Raises NotMergedPatient, ReasonMissing, LaterDecision when it was merged anew.

        It takes the right at the sites of all who are one person until then, as their merging did.
        """
        with self._database.read() as session:
            above = patient_row(session, patient).merged_into

        def deed(decider: Decider, session: Session) -> PatientDecisionRow:
            row = patient_row(session, patient)
            if row.merged_into not in {above, None}:
                raise LaterDecision(patient=patient)
            return decider.unmerge(row)

        return self._do(actor, said.reason, lambda session: of_people(session, patient), deed, _patient_event)

    def _do(
        self,
        actor: Actor,
        reason: str,
        about: Callable[[Session], list[Resource]],
        deed: Deed,
        event_of: Callable[[Session, PatientDecisionRow], Event],
    ) -> wire.Decision:
        """Ask for the right to all that the deed is `about`, and do it; the first of them stands in the trail."""
        reason = cleaned(reason).strip()
        asked: set[Resource] = set()
        with self._database.read() as session:
            wanted = about(session)
        while True:
            # Outside of the deed's transaction, in which it is looked whether that is still all: the gate writes
            # its own audit row.
            for resource in wanted:
                self._gate.require(actor, Action.PATIENT_RESOLVE, resource)
            asked.update(wanted)
            if not reason:
                raise ReasonMissing(field="reason")
            with self._database.write() as session:
                wanted = about(session)
                if not asked.issuperset(wanted):
                    continue
                at: datetime = self._clock.now()
                row = deed(Decider(session, actor, at, reason), session)
                event = event_of(session, row)
                publish(session, event, at=at, actor=actor.login)
                told = f"{event.name()} {row.number}: {reason}"
                entry = audit_entry(
                    actor, Action.PATIENT_RESOLVE, wanted[0], clock=self._clock, outcome="done", reason=told
                )
                record(session, [entry])
                return self._view.decisions(session, [row])[0]

    def _history(self, of: ColumnElement[bool]) -> wire.History:
        with self._database.read() as session:
            rows = session.scalars(
                select(PatientDecisionRow).where(of).order_by(PatientDecisionRow.number.desc())
            ).all()
            return wire.History(decisions=self._view.decisions(session, rows))

    def _require_study(self, actor: Actor, study_uid: str) -> None:
        with self._database.read() as session:
            wanted = of_study(session, study_uid)
        for resource in wanted:
            self._gate.require(actor, Action.PATIENT_RESOLVE, resource)

    def _require_patient(self, actor: Actor, patient: int) -> None:
        with self._database.read() as session:
            wanted = of_patient(session, patient)
        self._gate.require(actor, Action.PATIENT_RESOLVE, wanted)

    @staticmethod
    def _sites(session: Session, actor: Actor) -> frozenset[str]:
        if actor.kind is ActorKind.OPERATOR:
            return frozenset(session.scalars(select(PatientRow.issuer).union(select(StudyRow.site_code))))
        return visible_sites(actor, Action.PATIENT_RESOLVE)


def _study_event(_session: Session, row: PatientDecisionRow) -> Event:
    kind = _EVENTS[row.kind]
    if row.study_uid is None:
        raise RuntimeError(f"decision {row.number} is about no study")
    return kind(study_uid=row.study_uid, site_code=row.site_code, patient=row.patient_row, decision=row.number)


def _patient_event(session: Session, row: PatientDecisionRow) -> Event:
    kind = PatientMerged if row.kind == "merge" else PatientUnmerged
    into = row.other_patient_row or row.patient_row
    return kind(
        patient=row.patient_row,
        into=into,
        site_code=row.site_code,
        into_site_code=patient_row(session, into).issuer,
        decision=row.number,
    )


def _question(session: Session, question_id: str) -> PatientQuestionRow:
    row = session.scalar(select(PatientQuestionRow).filter_by(question_id=question_id).with_for_update())
    if row is None:
        raise NotFound()
    return row


def _decision(session: Session, number: int) -> PatientDecisionRow:
    row = session.get(PatientDecisionRow, number)
    if row is None:
        raise NotFound()
    return row
