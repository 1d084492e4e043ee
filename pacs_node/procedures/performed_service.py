"""Performed procedure steps in the database: each message is one transaction of rows, events and audit."""

from __future__ import annotations

from datetime import datetime

from pydicom.dataset import Dataset
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.events import MppsCompleted, MppsDiscontinued, MppsStarted
from pacs_node.expectations.service import expect
from pacs_node.header.scan import uid
from pacs_node.procedures import performed
from pacs_node.procedures.dimse import (
    DUPLICATE_SOP_INSTANCE,
    INVALID_OBJECT_INSTANCE,
    NO_SUCH_SOP_INSTANCE,
    RESOURCE_LIMITATION,
)
from pacs_node.procedures.performed import Performed, StepRefused, StepState
from pacs_node.procedures.tables import PerformedStepMessageRow, PerformedStepRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.events.outbox import publish
from shared_kernel.ids import new_uid

MOST_MESSAGES = 1000
"""N-CREATE and N-SET of one step that are kept; a scanner sends some dozens."""
MOST_CHARACTERS = 8 * 2**20
"""Of these messages, as they are kept."""

_EVENTS = {
    StepState.IN_PROGRESS: MppsStarted,
    StepState.COMPLETED: MppsCompleted,
    StepState.DISCONTINUED: MppsDiscontinued,
}


class PerformedSteps:
    """Creates and changes steps for peers; safe to share between threads. Answered means committed."""

    def __init__(self, database: Database, clock: Clock, gate: AccessGate) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate

    def create(self, sender: Actor, sop_instance_uid: str, attributes: Dataset) -> str:
        """Take an N-CREATE; returns the UID, a fresh one where none was given. Raises StepRefused, Forbidden."""
        given = sop_instance_uid.strip()
        if given and uid(given) is None:
            raise StepRefused(INVALID_OBJECT_INSTANCE, "The SOP Instance UID is no UID.")
        step_uid = given or new_uid()
        self._require(sender, step_uid)
        step = performed.create(attributes)
        with self._database.write() as session:
            if session.get(PerformedStepRow, (sender.site_code, step_uid)) is not None:
                raise StepRefused(DUPLICATE_SOP_INSTANCE, "There is a step with this UID.")
            now = self._clock.now()
            row = PerformedStepRow(
                sop_instance_uid=step_uid,
                site_code=sender.site_code,
                ae_title=sender.name,
                created_at=now,
            )
            session.add(row)
            self._keep(session, row, step, sender=sender, message="N-CREATE", said=attributes, at=now, told=True)
        return step_uid

    def change(self, sender: Actor, sop_instance_uid: str, changes: Dataset) -> None:
        """Take an N-SET. Raises StepRefused, Forbidden; another site's step is as if it were not there.

        What is kept of one step is bounded by MOST_MESSAGES and MOST_CHARACTERS; its end is taken all the same.
        """
        step_uid = sop_instance_uid.strip()
        self._require(sender, step_uid)
        with self._database.write() as session:
            found = select(PerformedStepRow).filter_by(sop_instance_uid=step_uid, site_code=sender.site_code)
            row = session.scalar(found.with_for_update())
            if row is None:
                raise StepRefused(NO_SUCH_SOP_INSTANCE, "There is no such step.")
            before = Performed(StepState(row.state), Dataset.from_json(row.attributes))
            step = performed.change(before, changes)
            told = step.state is not before.state
            if not told:
                _check_room(session, row)
            now = self._clock.now()
            self._keep(session, row, step, sender=sender, message="N-SET", said=changes, at=now, told=told)

    def step(self, site_code: str, sop_instance_uid: str) -> Performed | None:
        """A site's step as it stands; asks no access rule."""
        with self._database.read() as session:
            row = session.get(PerformedStepRow, (site_code, sop_instance_uid))
            return Performed(StepState(row.state), Dataset.from_json(row.attributes)) if row else None

    def _keep(
        self,
        session: Session,
        row: PerformedStepRow,
        step: Performed,
        *,
        sender: Actor,
        message: str,
        said: Dataset,
        at: datetime,
        told: bool,
    ) -> None:
        row.state, row.changed_at = step.state.value, at
        row.study_uid = next(iter(step.study_uids), "")
        row.accession_number = step.accession_number[:64]
        row.patient_id = str(step.attributes.get("PatientID") or "")[:128]
        row.attributes = step.attributes.to_json()
        session.add(
            PerformedStepMessageRow(
                site_code=row.site_code,
                sop_instance_uid=row.sop_instance_uid,
                message=message,
                at=at,
                actor=sender.login,
                to_state=row.state,
                attributes=said.to_json(),
            )
        )
        if told:
            event = _EVENTS[step.state](
                step_uid=row.sop_instance_uid,
                site_code=row.site_code,
                study_uid=row.study_uid,
                accession_number=row.accession_number,
                instances=len(step.instances),
            )
            publish(session, event, at=at, actor=sender.login)
        if step.state is StepState.COMPLETED and step.instances and len(step.study_uids) == 1:
            expect(
                session,
                study_uid=row.study_uid,
                site_code=row.site_code,
                source=f"mpps:{row.sop_instance_uid}",
                instances=dict.fromkeys(step.instances),
                at=at,
                actor=sender.login,
            )
        entry = audit_entry(
            sender,
            Action.PROCEDURE_REPORT,
            _resource(row.site_code, row.sop_instance_uid, row.study_uid),
            clock=self._clock,
            outcome="done",
            reason=f"{message}: {row.state}",
        )
        record(session, [entry])

    def _require(self, sender: Actor, step_uid: str) -> None:
        self._gate.require(sender, Action.PROCEDURE_REPORT, _resource(sender.site_code, step_uid, None))


def _check_room(session: Session, row: PerformedStepRow) -> None:
    """Raise StepRefused where a step has said as much as is kept; only the message that ends it is taken then."""
    kept = select(func.count(), func.coalesce(func.sum(func.length(PerformedStepMessageRow.attributes)), 0))
    of_step = kept.filter_by(site_code=row.site_code, sop_instance_uid=row.sop_instance_uid)
    count, characters = session.execute(of_step).one()
    if count >= MOST_MESSAGES or characters >= MOST_CHARACTERS:
        raise StepRefused(RESOURCE_LIMITATION, "Too many changes of one step; only its end is taken.")


def _resource(site_code: str, step_uid: str, study_uid: str | None) -> Resource:
    return Resource(label=f"performed-step/{step_uid}", site_code=site_code, study_uid=study_uid or None)
