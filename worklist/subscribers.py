"""What the worklist does when the DICOM node tells of images."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

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
from shared_kernel.events.event import Envelope
from shared_kernel.events.subscriber import Subscriber, Together
from worklist.clinical_days import ClinicalCalendar
from worklist.intake import Intake
from worklist.ports import CalendarOf, Studies
from worklist.requests.arrivals import PerformedStep, steps_performed

_ImageEvent = InstancesStored | StudyArrived | StudyGrew | InstanceReplaced
_StudyEvent = PatientMatched | PatientCorrected | PatientSeparated | PatientReopened | StudyTextsRead
_ABOUT_IMAGES: tuple[type[_ImageEvent], ...] = (InstancesStored, StudyArrived, StudyGrew, InstanceReplaced)
_ABOUT_PATIENT_OR_TEXTS: tuple[type[_StudyEvent], ...] = (
    PatientMatched,
    PatientCorrected,
    PatientSeparated,
    PatientReopened,
    StudyTextsRead,
)
_STEP_STATES: dict[type[MppsStarted | MppsCompleted | MppsDiscontinued], str] = {
    MppsStarted: "IN PROGRESS",
    MppsCompleted: "COMPLETED",
    MppsDiscontinued: "DISCONTINUED",
}


def subscribers(
    studies: Studies, *, calendar_of: CalendarOf = lambda _site_code: ClinicalCalendar()
) -> list[Subscriber]:
    """The worklist's subscriptions, for the dispatcher."""

    def told_of(kinds: Collection[type[_ImageEvent | _StudyEvent]]) -> Together:
        by_name = {kind.name(): kind for kind in kinds}

        def take_in(session: Session, envelopes: Sequence[Envelope]) -> None:
            events = [envelope.open(by_name[envelope.name]) for envelope in envelopes]
            intake = Intake(session, studies, calendar_of, {event.study_uid for event in events})
            for event, envelope in zip(events, envelopes, strict=True):
                _tell(intake, event, at=envelope.occurred_at, actor=envelope.actor)

        return Together(kinds, take_in)

    return [
        Subscriber("worklist.performed", Together(tuple(_STEP_STATES), _steps)),
        Subscriber("worklist.intake", told_of(_ABOUT_IMAGES)),
        Subscriber("worklist.patients", told_of(_ABOUT_PATIENT_OR_TEXTS)),
    ]


def _steps(session: Session, envelopes: Sequence[Envelope]) -> None:
    kinds = {kind.name(): kind for kind in _STEP_STATES}
    told = []
    for envelope in envelopes:
        kind = kinds[envelope.name]
        event = envelope.open(kind)
        told.append(PerformedStep(event.site_code, event.study_uid, event.accession_number, _STEP_STATES[kind]))
    steps_performed(session, told)


def _tell(intake: Intake, event: _ImageEvent | _StudyEvent, *, at: datetime, actor: str) -> None:
    match event:
        case InstancesStored():
            intake.images_came(event.study_uid, at=at, actor=actor)
        case StudyArrived():
            intake.study_arrived(event.study_uid, at=at, actor=actor)
        case InstanceReplaced():
            intake.image_replaced(event.study_uid, event.sop_instance_uid, event.version, at=at, actor=actor)
        case _:
            intake.study_changed(event.study_uid, at=at, actor=actor)
