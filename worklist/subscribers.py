"""What the worklist does when the DICOM node tells of images."""

from __future__ import annotations

from sqlalchemy.orm import Session

from pacs_node.events import (
    InstanceReplaced,
    InstancesStored,
    MppsCompleted,
    MppsDiscontinued,
    MppsStarted,
    PatientCorrected,
    PatientMatched,
    PatientReopened,
    PatientSeparated,
    StudyArrived,
    StudyGrew,
    StudyTextsRead,
)
from shared_kernel.events.dispatcher import Handler, Subscriber
from shared_kernel.events.event import Envelope
from worklist.clinical_days import ClinicalCalendar
from worklist.intake import Intake
from worklist.ports import CalendarOf, Studies
from worklist.requests.arrivals import step_performed

_StudyEvent = PatientMatched | PatientCorrected | PatientSeparated | PatientReopened | StudyTextsRead
_ABOUT_PATIENT_OR_TEXTS: tuple[type[_StudyEvent], ...] = (
    PatientMatched,
    PatientCorrected,
    PatientSeparated,
    PatientReopened,
    StudyTextsRead,
)


def subscribers(
    studies: Studies, *, calendar_of: CalendarOf = lambda _site_code: ClinicalCalendar()
) -> list[Subscriber]:
    """The worklist's subscriptions, for the dispatcher."""
    intake = Intake(studies, calendar_of)

    def on_instances_stored(session: Session, envelope: Envelope) -> None:
        event = envelope.open(InstancesStored)
        intake.images_came(session, event.study_uid, at=envelope.occurred_at, actor=envelope.actor)

    def on_study_arrived(session: Session, envelope: Envelope) -> None:
        event = envelope.open(StudyArrived)
        intake.study_arrived(session, event.study_uid, at=envelope.occurred_at, actor=envelope.actor)

    def on_study_grew(session: Session, envelope: Envelope) -> None:
        event = envelope.open(StudyGrew)
        intake.study_changed(session, event.study_uid, at=envelope.occurred_at, actor=envelope.actor)

    def on_instance_replaced(session: Session, envelope: Envelope) -> None:
        event = envelope.open(InstanceReplaced)
        intake.image_replaced(
            session,
            event.study_uid,
            event.sop_instance_uid,
            event.version,
            at=envelope.occurred_at,
            actor=envelope.actor,
        )

    def told_anew(kind: type[_StudyEvent]) -> Handler:
        def on_change(session: Session, envelope: Envelope) -> None:
            event = envelope.open(kind)
            intake.study_changed(session, event.study_uid, at=envelope.occurred_at, actor=envelope.actor)

        return on_change

    def on_step(kind: type[MppsStarted] | type[MppsCompleted] | type[MppsDiscontinued], state: str) -> Handler:
        def tell(session: Session, envelope: Envelope) -> None:
            event = envelope.open(kind)
            step_performed(
                session,
                site_code=event.site_code,
                study_uid=event.study_uid,
                accession_number=event.accession_number,
                state=state,
            )

        return tell

    return [
        Subscriber(
            "worklist.performed",
            {
                MppsStarted: on_step(MppsStarted, "IN PROGRESS"),
                MppsCompleted: on_step(MppsCompleted, "COMPLETED"),
                MppsDiscontinued: on_step(MppsDiscontinued, "DISCONTINUED"),
            },
        ),
        Subscriber(
            "worklist.intake",
            {
                InstancesStored: on_instances_stored,
                StudyArrived: on_study_arrived,
                StudyGrew: on_study_grew,
                InstanceReplaced: on_instance_replaced,
            },
        ),
        Subscriber("worklist.patients", {kind: told_anew(kind) for kind in _ABOUT_PATIENT_OR_TEXTS}),
    ]
