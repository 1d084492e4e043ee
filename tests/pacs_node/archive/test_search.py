"""Proves that queries match as PS3.4 C.2.2.2 says, within the sites that the caller may see and no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacs_node.archive.attributes import AT_LEVEL
from pacs_node.archive.matching import Looking, parse_date_range, parse_time_range
from pacs_node.archive.search import Level, Query, SearchResult, search
from pacs_node.model import PersonName
from shared_kernel.errors import InvalidInput
from tests.pacs_node.conftest import Hub, peer
from tests.support.objects import ct

CLINIC = frozenset({"CLINIC"})


def find(hub: Hub, keys: Mapping[str, str] | None = None, level: Level = Level.STUDY, **more: Any) -> SearchResult:
    with hub.database.read() as session:
        return search(session, Query(level=level, sites=more.pop("sites", CLINIC), keys=keys or {}, **more))


@pytest.fixture
def region(hub: Hub) -> Hub:
    """Four studies of a clinic and one of another."""
    hub.store(
        ct(
            StudyInstanceUID="1.1",
            StudyDate="20260401",
            StudyTime="093000",
            AccessionNumber="A100",
            PatientID="P-1",
            PatientName="Takahashi^Hanako=髙橋^花子=たかはし^はなこ",
        ).file
    )
    hub.store(
        ct(
            StudyInstanceUID="1.2",
            StudyDate="20260401",
            StudyTime="140000.5",
            AccessionNumber="A_00",
            PatientID="P-2",
            PatientName="SATO^Ichiro=佐藤^一郎=サトウ^イチロウ",
            Modality="MR",
            StudyDescription="100% [plain] MR",
        ).file
    )
    hub.store(
        ct(
            StudyInstanceUID="1.3",
            StudyDate="20250115",
            AccessionNumber="a100",
            PatientID="P-1",
            PatientName="Takahashi^Hanako=髙橋^花子=たかはし^はなこ",
            Modality="SR",
        ).file
    )
    hub.store(
        ct(
            StudyInstanceUID="1.3",
            PatientID="P-1",
            PatientName="Takahashi^Hanako=髙橋^花子=たかはし^はなこ",
            SeriesNumber=2,
            StudyDate="20250115",
            AccessionNumber="a100",
        ).file
    )
    hub.store(ct(StudyInstanceUID="1.4", StudyDate="", StudyTime="", PatientName="", PatientID="").file)
    hub.store(ct(StudyInstanceUID="2.1", PatientName="Takahashi^Jiro").file, peer("OTHER"))
    return hub


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, ["1.2", "1.1", "1.3", "1.4"]),
        ({"PatientID": ""}, ["1.2", "1.1", "1.3", "1.4"]),
        ({"PatientID": "*"}, ["1.2", "1.1", "1.3", "1.4"]),
        ({"PatientID": "P-1"}, ["1.1", "1.3"]),
        ({"PatientID": "p-1"}, []),
        ({"PatientID": "P-?"}, ["1.2", "1.1", "1.3"]),
        ({"AccessionNumber": "A100"}, ["1.1"]),
        ({"AccessionNumber": "A?00"}, ["1.2", "1.1"]),
        ({"AccessionNumber": "A_0*"}, ["1.2"]),
        ({"StudyDescription": "*[plain]*"}, ["1.2"]),
        ({"StudyDescription": "100% *"}, ["1.2"]),
        ({"StudyDescription": "100_*"}, []),
        ({"StudyDate": "20260401"}, ["1.2", "1.1"]),
        ({"StudyDate": "20250101-20251231"}, ["1.3"]),
        ({"StudyDate": "20260101-"}, ["1.2", "1.1"]),
        ({"StudyDate": "-20251231"}, ["1.3"]),
        ({"StudyDate": "2026.04.01"}, ["1.2", "1.1"]),
        ({"StudyTime": "0930"}, ["1.1", "1.3"]),
        ({"StudyTime": "14"}, ["1.2"]),
        ({"StudyTime": "140000"}, ["1.2"]),
        ({"StudyTime": "140000.5"}, ["1.2"]),
        ({"StudyTime": "140000.4"}, []),
        ({"StudyTime": "1000-"}, ["1.2"]),
        ({"StudyDate": "20260401", "StudyTime": "-12"}, ["1.1"]),
        ({"ModalitiesInStudy": "SR"}, ["1.3"]),
        ({"ModalitiesInStudy": "CT"}, ["1.1", "1.3", "1.4"]),
        ({"ModalitiesInStudy": "MR\\SR"}, ["1.2", "1.3"]),
        ({"ModalitiesInStudy": "C"}, []),
        ({"StudyInstanceUID": "1.1\\1.4"}, ["1.1", "1.4"]),
        ({"StudyInstanceUID": "1.1,2.1"}, ["1.1"]),
        ({"PatientName": "takahashi*"}, ["1.1", "1.3"]),
        ({"PatientName": "Takahashi^Hanako"}, ["1.1", "1.3"]),
        ({"PatientName": "Takahashi"}, []),
        ({"PatientName": "髙橋*"}, ["1.1", "1.3"]),
        ({"PatientName": "高橋*"}, []),
        ({"PatientName": "=佐藤*"}, ["1.2"]),
        ({"PatientName": "S*=佐藤^一郎=サトウ*"}, ["1.2"]),
        ({"ReferringPhysicianName": "湊*", "PatientID": "P-2"}, ["1.2"]),
        ({"PatientBirthDate": "19700102", "PatientSex": "M", "StudyDate": "2025-"}, None),
        ({"NumberOfFrames": "3"}, ["1.2", "1.1", "1.3", "1.4"]),
    ],
)
def test_matching(region: Hub, keys: Mapping[str, str], expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(InvalidInput) as refused:
            find(region, keys)
        assert refused.value.details["key"] == "StudyDate"
        return
    result = find(region, keys)
    assert expected == [row["StudyInstanceUID"] for row in result.rows]
    assert len(expected) == result.total


@pytest.mark.parametrize("typed", ["たかはし", "ﾀｶﾊｼ", "タカハシ", "高橋", "髙橋花子", "takahashi", "*はなこ", "髙橋*"])
def test_fuzzy_finds_a_name_however_it_is_written(region: Hub, typed: str) -> None:
    assert ["1.1", "1.3"] == [row["StudyInstanceUID"] for row in find(region, {"PatientName": typed}, fuzzy=True).rows]


def test_no_keys_reach_another_sites_studies(region: Hub) -> None:
    for keys in ({"StudyInstanceUID": "2.1"}, {"PatientName": "*"}, {"IssuerOfPatientID": "OTHER"}):
        assert "2.1" not in [row["StudyInstanceUID"] for row in find(region, keys).rows]
    assert find(region, sites=frozenset()).total == 0
    assert find(region, sites=frozenset({"OTHER"})).total == 1


def test_a_row_holds_values_of_its_level_and_those_above(region: Hub) -> None:
    [row] = find(region, {"AccessionNumber": "A100"}).rows
    assert row["PatientName"] == PersonName(
        alphabetic="Takahashi^Hanako", ideographic="髙橋^花子", phonetic="たかはし^はなこ"
    )
    assert ("20260401", "093000", ["CT"]) == (row["StudyDate"], row["StudyTime"], row["ModalitiesInStudy"])
    [row] = find(region, {"StudyInstanceUID": "1.3"}).rows
    assert (["CT", "SR"], 2, 2) == (
        row["ModalitiesInStudy"],
        row["NumberOfStudyRelatedSeries"],
        row["NumberOfStudyRelatedInstances"],
    )
    series = find(region, level=Level.SERIES, study_uid="1.3").rows
    assert [("SR", 1, 1), ("CT", 2, 1)] == [
        (row["Modality"], row["SeriesNumber"], row["NumberOfSeriesRelatedInstances"]) for row in series
    ]
    instances = find(region, {"Modality": "CT"}, Level.INSTANCE, study_uid="1.3").rows
    assert [("1.3", 16, "a100", series[1]["SeriesInstanceUID"])] == [
        (row["StudyInstanceUID"], row["Rows"], row["AccessionNumber"], row["SeriesInstanceUID"]) for row in instances
    ]


def test_pages_do_not_overlap(region: Hub) -> None:
    pages = [find(region, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert [["1.2", "1.1"], ["1.3", "1.4"], []] == [[row["StudyInstanceUID"] for row in page.rows] for page in pages]
    assert {4} == {page.total for page in pages}
    assert [] == find(region, limit=10**30, offset=10**30).rows


def test_a_number_too_large_for_a_column_matches_nothing(region: Hub) -> None:
    assert find(region, {"SeriesNumber": "999999999999"}, Level.SERIES).total == 0


def test_keys_that_nobody_can_match_are_named(region: Hub) -> None:
    assert find(region, {"PatientWeight": "70", "Modality": "CT", "PatientID": "P-1"}).ignored == (
        "PatientWeight",
        "Modality",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("StudyDate", "20261301"),
        ("StudyDate", "-"),
        ("StudyDate", "2026*"),
        ("StudyTime", "25"),
        ("StudyInstanceUID", "1.2.*"),
        ("StudyInstanceUID", "1.2;drop table study"),
        ("PatientID", "a\0b"),
        ("StudyDate", "２０２６０３０１"),
        ("StudyTime", "１０"),
        ("PatientID", "x" * 20_000),
    ],
)
def test_a_malformed_value_names_its_key(region: Hub, key: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        find(region, {key: value})
    assert key == refused.value.details["key"]


def test_a_number_in_digits_of_another_script_is_malformed(region: Hub) -> None:
    with pytest.raises(InvalidInput):
        find(region, {"InstanceNumber": "１"}, level=Level.INSTANCE)


@given(st.text(max_size=24))
def test_ranges_parse_or_name_their_key(value: str) -> None:
    for parse, width in ((parse_date_range, 8), (parse_time_range, 13)):
        try:
            bounds = parse("StudyDate", value)
        except InvalidInput as refused:
            named = refused.details["key"]
        else:
            named = "StudyDate"
            assert {len(bound) for bound in bounds} <= {0, width}
        assert named == "StudyDate"


@given(
    keyword=st.sampled_from(sorted(AT_LEVEL[Level.INSTANCE])),
    value=st.text(min_size=1, max_size=24),
    dialect=st.sampled_from(["sqlite", "postgresql"]),
    fuzzy=st.booleans(),
)
def test_any_value_makes_a_condition_or_names_its_key(keyword: str, value: str, dialect: str, fuzzy: bool) -> None:
    match = AT_LEVEL[Level.INSTANCE][keyword].match
    if match is None:
        return
    named = keyword
    try:
        match(Looking(dialect, fuzzy), keyword, value)
    except InvalidInput as refused:
        named = str(refused.details["key"])
    assert keyword == named
