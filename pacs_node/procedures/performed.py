"""The life of a Modality Performed Procedure Step (PS3.4 section F.7), pure.

A step is created IN PROGRESS and ends COMPLETED or DISCONTINUED; an ended one takes no more changes. Attributes are
pydicom data sets; no function here changes the ones that it is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum

from pydicom.dataset import Dataset

from pacs_node.procedures.dimse import (
    INVALID_ATTRIBUTE_VALUE,
    MISSING_ATTRIBUTE,
    MISSING_ATTRIBUTE_VALUE,
    PROCESSING_FAILURE,
)

NO_LONGER_UPDATED = 0xA710
"""ErrorID: Performed Procedure Step Object may no longer be updated (PS3.4 table F.7.2-2)."""
STATUS = "PerformedProcedureStepStatus"
SERIES = "PerformedSeriesSequence"
SCHEDULED = "ScheduledStepAttributesSequence"


class StepState(StrEnum):
    """PerformedProcedureStepStatus (0040,0252)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


# What an N-SET may say in each state.
TRANSITIONS: Mapping[StepState, frozenset[StepState]] = {
    StepState.IN_PROGRESS: frozenset(StepState),
    StepState.COMPLETED: frozenset(),
    StepState.DISCONTINUED: frozenset(),
}

# Attributes of type 1 for the SCU (table F.7.2-1); those of type 2 that are absent count as empty.
_NEEDED_AT_CREATION = (
    SCHEDULED,
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    STATUS,
    "Modality",
)
_NEEDED_AT_THE_END = ("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime")
# Said once, at creation: an N-SET may repeat them but not change them.
_FIXED = (
    SCHEDULED,
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "Modality",
)


class StepRefused(Exception):
    """Why an N-CREATE or N-SET is not taken: the status, the words, and the ErrorID where there is one."""

    def __init__(self, status: int, comment: str, error_id: int | None = None) -> None:
        super().__init__(comment)
        self.status = status
        self.comment = comment
        self.error_id = error_id


@dataclass(frozen=True, slots=True)
class Performed:
    """A step as it stands."""

    state: StepState
    attributes: Dataset

    @property
    def study_uids(self) -> list[str]:
        """StudyInstanceUID of each scheduled step that it performs."""
        return list(dict.fromkeys(_texts(self.attributes, "StudyInstanceUID")))

    @property
    def accession_number(self) -> str:
        """Of the first scheduled step that has one."""
        return next(iter(_texts(self.attributes, "AccessionNumber")), "")

    @property
    def instances(self) -> list[str]:
        """SOP Instance UIDs of everything that the performed series refer to."""
        found: dict[str, None] = {}
        for series in self.attributes.get(SERIES) or ():
            for keyword in ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence"):
                for reference in series.get(keyword) or ():
                    if uid := str(reference.get("ReferencedSOPInstanceUID") or ""):
                        found[uid] = None
        return list(found)


def create(attributes: Dataset) -> Performed:
    """What an N-CREATE makes. Raises StepRefused: 0120, 0121, 0106."""
    _need(attributes, _NEEDED_AT_CREATION)
    for item in attributes.get(SCHEDULED):
        _need(item, ("StudyInstanceUID",))
    state = _state(attributes)
    if state is not StepState.IN_PROGRESS:
        raise StepRefused(INVALID_ATTRIBUTE_VALUE, "A step is created IN PROGRESS.")
    return Performed(state, deepcopy(attributes))


def change(step: Performed, changes: Dataset) -> Performed:
    """What an N-SET makes of a step. Raises StepRefused: 0110 with A710 once it has ended, 0106, 0120, 0121."""
    if not TRANSITIONS[step.state]:
        comment = f"The step is {step.state} and may no longer be updated."
        raise StepRefused(PROCESSING_FAILURE, comment, NO_LONGER_UPDATED)
    for keyword in _FIXED:
        # Empty and absent are one for what may be empty (type 2, PS3.4 table F.7.2-1).
        if keyword in changes and (changes[keyword].value or None) != (step.attributes.get(keyword) or None):
            raise StepRefused(INVALID_ATTRIBUTE_VALUE, f"{keyword} can't be changed.")
    attributes = deepcopy(step.attributes)
    attributes.update(deepcopy(changes))
    state = _state(attributes)
    if state is not StepState.IN_PROGRESS:
        _need(attributes, _NEEDED_AT_THE_END)
    if state is StepState.COMPLETED:
        _need(attributes, (SERIES,))
    return Performed(state, attributes)


def _state(attributes: Dataset) -> StepState:
    value = str(attributes.get(STATUS) or "")
    try:
        return StepState(value)
    except ValueError:
        raise StepRefused(INVALID_ATTRIBUTE_VALUE, f"{STATUS} can't be {value!r}.") from None


def _need(attributes: Dataset, keywords: tuple[str, ...]) -> None:
    for keyword in keywords:
        if keyword not in attributes:
            raise StepRefused(MISSING_ATTRIBUTE, f"{keyword} is missing.")
    for keyword in keywords:
        value = attributes.get(keyword)
        if value is None or len(str(value).strip()) == 0 or (attributes[keyword].VR == "SQ" and len(value) == 0):
            raise StepRefused(MISSING_ATTRIBUTE_VALUE, f"{keyword} has no value.")


def _texts(attributes: Dataset, keyword: str) -> Iterator[str]:
    for item in attributes.get(SCHEDULED) or ():
        if text := str(item.get(keyword) or "").strip():
            yield text
