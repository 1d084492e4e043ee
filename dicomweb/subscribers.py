"""What DICOMweb does when the DICOM node tells of images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from pacs_node.events import InstanceReplaced, StudyArrived, StudyGrew
from shared_kernel.events.event import Envelope
from shared_kernel.events.subscriber import Subscriber, Together

_Told = StudyArrived | StudyGrew | InstanceReplaced
_KINDS: tuple[type[_Told], ...] = (StudyArrived, StudyGrew, InstanceReplaced)


def subscribers(make_metadata: Callable[[str], None]) -> list[Subscriber]:
    """DICOMweb's subscriptions; `make_metadata` takes the UID of a study that is complete, and waits for nothing."""
    by_name = {kind.name(): kind for kind in _KINDS}

    def take_in(_session: Session, envelopes: Sequence[Envelope]) -> None:
        for envelope in envelopes:
            make_metadata(envelope.open(by_name[envelope.name]).study_uid)

    return [Subscriber("dicomweb.metadata", Together(_KINDS, take_in), from_the_beginning=False)]
