"""Proves the life of a performed procedure step: its transitions, what must be said when, and that ends are final."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from pacs_node.procedures.performed import Performed, StepRefused, StepState, change, create

pytestmark = pytest.mark.both_databases


def scheduled(study: str = "2.25.7", accession: str = "R1") -> Dataset:
    item = Dataset()
    item.StudyInstanceUID, item.AccessionNumber = study, accession
    return item


def creation(**changes: object) -> Dataset:
    """The attributes of an N-CREATE; None takes one out."""
    ds = Dataset()
    ds.ScheduledStepAttributesSequence = [scheduled()]
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Yamada^Taro", "P-1", "", "M"
    ds.PerformedProcedureStepID, ds.PerformedStationAETitle = "PPS1", "CLINIC_CT"
    ds.PerformedProcedureStepStartDate, ds.PerformedProcedureStepStartTime = "20260328", "100000"
    ds.PerformedProcedureStepStatus, ds.Modality = "IN PROGRESS", "CT"
    for keyword, value in changes.items():
        if value is None:
            delattr(ds, keyword)
        else:
            setattr(ds, keyword, value)
    return ds


def ending(state: str = "COMPLETED", *instances: str) -> Dataset:
    """The attributes of a last N-SET."""
    ds = Dataset()
    ds.PerformedProcedureStepStatus = state
    ds.PerformedProcedureStepEndDate, ds.PerformedProcedureStepEndTime = "20260328", "101500"
    series = Dataset()
    series.SeriesInstanceUID = "2.25.8"
    series.ReferencedImageSequence = []
    for instance in instances:
        reference = Dataset()
        reference.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
        reference.ReferencedSOPInstanceUID = instance
        series.ReferencedImageSequence.append(reference)
    ds.PerformedSeriesSequence = [series]
    return ds


def refusal(step: Performed | None, said: Dataset) -> StepRefused:
    with pytest.raises(StepRefused) as refused:
        create(said) if step is None else change(step, said)
    return refused.value


def test_a_step_begins_and_ends() -> None:
    begun = create(creation())
    assert (begun.state, begun.study_uids, begun.accession_number) == (StepState.IN_PROGRESS, ["2.25.7"], "R1")
    done = change(begun, ending("COMPLETED", "1.1", "1.2", "1.1"))
    assert (done.state, done.instances) == (StepState.COMPLETED, ["1.1", "1.2"])
    assert begun.state is StepState.IN_PROGRESS  # nothing given is changed
    assert done.attributes.PatientID == "P-1"


@pytest.mark.parametrize("state", ["COMPLETED", "DISCONTINUED"])
def test_an_ended_step_takes_no_change(state: str) -> None:
    ended = change(create(creation()), ending(state))
    refused = refusal(ended, ending("IN PROGRESS"))
    assert (refused.status, refused.error_id) == (0x0110, 0xA710)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (creation(PerformedProcedureStepStatus="COMPLETED"), 0x0106),
        (creation(PerformedProcedureStepStatus="DONE"), 0x0106),
        (creation(PerformedProcedureStepStatus=None), 0x0120),
        (creation(ScheduledStepAttributesSequence=None), 0x0120),
        (creation(ScheduledStepAttributesSequence=[]), 0x0121),
        (creation(ScheduledStepAttributesSequence=[Dataset()]), 0x0120),
        (creation(ScheduledStepAttributesSequence=[scheduled(study="")]), 0x0121),
        (creation(PerformedProcedureStepID=""), 0x0121),
        (creation(PerformedProcedureStepStartDate=None), 0x0120),
        (creation(Modality=None), 0x0120),
    ],
)
def test_what_is_no_creation(said: Dataset, status: int) -> None:
    assert refusal(None, said).status == status


def test_a_step_ends_only_with_what_the_end_needs() -> None:
    begun = create(creation())
    without_time = ending()
    del without_time.PerformedProcedureStepEndTime
    assert refusal(begun, without_time).status == 0x0120
    without_series = ending()
    without_series.PerformedSeriesSequence = []
    assert refusal(begun, without_series).status == 0x0121
    without_series.PerformedProcedureStepStatus = "DISCONTINUED"
    assert change(begun, without_series).state is StepState.DISCONTINUED


def test_the_series_may_come_before_the_end() -> None:
    going_on = change(create(creation()), ending("IN PROGRESS", "1.1"))
    last = Dataset()
    last.PerformedProcedureStepStatus = "COMPLETED"
    assert change(going_on, last).instances == ["1.1"]


def test_what_was_absent_may_come_empty() -> None:
    begun = create(creation(PatientBirthDate=None, PatientSex=None))
    repeated = Dataset()
    repeated.PatientBirthDate, repeated.PatientSex, repeated.ReferencedPatientSequence = "", "", []
    assert change(begun, repeated).state is StepState.IN_PROGRESS


def test_the_patient_of_a_step_can_be_repeated_but_not_changed() -> None:
    begun = create(creation())
    same = Dataset()
    same.PatientID, same.PatientName = "P-1", "Yamada^Taro"
    assert change(begun, same).state is StepState.IN_PROGRESS
    other = Dataset()
    other.PatientID = "P-2"
    assert refusal(begun, other).status == 0x0106


@given(st.lists(st.sampled_from(["IN PROGRESS", "COMPLETED", "DISCONTINUED", "", "X"]), max_size=8))
def test_whatever_is_said_a_step_ends_once_and_stays_ended(said: list[str]) -> None:
    step = create(creation())
    ended: StepState | None = None
    for word in said:
        known = word in set(StepState)
        if ended or not known:
            assert refusal(step, ending(word, "1.1")).status == (0x0110 if ended else 0x0106)
        else:
            step = change(step, ending(word, "1.1"))
            assert step.state == word
        if step.state is not StepState.IN_PROGRESS:
            ended = ended or step.state
        assert ended is None or step.state is ended
