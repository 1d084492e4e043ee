"""What the worklist does when the DICOM node tells of images."""

from __future__ import annotations

from sqlalchemy.orm import Session

from pacs_node.events import InstancesStored, StudyArrived, StudyGrew
from shared_kernel.events.dispatcher import Subscriber
from shared_kernel.events.event import Envelope
from worklist.clinical_days import ClinicalCalendar
from worklist.intake import Intake
from worklist.ports import CalendarOf, Studies


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
        intake.study_grew(session, event.study_uid, at=envelope.occurred_at, actor=envelope.actor)

    return [
        Subscriber(
            "worklist.intake",
            {
                InstancesStored: on_instances_stored,
                StudyArrived: on_study_arrived,
                StudyGrew: on_study_grew,
            },
        )
    ]
