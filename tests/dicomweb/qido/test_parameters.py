"""Proves that a search's query is read as PS3.18 says, and that what is wrong with it is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicomweb.errors import BadParameter
from dicomweb.qido.parameters import DEFAULT_LIMIT, LARGEST_LIMIT, SearchParameters, parse_search


def test_nothing_asked() -> None:
    assert SearchParameters() == parse_search([])
    assert DEFAULT_LIMIT == parse_search([]).limit


def test_keywords_and_tags_mean_the_same() -> None:
    by_keyword = parse_search([("PatientID", "1"), ("StudyDate", "20260101-")])
    assert by_keyword == parse_search([("00100020", "1"), ("00080020", "20260101-")])
    assert by_keyword.keys == {"PatientID": "1", "StudyDate": "20260101-"}


def test_include_fields_are_parted_by_commas_or_given_again() -> None:
    found = parse_search([("includefield", "00081030,StudyTime"), ("includefield", "PatientSex")])
    assert found.include == {"StudyDescription", "StudyTime", "PatientSex"}
    assert not found.include_all
    assert parse_search([("includefield", "all")]).include_all


def test_an_attribute_inside_a_sequence_is_known_by_its_path() -> None:
    assert parse_search([("00400275.00400007", "x")]).keys == {
        "RequestAttributesSequence.ScheduledProcedureStepDescription": "x"
    }


def test_a_private_attribute_stands_for_itself() -> None:
    assert parse_search([("0009100a", "x")]).keys == {"0009100A": "x"}


def test_what_has_no_effect_is_told() -> None:
    assert parse_search([("timezoneadjustment", "true"), ("accept", "x")]).ignored == ("timezoneadjustment",)
    capped = parse_search([("limit", str(LARGEST_LIMIT + 1))])
    assert (capped.limit, capped.ignored) == (LARGEST_LIMIT, (f"limit over {LARGEST_LIMIT}",))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", ""),
        ("limit", "１０"),
        ("offset", "1.5"),
        ("offset", "99999999999999999999"),
        ("fuzzymatching", "yes"),
        ("includefield", "NoSuchKeyword"),
        ("NoSuchKeyword", "1"),
        ("0010002", "1"),
        ("", "1"),
    ],
)
def test_what_is_wrong_is_named(name: str, value: str) -> None:
    with pytest.raises(BadParameter) as raised:
        parse_search([(name, value)])
    assert raised.value.details["parameter"] == name


def test_a_key_is_given_once() -> None:
    with pytest.raises(BadParameter) as raised:
        parse_search([("PatientID", "1"), ("00100020", "2")])
    assert raised.value.details["parameter"] == "00100020"


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=40)), max_size=8))
def test_any_query_is_read_or_refused_by_name(pairs: list[tuple[str, str]]) -> None:
    try:
        found = parse_search(pairs)
    except BadParameter as error:
        named = str(error.details["parameter"])
    else:
        named = ""
        assert 0 <= found.limit <= LARGEST_LIMIT
        assert found.offset >= 0
    assert len(named) <= 64
