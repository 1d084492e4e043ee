"""Reading the texts of stored studies anew: after an operator has said what character set a device really sends.

The headers are read from the files, by the rules that their senders have now; the index copy follows, and with it
whose patient a study is, where no human has decided that. Files are only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.gate import audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.archive.files import FileStore
from pacs_node.archive.identity import contradicts, describe, known_of, said_by
from pacs_node.archive.index import describe_study
from pacs_node.archive.rows import words_values
from pacs_node.archive.tables import InstanceRow, PatientRow, SeriesRow, StudyRow
from pacs_node.errors import InstanceRefused
from pacs_node.events import StudyTextsRead
from pacs_node.header.scan import Header, scan
from pacs_node.patients.arrival import contradicted, issuer_of, namesakes, place
from pacs_node.patients.model import REREAD, Demographics, QuestionState, completed, differences
from pacs_node.patients.notation import Change, StudyIdentity, noted
from pacs_node.patients.revision import decided_anew
from pacs_node.patients.tables import PatientDecisionRow, PatientQuestionRow
from pacs_node.peers.coerced_header import coerce_header
from pacs_node.peers.model import IntakeRules
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.events.outbox import publish

RulesOf = Callable[[Session, str], IntakeRules]
"""The rules for what a sender, by log-in, sends."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reread:
    """What came of one study: whether the index says something else now, and how many files could not be read."""

    study_uid: str
    changed: bool
    unreadable: int


@dataclass(frozen=True, slots=True)
class _Read:
    study_uid: str
    headers: Sequence[Header]
    unreadable: int


class TextReader:
    """Reads studies anew; may run beside a server that ingests into the same folder."""

    def __init__(self, database: Database, files: FileStore, clock: Clock, rules_of: RulesOf) -> None:
        self._database = database
        self._files = files
        self._clock = clock
        self._rules_of = rules_of

    def studies(
        self, *, sender: str | None = None, study_uid: str | None = None, since: datetime | None = None
    ) -> list[str]:
        """UIDs of the studies that a sender has sent to (a log-in such as `ae:CT1`), of one, of those since a time."""
        found = select(StudyRow.study_uid).order_by(StudyRow.site_code, StudyRow.patient_id, StudyRow.id)
        if sender is not None:
            sent = (
                select(SeriesRow.study_row)
                .join(InstanceRow, InstanceRow.series_row == SeriesRow.id)
                .where(InstanceRow.received_from == sender)
            )
            found = found.where(StudyRow.id.in_(sent))
        if study_uid is not None:
            found = found.where(StudyRow.study_uid == study_uid)
        if since is not None:
            found = found.where(StudyRow.last_received_at >= since)
        with self._database.read() as session:
            return list(session.scalars(found))

    def read(self, study_uids: Sequence[str], actor: Actor) -> Iterator[Reread]:
        """Read these studies anew, those of one PatientID together; one outcome a study, as they are done."""
        groups: dict[tuple[str, str], list[str]] = {}
        with self._database.read() as session:
            for study_uid in study_uids:
                row = session.scalar(select(StudyRow).filter_by(study_uid=study_uid))
                if row is not None:
                    groups.setdefault((row.site_code, row.patient_id or study_uid), []).append(study_uid)
        for group in groups.values():
            # Files are read before the transaction, which keeps every sender waiting.
            read = [self._read(study_uid) for study_uid in group]
            with self._database.write() as session:
                outcomes = _Rewriter(session, actor, self._clock).write(read)
            yield from outcomes

    def _read(self, study_uid: str) -> _Read:
        headers: list[Header] = []
        unreadable = 0
        with self._database.read() as session:
            instances = session.execute(
                select(InstanceRow, SeriesRow.series_uid)
                .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
                .join(StudyRow, StudyRow.id == SeriesRow.study_row)
                .where(StudyRow.study_uid == study_uid)
                .order_by(InstanceRow.id)
            ).all()
            rules = {row.received_from: self._rules_of(session, row.received_from) for row, _ in instances}
        for row, series_uid in instances:
            try:
                header = self._header(row, rules[row.received_from])
            except (OSError, InstanceRefused) as error:
                unreadable += 1
                log.warning("reread.unreadable", sop_instance_uid=row.sop_instance_uid, error=repr(error)[:200])
                continue
            # What stands alone is kept under UIDs of the index's own.
            headers.append(replace(header, study_uid=study_uid, series_uid=series_uid))
        return _Read(study_uid, headers, unreadable)

    def _header(self, row: InstanceRow, rules: IntakeRules) -> Header:
        with self._files.path_of(row.file).open("rb") as file:
            header = scan(
                file,
                row.dataset_offset,
                row.transfer_syntax_uid,
                row.sop_class_uid,
                character_set=rules.character_set,
            )
        if rules.coercions:
            header, _ = coerce_header(header, rules.coercions)
        return replace(header, patient_site=rules.site_of_issuer(header.issuer_of_patient_id))


class _Rewriter:
    """Lets the index say what the headers of some studies say, in one transaction."""

    def __init__(self, session: Session, actor: Actor, clock: Clock) -> None:
        self._session = session
        self._actor = actor
        self._clock = clock
        self._at = clock.now()

    def write(self, read: Sequence[_Read]) -> list[Reread]:
        changed: dict[str, bool] = {}
        moved: list[tuple[StudyRow, _Read, StudyIdentity]] = []
        issuers: dict[str, str] = {}
        for each in read:
            study = self._session.scalar(select(StudyRow).filter_by(study_uid=each.study_uid).with_for_update())
            if study is None or not each.headers:
                changed[each.study_uid] = False
                continue
            before, identity = _said(study), _identity(study)
            right = _together(each.headers)
            issuers[each.study_uid] = right.issuer
            self._describe(study, [header for header in each.headers if not differences(right, said_by(header))])
            study.text_suspect = any(header.text_suspect for header in each.headers)
            changed[each.study_uid] = self._describe_series(study, each.headers)
            if not self._is_decided(study):
                study.patient_id = right.patient_id
                describe(study, right)
                is_moved = issuer_of(self._session, study) != (right.issuer or study.site_code)
                changed[each.study_uid] |= is_moved
                if is_moved or known_of(study) != identity.demographics:
                    moved.append((study, each, identity))
            changed[each.study_uid] |= before != _said(study)
        self._session.flush()
        for study, _, identity in moved:
            self._mend_patient(study, identity)
        for study, each, identity in moved:
            self._place(study, each.headers, identity, issuers[each.study_uid])
        for study_uid in (uid for uid, is_changed in changed.items() if is_changed):
            self._tell(study_uid)
        if any(changed.values()):
            decided_anew(self._session)
        return [Reread(each.study_uid, changed[each.study_uid], each.unreadable) for each in read]

    def _describe(self, study: StudyRow, headers: Sequence[Header]) -> None:
        for at, header in enumerate(headers):
            describe_study(study, header, first=at == 0)

    def _describe_series(self, study: StudyRow, headers: Sequence[Header]) -> bool:
        first: dict[str, Header] = {}
        for header in headers:
            first.setdefault(header.series_uid, header)
        changed = False
        for series in self._session.scalars(select(SeriesRow).filter_by(study_row=study.id)):
            named = first.get(series.series_uid)
            texts = (named.series_description, named.body_part) if named else None
            if texts and texts != (series.series_description, series.body_part):
                series.series_description, series.body_part = texts
                changed = True
            for column, value in words_values(named.words).items() if named else ():
                if value and value != getattr(series, column):
                    setattr(series, column, value)
                    changed = True
        return changed

    def _is_decided(self, study: StudyRow) -> bool:
        """Whether a human has said whose it is, and has not taken that back."""
        decisions = self._session.scalars(select(PatientDecisionRow).filter_by(study_uid=study.study_uid)).all()
        undone = {row.undoes for row in decisions}
        return any(row.kind not in {REREAD, "reopen"} and row.number not in undone for row in decisions)

    def _mend_patient(self, study: StudyRow, was: StudyIdentity) -> None:
        """Let the patient be known by what the first of its studies says now, unless a human has said it."""
        issuer = self._session.get_one(PatientRow, was.patient_row).issuer
        for row in namesakes(self._session, issuer, was.demographics.patient_id):
            if self._session.scalar(select(PatientDecisionRow.number).filter_by(patient_row=row.id).limit(1)):
                continue
            of_row = select(StudyRow).where(StudyRow.patient_row == row.id, StudyRow.patient_id == row.patient_id)
            studies = self._session.scalars(of_row.order_by(StudyRow.id)).all()
            if studies:
                describe(row, _all(known_of(each) for each in studies))

    def _place(self, study: StudyRow, headers: Sequence[Header], was: StudyIdentity, issuer: str) -> None:
        questions = self._session.scalars(
            select(PatientQuestionRow).filter_by(study_uid=study.study_uid, state=QuestionState.OPEN.value)
        ).all()
        study.identity_conflict = False
        for question in questions:
            question.state = QuestionState.RESOLVED.value
        self._session.flush()
        place(self._session, study, replace(known_of(study), issuer=issuer), self._at)
        patient = self._session.get_one(PatientRow, study.patient_row)
        if not patient.identity.startswith("id:"):
            # Nobody's but this study's: in question, or without an id.
            describe(patient, known_of(study))
        for header in headers:
            if contradicts(study, header):
                contradicted(self._session, study, header, self._at)
        after = Change(study=_identity(study), questions=tuple(question.question_id for question in questions))
        row = PatientDecisionRow(
            kind=REREAD,
            study_uid=study.study_uid,
            patient_row=study.patient_row,
            at=self._at,
            actor=self._actor.login,
            actor_name=self._actor.name,
            site_code=study.site_code,
            reason="",
            before=noted(Change(study=was, questions=after.questions)),
            after=noted(after),
        )
        self._session.add(row)
        self._session.flush()
        for question in questions:
            question.decision = row.number

    def _tell(self, study_uid: str) -> None:
        site_code = self._session.scalars(select(StudyRow.site_code).filter_by(study_uid=study_uid)).one()
        event = StudyTextsRead(study_uid=study_uid, site_code=site_code)
        publish(self._session, event, at=self._at, actor=self._actor.login)
        resource = Resource(label=f"study/{study_uid}", site_code=site_code, study_uid=study_uid)
        entry = audit_entry(
            self._actor, Action.STUDY_STORE, resource, clock=self._clock, outcome="done", reason=event.name()
        )
        record(self._session, [entry])


def _together(headers: Sequence[Header]) -> Demographics:
    """What the images of a study say of its patient: the first one, completed by those that agree, as ingest does."""
    return _all(said_by(header) for header in headers)


def _all(said: Iterator[Demographics]) -> Demographics:
    known = next(said)
    for each in said:
        if not differences(known, each) and not (known.patient_id and not each.patient_id):
            is_named = bool(each.patient_id and not known.patient_id)
            known = completed(known, each)
            if is_named:
                # A PatientID counts with the issuer of its own image.
                known = replace(known, patient_id=each.patient_id, issuer=each.issuer)
    return known


def _identity(study: StudyRow) -> StudyIdentity:
    return StudyIdentity(
        study_uid=study.study_uid,
        patient_row=study.patient_row,
        demographics=known_of(study),
        identity_conflict=study.identity_conflict,
    )


def _said(study: StudyRow) -> Mapping[str, object]:
    columns = ("study_description", "referring_physician", "body_part", "accession_number", "study_id", "text_suspect")
    return {column: getattr(study, column) for column in columns} | {"patient": known_of(study)}
