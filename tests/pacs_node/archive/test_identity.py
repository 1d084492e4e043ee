"""Proves that no later image changes whose study it is, and that one which names somebody else leaves a mark."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from pacs_node.archive.search import Level, Query, search
from pacs_node.model import Patient, PersonName, StudySummary
from tests.pacs_node.conftest import Hub
from tests.support.objects import ct

STUDY = "1.2.826.7"
FIRST = Patient(
    issuer="CLINIC",
    patient_id="P-1",
    name=PersonName(alphabetic="Yamada Taro", ideographic="山田 太郎", phonetic="やまだ たろう"),
    birth_date=date(1970, 1, 2),
    sex="M",
)
NOBODY: dict[str, Any] = {"PatientID": "", "PatientName": "", "PatientBirthDate": "", "PatientSex": ""}


def after(hub: Hub, *images: dict[str, Any]) -> StudySummary:
    """The study when these images of it have come one by one."""
    for image in images:
        hub.store(ct(StudyInstanceUID=STUDY, **image).file)
    study = hub.catalogue.study(STUDY)
    assert study is not None
    assert study.instance_count == len(images)
    return study


@pytest.mark.parametrize(
    "later",
    [
        {"PatientID": "", "PatientName": "Sato^Jiro=佐藤^次郎"},
        {"PatientName": "Sato^Jiro=佐藤^次郎"},
        {"PatientName": "=山田^次郎"},
        {"PatientID": "P-2"},
        {"PatientID": "P-2", "PatientName": "Sato^Jiro", "PatientBirthDate": "19800101", "PatientSex": "F"},
        {"PatientBirthDate": "19700103"},
        {"PatientSex": "F"},
        {"PatientID": "", "PatientSex": "F"},
    ],
)
def test_an_image_of_somebody_else_marks_the_study_and_changes_nothing(hub: Hub, later: dict[str, Any]) -> None:
    study = after(hub, {}, {**later, "AccessionNumber": "A9", "StudyDescription": "another"})
    assert study.identity_conflict
    assert FIRST == study.patient
    assert ("A1", "頭部単純ＣＴ") == (study.accession_number, study.study_description)
    assert {"P-1": 1, "P-2": 0} == {patient: _found(hub, patient) for patient in ("P-1", "P-2")}


def test_the_mark_stays_when_consistent_images_follow(hub: Hub) -> None:
    study = after(hub, {}, {"PatientName": "Sato^Jiro"}, {}, {"StudyDescription": "later"})
    assert study.identity_conflict
    assert FIRST == study.patient
    assert study.study_description == "later"


@pytest.mark.parametrize(
    "later",
    [
        {},
        NOBODY,
        {"PatientID": ""},
        {"PatientName": "YAMADA TARO"},
        {"PatientName": "Yamada^Taro"},
        {"PatientName": "==ﾔﾏﾀﾞ^ﾀﾛｳ"},
        {"PatientSex": "U"},
    ],
)
def test_the_same_person_written_otherwise_is_no_conflict(hub: Hub, later: dict[str, Any]) -> None:
    study = after(hub, {}, later)
    assert not study.identity_conflict
    assert FIRST == study.patient


@pytest.mark.parametrize("known", ["Yamada^Taro", "=山田^太郎", "==やまだ^たろう"])
def test_groups_that_come_later_are_added(hub: Hub, known: str) -> None:
    study = after(hub, {"PatientName": known, "PatientBirthDate": "", "PatientSex": "U"}, {})
    assert not study.identity_conflict
    assert FIRST == study.patient
    assert _found(hub, "P-1", PatientName="山田*") == _found(hub, "P-1", PatientName="yamada*") == 1


def test_an_image_without_an_id_adds_nothing_to_a_study_that_has_one(hub: Hub) -> None:
    study = after(hub, {**NOBODY, "PatientID": "P-1"}, {"PatientID": ""})
    assert not study.identity_conflict
    assert Patient(issuer="CLINIC", patient_id="P-1", name=PersonName()) == study.patient


def test_an_id_that_comes_later_is_taken_if_the_rest_agrees(hub: Hub) -> None:
    study = after(hub, {"PatientID": ""}, {})
    assert not study.identity_conflict
    assert FIRST == study.patient


def test_an_id_that_comes_with_another_name_is_not_taken(hub: Hub) -> None:
    study = after(hub, {"PatientID": ""}, {"PatientName": "Sato^Jiro"}, {"PatientID": ""})
    assert study.identity_conflict
    assert ("", FIRST.name) == (study.patient.patient_id, study.patient.name)


def test_a_study_of_nobody_takes_the_first_name_that_comes(hub: Hub) -> None:
    study = after(hub, NOBODY, {"PatientID": "", "PatientName": "Yamada^Taro"}, {"PatientName": "Sato^Jiro"})
    assert study.identity_conflict
    assert study.patient.name == PersonName(alphabetic="Yamada Taro")


def _found(hub: Hub, patient_id: str, **keys: str) -> int:
    query = Query(level=Level.STUDY, sites=frozenset({"CLINIC"}), keys={"PatientID": patient_id, **keys})
    with hub.database.read() as session:
        return search(session, query).total
