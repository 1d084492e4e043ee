"""Proves what a search answers: DICOM JSON of its level, totals, paging, warnings, orderly refusals."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import store

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
    answer = reader.get("/dicomweb/studies", params={"InstitutionName": "X"})
    assert len(answer.json()) == len(studies)
    assert "InstitutionName" in answer.headers["warning"]


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
