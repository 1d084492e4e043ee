"""Proves worklist matching: every kind of key of PS3.4 table K.6-1, against items as they are sent."""

from __future__ import annotations

import fnmatch
from dataclasses import replace
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.config import IGNORE
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pacs_node.model import Patient, PersonName
from pacs_node.procedures.item import worklist_item
from pacs_node.procedures.matching import answered, check, glob, matches, unmatched, wanted
from pacs_node.procedures.ports import ScheduledProcedure
from shared_kernel.errors import InvalidInput

HANAKO = Patient(
    issuer="CLINIC",
    patient_id="P-9",
    name=PersonName(alphabetic="TAKAHASHI HANAKO", ideographic="髙橋 花子", phonetic="タカハシ ハナコ"),
    birth_date=date(1970, 3, 3),
    sex="F",
)
PLANNED = ScheduledProcedure(
    site_code="CLINIC",
    patient=HANAKO,
    study_uid="2.25.7",
    accession_number="R2603280001",
    modality="CT",
    scheduled_date=date(2026, 3, 28),
    scheduled_time=time(14, 30),
    station_ae_title="CLINIC_CT",
    procedure_description="胸部単純CT",
    requesting_doctor="湊 一朗",
    reason="咳嗽が続く\n血痰",
    clinical_history="喫煙歴",
    priority="HIGH",
)


def keys(step: dict[str, str] | None = None, **top: str) -> Dataset:
    """An identifier; `step` are keys of the scheduled procedure step."""
    ds, inside = Dataset(), Dataset()
    for target, values in ((ds, top), (inside, step or {})):
        for keyword, value in values.items():
            target.add(DataElement(keyword, dictionary_VR(keyword), value, validation_mode=IGNORE))
    ds.ScheduledProcedureStepSequence = [inside] if step is not None else []
    return ds


def found(asked: Dataset, planned: ScheduledProcedure = PLANNED) -> bool:
    check(asked)
    return matches(
        asked,
        worklist_item(planned, asking="ASKING"),
        any_station=not planned.station_ae_title,
        any_time=planned.scheduled_time is None,
    )


@pytest.mark.parametrize(
    "asked",
    [
        keys(),
        keys({}),
        keys(PatientName="", PatientID=""),
        keys(PatientName="*"),
        keys(PatientName="TAKAHASHI^HANAKO"),
        keys(PatientName="takahashi*"),
        keys(PatientName="TAKA?ASHI^*"),
        keys(PatientName="髙橋^花子"),
        keys(PatientName="高橋*"),
        keys(PatientName="たかはし*"),
        keys(PatientName="ﾀｶﾊｼ*"),
        keys(PatientName="TAKAHASHI*=髙橋*"),
        keys(PatientID="P-9"),
        keys(PatientID="P-*"),
        keys(PatientBirthDate="19700303"),
        keys(AccessionNumber="R2603280001"),
        keys(RequestedProcedureID="R26032800??"),
        keys(StudyInstanceUID="1.2\\2.25.7"),
        keys({"ScheduledStationAETitle": "CLINIC_CT"}),
        keys({"ScheduledStationAETitle": "OTHER\\CLINIC_CT"}),
        keys({"Modality": "CT"}),
        keys({"ScheduledProcedureStepStartDate": "20260328"}),
        keys({"ScheduledProcedureStepStartDate": "20260301-"}),
        keys({"ScheduledProcedureStepStartDate": "-20260328"}),
        keys({"ScheduledProcedureStepStartDate": "20260328-20260328", "ScheduledProcedureStepStartTime": "14-15"}),
        # One range from moment to moment: the 27th at 18:00 to the 29th at 09:00.
        keys({"ScheduledProcedureStepStartDate": "20260327-20260329", "ScheduledProcedureStepStartTime": "18-09"}),
        keys({"ScheduledProcedureStepStartTime": "1430"}),
        keys({"ScheduledStationAETitle": "CLINIC_CT", "Modality": "CT"}, PatientSex="F"),
        keys(PatientWeight="70"),  # not matched, but not a reason to hide the item either
    ],
)
def test_what_finds_the_item(asked: Dataset) -> None:
    assert found(asked)


@pytest.mark.parametrize(
    "asked",
    [
        keys(PatientName="TAKAHASHI"),
        keys(PatientName="佐藤*"),
        keys(PatientName="TAKAHASHI*=佐藤*"),
        keys(PatientID="P-90"),
        keys(PatientID="p-9"),
        keys(PatientBirthDate="19700304-"),
        keys(AccessionNumber="R"),
        keys(StudyInstanceUID="2.25.70"),
        keys(PatientSex="M"),
        keys({"ScheduledStationAETitle": "OTHER"}),
        keys({"Modality": "MR"}),
        keys({"ScheduledProcedureStepStartDate": "20260329"}),
        keys({"ScheduledProcedureStepStartTime": "15-"}),
        keys({"ScheduledProcedureStepStartDate": "20260328", "ScheduledProcedureStepStartTime": "-1429"}),
        keys({"Modality": "CT", "ScheduledProcedureStepStatus": "ARRIVED"}),
    ],
)
def test_what_does_not_find_it(asked: Dataset) -> None:
    assert not found(asked)


def test_an_examination_without_a_scanner_or_a_time_is_found_by_every_one() -> None:
    free = replace(PLANNED, station_ae_title="", scheduled_time=None)
    assert found(keys({"ScheduledStationAETitle": "ANY", "ScheduledProcedureStepStartTime": "20-22"}), free)
    assert not found(keys({"ScheduledProcedureStepStartDate": "20260329"}), free)
    step = worklist_item(free, asking="ANY").ScheduledProcedureStepSequence[0]
    assert (step.ScheduledStationAETitle, step.ScheduledProcedureStepStartTime) == ("ANY", "000000")


@pytest.mark.parametrize(
    "asked",
    [
        keys({"ScheduledProcedureStepStartDate": "tomorrow"}),
        keys({"ScheduledProcedureStepStartDate": "20260231"}),
        keys({"ScheduledProcedureStepStartTime": "25"}),
        keys(PatientBirthDate="1"),
        keys(PatientName="x" * 2000),
    ],
)
def test_a_malformed_key_is_refused(asked: Dataset) -> None:
    with pytest.raises(InvalidInput):
        check(asked)


def test_two_items_in_a_key_are_refused() -> None:
    asked = Dataset()
    asked.ScheduledProcedureStepSequence = [Dataset(), Dataset()]
    with pytest.raises(InvalidInput):
        check(asked)


def test_only_what_is_asked_for_goes_back_and_a_whole_sequence_if_nothing_in_it_is() -> None:
    item = worklist_item(PLANNED, asking="X")
    answer = answered(keys({"Modality": ""}, PatientName="", PatientWeight="", SpecificCharacterSet="ISO_IR 192"), item)
    assert [element.keyword for element in answer] == [
        "PatientName",
        "PatientWeight",
        "ScheduledProcedureStepSequence",
    ]
    assert str(answer.PatientName) == "TAKAHASHI^HANAKO=髙橋^花子=タカハシ^ハナコ"
    assert [element.keyword for element in answer.ScheduledProcedureStepSequence[0]] == ["Modality"]
    whole = answered(keys(), item)
    assert whole.ScheduledProcedureStepSequence[0] == item.ScheduledProcedureStepSequence[0]


def test_an_attribute_that_nobody_has_goes_back_empty() -> None:
    asked = keys(InstitutionName="")
    asked.ReferencedPatientSequence = Sequence()
    answer = answered(asked, worklist_item(PLANNED, asking="X"))
    assert not answer["InstitutionName"].value
    assert len(answer.ReferencedPatientSequence) == 0


def test_keys_that_are_not_matched_are_named() -> None:
    assert unmatched(keys({"ScheduledStationName": "CT1", "Modality": "CT"}, PatientWeight="7", PatientID="1")) == [
        "PatientWeight",
        "ScheduledStationName",
    ]
    assert unmatched(keys({"ScheduledStationName": "*"}, PatientWeight="")) == []


def test_every_attribute_of_type_1_and_2_is_there() -> None:
    """PS3.4 table K.6-1, return keys of types 1 and 2 (1C: description stands for the code sequence)."""
    item = worklist_item(replace(PLANNED, procedure_description=""), asking="X")
    [step] = item.ScheduledProcedureStepSequence
    for keyword in (
        "ScheduledStationAETitle",
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "Modality",
        "ScheduledProcedureStepDescription",
        "ScheduledProcedureStepID",
    ):
        assert step[keyword].value
    for keyword in ("ScheduledPerformingPhysicianName", "ScheduledStationName", "ScheduledProcedureStepLocation"):
        assert keyword in step
    for keyword in ("RequestedProcedureID", "RequestedProcedureDescription", "StudyInstanceUID", "PatientName"):
        assert item[keyword].value
    for keyword in (
        "ReferencedStudySequence",
        "RequestedProcedurePriority",
        "PatientTransportArrangements",
        "AccessionNumber",
        "RequestingPhysician",
        "ReferringPhysicianName",
        "AdmissionID",
        "CurrentPatientLocation",
        "ReferencedPatientSequence",
        "PatientID",
        "PatientBirthDate",
        "PatientSex",
        "PatientWeight",
        "ConfidentialityConstraintOnPatientDataDescription",
        "PatientState",
        "PregnancyStatus",
        "MedicalAlerts",
        "Allergies",
        "SpecialNeeds",
    ):
        assert keyword in item


def test_what_columns_can_say_is_said() -> None:
    asked = keys({"Modality": "CT", "ScheduledProcedureStepStartDate": "20260301-"}, PatientID="P-9", PatientName="A*")
    hint = wanted(asked, "CLINIC")
    assert (hint.modality, hint.first_day, hint.last_day, hint.patient_id) == ("CT", date(2026, 3, 1), None, "P-9")
    assert wanted(keys({"Modality": "C*"}, PatientID="P*"), "CLINIC").patient_id == ""


letters = st.text(st.sampled_from("ab髙?*"), max_size=8)


@given(pattern=letters, text=st.text(st.sampled_from("ab髙"), max_size=8))
def test_wildcards_match_as_a_shell_s_do(pattern: str, text: str) -> None:
    assert glob(pattern, text) == fnmatch.fnmatchcase(text, pattern)


values = st.text(max_size=12)


@given(name=values, patient_id=values, station=values, dates=values, times=values)
def test_no_key_makes_matching_fail(name: str, patient_id: str, station: str, dates: str, times: str) -> None:
    asked = keys(
        {
            "ScheduledStationAETitle": station,
            "ScheduledProcedureStepStartDate": dates,
            "ScheduledProcedureStepStartTime": times,
        },
        PatientName=name,
        PatientID=patient_id,
    )
    try:
        check(asked)
    except InvalidInput:
        return
    wanted(asked, "CLINIC")
    matches(asked, worklist_item(PLANNED, asking="X"))
