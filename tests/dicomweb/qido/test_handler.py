"""Proves what a search answers: DICOM JSON of its level, totals, paging, warnings, orderly refusals."""

from __future__ import annotations

from typing import Any

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from starlette.testclient import TestClient

from dicomweb.qido import handler
from pacs_node.archive import finding
from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import Hub, store

STUDY_UID, SERIES_UID, INSTANCE_UID = "0020000D", "0020000E", "00080018"


def values(results: list[dict[str, Any]], tag: str) -> list[Any]:
    return [result[tag]["Value"][0] for result in results]


@pytest.fixture
def studies(sender: TestClient) -> list[str]:
    """Three studies of the clinic, the first of three images."""
    name = "TAKAHASHI^ICHIRO=髙橋^一郎=たかはし^いちろう"
    assert store(sender, *small_ct_series(seed=1)).status_code == 200
    assert store(sender, small_instance(seed=2, StudyDate="20260402", PatientName=name)).status_code == 200
    assert store(sender, small_instance(seed=3, StudyDate="20260403", Modality="MR")).status_code == 200
    found = sender.get("/dicomweb/studies").json()
    return values(found, STUDY_UID)[::-1]


def test_studies_newest_first_with_their_counts(reader: TestClient, studies: list[str]) -> None:
    answer = reader.get("/dicomweb/studies")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-total-count"] == "3"
    found = answer.json()
    assert values(found, STUDY_UID) == studies[::-1]
    assert values(found, "00080020") == ["20260403", "20260402", "20260401"]
    assert values(found, "00201208") == [1, 1, 3]
    assert [result["00080061"]["Value"] for result in found] == [["MR"], ["CT"], ["CT"]]
    assert values(found, "00081190") == [f"http://testserver/dicomweb/studies/{uid}" for uid in studies[::-1]]


def test_a_name_comes_in_its_three_groups_and_is_found_by_any_spelling(reader: TestClient, studies: list[str]) -> None:
    for asked in ("takahashi*", "髙橋*", "たかはし*"):
        found = reader.get("/dicomweb/studies", params={"PatientName": asked}).json()
        assert values(found, STUDY_UID) == [studies[1]], asked
    fuzzy = reader.get("/dicomweb/studies", params={"00100010": "高橋", "fuzzymatching": "true"}).json()
    assert values(fuzzy, "00100010") == [
        {"Alphabetic": "TAKAHASHI^ICHIRO", "Ideographic": "髙橋^一郎", "Phonetic": "たかはし^いちろう"}
    ]


@pytest.mark.parametrize(
    ("query", "which"),
    [
        ({"StudyDate": "20260402-"}, [2, 1]),
        ({"00080020": "20260401-20260402"}, [1, 0]),
        ({"ModalitiesInStudy": "MR"}, [2]),
        ({"AccessionNumber": "T0000001"}, [0]),
        ({"PatientID": ""}, [2, 1, 0]),
        ({"limit": "1", "offset": "1"}, [1]),
        ({"limit": "0"}, []),
        ({"offset": "9"}, []),
    ],
)
def test_matching_and_paging(reader: TestClient, studies: list[str], query: dict[str, str], which: list[int]) -> None:
    found = reader.get("/dicomweb/studies", params=query)
    assert found.status_code == 200
    assert values(found.json(), STUDY_UID) == [studies[number] for number in which]


def test_a_list_of_uids(reader: TestClient, studies: list[str]) -> None:
    for separator in (",", "\\"):
        found = reader.get("/dicomweb/studies", params={"StudyInstanceUID": separator.join(studies[:2])})
        assert set(values(found.json(), STUDY_UID)) == set(studies[:2])


def test_that_there_is_more_is_said(reader: TestClient, studies: list[str]) -> None:
    answer = reader.get("/dicomweb/studies", params={"limit": "1"})
    assert (len(answer.json()), answer.headers["x-total-count"]) == (1, str(len(studies)))
    assert (
        '299 http://testserver/dicomweb "There are 2 additional results that can be requested"'
        in answer.headers["warning"]
    )
    assert "warning" not in reader.get("/dicomweb/studies").headers


def test_a_key_that_is_not_indexed_filters_nothing_and_is_named(reader: TestClient, studies: list[str]) -> None:
    answer = reader.get("/dicomweb/studies", params={"PatientWeight": "70"})
    assert len(answer.json()) == len(studies)
    assert "PatientWeight" in answer.headers["warning"]


def test_series_and_instances_at_every_nesting(reader: TestClient, studies: list[str]) -> None:
    study = f"/dicomweb/studies/{studies[0]}"
    (series,) = reader.get(f"{study}/series").json()
    uid = series[SERIES_UID]["Value"][0]
    assert series["00201209"]["Value"] == [3]
    assert "00100010" not in series  # the client asked below a study that it knows
    for path in (f"{study}/instances", f"{study}/series/{uid}/instances"):
        instances = reader.get(path).json()
        assert values(instances, "00200013") == [1, 2, 3]
        assert values(instances, "00280010") == [16, 16, 16]
        assert values(instances, "00083002") == ["1.2.840.10008.1.2.1"] * 3
        assert values(instances, "00081190")[0] == (
            f"http://testserver{study}/series/{uid}/instances/{instances[0][INSTANCE_UID]['Value'][0]}"
        )
    everywhere = reader.get("/dicomweb/series").json()
    assert len(everywhere) == 3
    assert "00100010" in everywhere[0]
    assert len(reader.get("/dicomweb/instances", params={"Modality": "CT"}).json()) == 4
    assert reader.get(f"{study}/series/1.2.3/instances").json() == []


def test_include_fields_add_what_the_index_has(reader: TestClient, studies: list[str]) -> None:
    url = f"/dicomweb/studies/{studies[0]}/series"
    assert "00100020" not in reader.get(url).json()[0]
    assert "00100020" in reader.get(url, params={"includefield": "PatientID"}).json()[0]
    every = reader.get(url, params={"includefield": "all"}).json()[0]
    assert {"00100010", "00081030", "0008103E"} <= set(every)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=x", "limit"),
        ("StudyDate=yesterday", "StudyDate"),
        ("NoSuchThing=1", "NoSuchThing"),
        ("StudyInstanceUID=hello world", "StudyInstanceUID"),
        ("PatientID=1&PatientID=2", "PatientID"),
    ],
)
def test_a_malformed_query_is_refused_by_name(reader: TestClient, query: str, named: str) -> None:
    answer = reader.get(f"/dicomweb/studies?{query}")
    assert answer.status_code == 400
    assert named in answer.json()["error"]["details"].values()


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/dicom+json", "application/dicom+json"),
        ("application/json", "application/json"),
        ("application/dicom+json, application/json", "application/dicom+json"),
        ("*/*", "application/dicom+json"),
    ],
)
def test_accepted(reader: TestClient, studies: list[str], accept: str, answered: str) -> None:
    assert reader.get("/dicomweb/studies", headers={"Accept": accept}).headers["content-type"] == answered


def test_xml_is_not_made_and_what_is_made_is_offered(reader: TestClient) -> None:
    answer = reader.get("/dicomweb/studies", headers={"Accept": 'multipart/related; type="application/dicom+xml"'})
    assert answer.status_code == 406
    assert answer.json()["error"]["details"]["offered"] == ["application/dicom+json", "application/json"]


def requested(step: str, procedure: str) -> Dataset:
    item = Dataset()
    item.ScheduledProcedureStepID, item.RequestedProcedureID = step, procedure
    return item


@pytest.fixture
def described(sender: TestClient) -> None:
    """Two studies whose series say more of themselves."""
    said = {"InstitutionName": "みなと病院", "StationName": "CT1", "SpecificCharacterSet": "ISO_IR 192"}
    step = {"PerformedProcedureStepStartDate": "20260401", "PerformedProcedureStepStartTime": "101500"}
    requests = Sequence([requested("S1", "R1"), requested("S2", "R2")])
    one = small_instance(seed=11, ProtocolName="CHEST", RequestAttributesSequence=requests, **said, **step)
    assert store(sender, one).status_code == 200
    assert store(sender, small_instance(seed=12, StudyDate="20260402")).status_code == 200


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("RequestAttributesSequence.ScheduledProcedureStepID", "S2"),
        ("00400275.00401001", "R?"),
        ("PerformedProcedureStepStartDate", "20260401-20260403"),
        ("PerformedProcedureStepStartTime", "10"),
        ("InstitutionName", "みなと*"),
        ("StationName", "CT1"),
        ("ProtocolName", "CHEST"),
    ],
)
def test_series_are_found_by_what_was_requested_and_performed(
    reader: TestClient, described: None, key: str, value: str
) -> None:
    answer = reader.get("/dicomweb/series", params={key: value})
    assert "warning" not in answer.headers
    [found] = answer.json()
    items = [{tag: said["Value"] for tag, said in item.items()} for item in found["00400275"]["Value"]]
    assert items == [{"00400009": ["S1"], "00401001": ["R1"]}, {"00400009": ["S2"], "00401001": ["R2"]}]
    assert found["00400244"]["Value"] == ["20260401"]
    if "." not in key:
        assert found[f"{tag_for_keyword(key):08X}"]["Value"]


@pytest.mark.parametrize("keyword", ["ScheduledProcedureStepID", "RequestedProcedureID"])
def test_series_that_nobody_requested_are_found(reader: TestClient, described: None, keyword: str) -> None:
    query = {f"RequestAttributesSequence.{keyword}": '""', "emptyvaluematching": "true"}
    answer = reader.get("/dicomweb/series", params=query)
    assert (answer.status_code, values(answer.json(), "00080020")) == (200, ["20260402"])
    crossing = reader.get("/dicomweb/series", params={f"RequestAttributesSequence.{keyword}": "?1*2"})
    assert crossing.json() == []


def test_no_more_is_promised_behind_the_last(
    reader: TestClient, studies: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "COUNTED", 1)
    for offset in (2, 3, 10**9):
        answer = reader.get("/dicomweb/studies", params={"StudyDate": "20260101-", "limit": "1", "offset": f"{offset}"})
        assert answer.headers["x-total-count"] == str(len(studies))
        assert "x-total-count-is" not in answer.headers
        assert "warning" not in answer.headers


def test_empty_values_and_several_values_are_asked_for_where_the_client_says_so(
    reader: TestClient, studies: list[str]
) -> None:
    def found(**query: str) -> list[Any]:
        return values(reader.get("/dicomweb/studies", params=query).json(), STUDY_UID)

    assert found(StudyDate="20260401\\20260403", multiplevaluematching="true") == [studies[2], studies[0]]
    assert found(StudyID='""', emptyvaluematching="true") == found(StudyID='""')[:0]
    assert reader.get("/dicomweb/studies?StudyDate=20260401%5C20260403").status_code == 400
    assert "warning" not in reader.get("/dicomweb/studies?emptyvaluematching=false").headers


def test_the_classes_of_a_study_are_matched_and_said_when_asked_for(reader: TestClient, studies: list[str]) -> None:
    ct = "1.2.840.10008.5.1.4.1.1.2"
    every = reader.get("/dicomweb/studies").json()
    assert all("00080062" not in result for result in every)
    some = reader.get("/dicomweb/studies", params={"SOPClassesInStudy": ct}).json()
    assert all(result["00080062"]["Value"] == [ct] for result in some)
    assert some
    assert reader.get("/dicomweb/studies", params={"SOPClassesInStudy": "1.2.3"}).json() == []


def test_an_included_field_that_is_not_here_is_named(reader: TestClient, studies: list[str]) -> None:
    answer = reader.get("/dicomweb/studies", params={"includefield": "PatientWeight,StudyDescription"})
    assert "PatientWeight" in answer.headers["warning"]
    assert "StudyDescription" not in answer.headers["warning"]


def test_a_studys_instances_say_what_their_series_are(reader: TestClient, studies: list[str]) -> None:
    [first, *_] = reader.get(f"/dicomweb/studies/{studies[0]}/instances").json()
    assert first["00080060"]["Value"] == ["CT"]
    assert "00100010" not in first


def test_a_kept_answer_is_given_until_something_changes_and_to_nobody_else(
    hub: Hub, sender: TestClient, reader: TestClient, studies: list[str]
) -> None:
    def uids(client: TestClient) -> list[Any]:
        return values(client.get("/dicomweb/studies").json(), STUDY_UID)

    assert uids(reader) == uids(reader) == studies[::-1]
    assert uids(hub.client("stranger")) == []
    assert store(sender, small_instance(seed=9, StudyDate="20270101")).status_code == 200
    assert len(uids(reader)) == len(studies) + 1
    assert uids(hub.client("stranger")) == []


def test_more_than_are_counted_is_said_to_be_more(
    reader: TestClient, studies: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "COUNTED", 1)
    answer = reader.get("/dicomweb/studies", params={"limit": "1", "StudyDate": "20260401-"})
    assert (answer.headers["x-total-count"], answer.headers["x-total-count-is"]) == ("1", "at-least")
    assert "at least 1 additional results" in answer.headers["warning"]


@pytest.mark.parametrize("part", ["query", "accept", "host"])
def test_the_answer_to_a_request_without_an_end_is_not_kept(
    reader: TestClient, studies: list[str], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    searches: list[object] = []

    def counted(*asked: Any) -> finding.Found:
        searches.append(asked)
        return finding.find(*asked)

    monkeypatch.setattr(handler, "find", counted)

    def times_searched(length: int) -> int:
        searches.clear()
        filler = "x" * length
        query = {"StudyInstanceUID": ",".join([studies[0], *["1.2.3"] * (length // 6)])} if part == "query" else {}
        headers = {"accept": {"Accept": f"application/dicom+json, a/{filler}"}, "host": {"Host": f"hub{filler}"}}
        for _ in range(3):
            assert reader.get("/dicomweb/studies", params=query, headers=headers.get(part)).status_code == 200
        return len(searches)

    assert reader.get("/dicomweb/studies").status_code == 200  # leaves its row in the audit trail
    assert (times_searched(50), times_searched(5000)) == (1, 3)
