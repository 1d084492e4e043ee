"""Proves that every way to a page finds what a plain reading of PS3.4 C.2.2.2 finds, in order, each match once.

The ways differ by how much there is; here the bounds between them are drawn as well, so that few studies take them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from pacs_node.archive import finding
from pacs_node.archive.attributes import Level
from pacs_node.archive.criteria import Query
from pacs_node.archive.finding import Found, find
from pacs_node.archive.tables import SiteHoldingRow
from pacs_node.header.person_name import key_form, match_form
from pacs_node.model import PersonName
from shared_kernel.database import Database
from shared_kernel.japanese.search_key import search_key
from tests.support.studies import insert_studies

pytestmark = pytest.mark.both_databases

_NAMES = [
    PersonName(alphabetic="Yamada^Taro", ideographic="山田^太郎", phonetic="やまだ^たろう"),
    PersonName(alphabetic="YAMADA^HANAKO", ideographic="山田^花子"),
    PersonName(ideographic="髙橋^一郎", phonetic="ﾀｶﾊｼ^ｲﾁﾛｳ"),
    PersonName(alphabetic="SATO^ICHIRO*", ideographic="SATO^一郎"),
    PersonName(alphabetic="[A]^B?C"),
    PersonName(),
]
_DAYS = ["20260401", "20260402", "20251231", "", "20260401"]
_HOURS = ["093000.000000", "235959.999999", "000000.000000", ""]
_IDS = ["P-1", "P-10", "p-1", "P*1", ""]
_SITES = ["A", "B", "C", "D"]
_MODALITIES = ["\\CT\\", "\\CT\\SR\\", "\\MR\\", "", "\\CR\\CT\\"]
_STEPS = ["\\S1\\S23\\", "", "\\S13\\"]
_STEP = "RequestAttributesSequence.ScheduledProcedureStepID"
_EMPTY = '""'
_BODIES = ["CHEST", "HEAD", ""]


@dataclass(frozen=True)
class Study:
    """One study of one series with one instance."""

    uid: str
    site: str
    patient_id: str
    name: PersonName
    date: str
    time: str
    accession: str
    modalities: str
    body_part: str
    steps: str


# The last one given is the newest where nothing else parts two studies.
STUDIES = [
    Study(
        f"1.{number}",
        _SITES[number % 7 % 4],
        _IDS[number // 2 % len(_IDS)],
        _NAMES[number % len(_NAMES)],
        _DAYS[number // 3 % len(_DAYS)],
        _HOURS[number // 5 % len(_HOURS)],
        f"A{number % 9}",
        _MODALITIES[number % len(_MODALITIES)],
        _BODIES[number % 3],
        _STEPS[number // 2 % len(_STEPS)],
    )
    for number in range(90)
]


@pytest.fixture
def filled(database: Database) -> Database:
    with database.write() as session:
        insert_studies(
            session,
            [
                {
                    "study_uid": one.uid,
                    "site_code": one.site,
                    "patient_id": one.patient_id,
                    "name": one.name,
                    "study_date": one.date,
                    "study_time": one.time,
                    "accession_number": one.accession,
                    "modalities": one.modalities,
                    "body_part": one.body_part,
                    "series": {"requested_steps": one.steps},
                }
                for one in STUDIES
            ],
        )
    return database


def like(pattern: str, value: str) -> bool:
    """Wildcard matching as the standard says it."""
    parts = (".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def is_match(one: Study, keys: Mapping[str, str], *, fuzzy: bool) -> bool:
    """What is empty or several is asked for as `""` and with backslashes between; it is given only where that is on."""
    by_itself = [keyword for keyword, value in keys.items() if value == _EMPTY or "\\" in value]
    rest = {keyword: value for keyword, value in keys.items() if keyword not in by_itself}
    for keyword in by_itself:
        if keys[keyword] == _EMPTY:
            if _has_value(one, keyword):
                return False
        elif not any(_is_match(one, {keyword: part}, fuzzy=fuzzy) for part in keys[keyword].split("\\")):
            return False
    return _is_match(one, rest, fuzzy=fuzzy)


def _has_value(one: Study, keyword: str) -> bool:
    return {
        "PatientID": one.patient_id != "",
        "AccessionNumber": one.accession != "",
        "BodyPartExamined": one.body_part != "",
        "Modality": one.modalities != "",
        "PatientName": one.name != PersonName(),
        "ModalitiesInStudy": one.modalities != "",
        "StudyInstanceUID": True,
        "StudyDate": one.date != "",
        "StudyTime": one.time != "",
        _STEP: one.steps != "",
    }[keyword]


def _is_match(one: Study, keys: Mapping[str, str], *, fuzzy: bool) -> bool:
    lists = {"ModalitiesInStudy": one.modalities, _STEP: one.steps}
    for keyword, value in keys.items():
        if value in ("", "*"):
            continue
        plain = {
            "PatientID": one.patient_id,
            "AccessionNumber": one.accession,
            "BodyPartExamined": one.body_part,
            "Modality": one.modalities.strip("\\").split("\\")[0],
        }
        if keyword == "PatientName":
            form = key_form(one.name) if fuzzy else match_form(one.name)
            groups = [group for group in form.split("\x1f") if group]
            asked = [f"{search_key(value)}*"] if fuzzy else [value.rstrip("^").casefold()]
            if not any(like(pattern, group) for pattern in asked for group in groups):
                return False
        elif keyword in plain:
            if not like(value.strip(), plain[keyword]):
                return False
        elif keyword in lists:
            if not any(like(value, part) for part in lists[keyword].split("\\") if part):
                return False
        elif keyword == "StudyInstanceUID" and one.uid not in value.split(","):
            return False
    return _is_then(one, keys.get("StudyDate", ""), keys.get("StudyTime", ""))


def _is_then(one: Study, days: str, hours: str) -> bool:
    def ends(value: str) -> tuple[str, str]:
        first, dash, last = value.partition("-")
        return first, (last if dash else first)

    (first_day, last_day), (first_hour, last_hour) = ends(days), ends(hours)
    first_hour, last_hour = first_hour and f"{first_hour}00.000000", last_hour and f"{last_hour}59.999999"
    if days and not (one.date and (first_day or "0") <= one.date <= (last_day or "9")):
        return False
    if days and hours:
        at = (one.date, one.time)
        after = not (first_day and first_hour) or at >= (first_day, first_hour)
        return after and (not (last_day and last_hour) or at <= (last_day, last_hour))
    return not hours or bool(one.time and (first_hour or "0") <= one.time <= (last_hour or "9"))


def newest_first(matches: list[Study]) -> list[str]:
    order = {one.uid: at for at, one in enumerate(STUDIES)}
    return [one.uid for one in sorted(matches, key=lambda one: (one.date, one.time, order[one.uid]), reverse=True)]


@contextmanager
def bounds(**changed: float) -> Iterator[None]:
    before = {name: getattr(finding, name) for name in changed}
    for name, value in changed.items():
        setattr(finding, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(finding, name, value)


def asked(database: Database, query: Query) -> Found:
    with database.read_lean() as cursor:
        return find(cursor, database.engine.dialect, query)


def uids(found: Found) -> list[Any]:
    [place] = found.layout.places["StudyInstanceUID"]
    return [row[place] for row in found.rows]


_PATTERNS = ["Yamada^Taro", "yamada*", "*taro", "山田*", "*花子", "山田^太郎", "SATO*", "sato^一郎", "Z*", "髙*"]
_FUZZY = ["たかはし", "ﾀｶﾊｼ", "高橋", "髙橋", "yama", "山田太", "だ", "SATO一"]
_KEYS = {
    "PatientName": st.sampled_from(_PATTERNS + _FUZZY)
    | st.text("Ya山田^*?[]佐", min_size=1, max_size=6).filter(lambda text: text.strip("^* ")),
    "PatientID": st.sampled_from(["P-1", "P-*", "p?1", "*1", "P-1?", "X", "P*"]),
    "AccessionNumber": st.sampled_from(["A1", "A*", "?3", "B"]),
    "StudyDate": st.sampled_from(["20260401", "20260101-", "-20260401", "20251231-20260401"]),
    "StudyTime": st.sampled_from(["0930", "0930-", "-0930", "0000-1200"]),
    "ModalitiesInStudy": st.sampled_from(
        ["CT", "MR", "SR\\MR", "US", "C?", "C*R", "*T*R", "???", "?T?SR", "*R", "[C]*", "MR\\C*T"]
    ),
    "StudyInstanceUID": st.sampled_from(["1.3", "1.3,1.4,1.5", "1.99"]),
}
_SEVERAL = {
    "PatientName": "yamada*\\Z*",
    "PatientID": "P-1\\P?1",
    "AccessionNumber": "A1\\A2",
    "StudyDate": "20251231\\20260402-",
    "StudyTime": "0930\\-0800",
    "StudyInstanceUID": "1.3\\1.4",
    "Modality": "MR\\C?",
    "BodyPartExamined": "HEAD\\C*",
    _STEP: "S1\\*3",
}


def some_of(*keywords: str) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries({}, optional={keyword: _KEYS[keyword] for keyword in keywords})


def empty_or_several(
    keys: Mapping[str, str], asked_empty: frozenset[str], asked_several: frozenset[str]
) -> dict[str, str]:
    """The keys, some of them asking for what has no value or for any of several."""
    others = {keyword: _SEVERAL[keyword] for keyword in asked_several if keyword in _SEVERAL}
    return {**keys, **others, **dict.fromkeys(asked_empty, _EMPTY)}


def few_of(*keywords: str) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(keywords), max_size=2)


# Alone and in pairs as well: what everything is asked for at once is found by the most selective key.
keys = (
    some_of("PatientName", "StudyDate")
    | some_of("StudyDate", "StudyTime", "ModalitiesInStudy")
    | some_of("PatientID", "AccessionNumber", "PatientName")
    | some_of(*_KEYS)
)
of_series = st.fixed_dictionaries(
    {},
    optional={
        "Modality": st.sampled_from(["CT", "M*"]),
        "BodyPartExamined": st.sampled_from(["CHEST", "H*", "?"]),
        _STEP: st.sampled_from(["S1", "S*3", "*1*2*", "S?", "?1?S23", "*3"]),
    },
)
drawn_bounds = st.fixed_dictionaries(
    {
        "_SMALL": st.sampled_from([-1, -1, -1, 20, 2000]),
        "_MUCH": st.sampled_from([0.0, 0.5, 2.0]),
        "_MOST_MERGED": st.sampled_from([0, 64]),
        "_FEW_ROWS": st.sampled_from([0, 500]),
        "_SORT": st.sampled_from([0.0, 100.0]),
    }
)
visible = st.sets(st.sampled_from(_SITES)).map(frozenset)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys, of_series, visible, st.sampled_from(list(Level)), drawn_bounds, st.integers(0, 30), st.integers(0, 40))
def test_a_page_is_what_the_standard_says(
    filled: Database,
    keys: dict[str, str],
    lower: dict[str, str],
    sites: frozenset[str],
    level: Level,
    drawn: dict[str, float],
    limit: int,
    offset: int,
) -> None:
    for fuzzy in (False, True):
        wildcards = any(letter in keys.get("PatientName", "") for letter in "*?^")
        if fuzzy and ("PatientName" not in keys or wildcards or not search_key(keys["PatientName"])):
            continue
        all_keys = keys if level is Level.STUDY else {**keys, **lower}
        query = Query(level=level, sites=sites, keys=all_keys, fuzzy=fuzzy, limit=limit, offset=offset)
        with bounds(**drawn):
            found = asked(filled, query)
        expected = newest_first([one for one in STUDIES if one.site in sites and is_match(one, all_keys, fuzzy=fuzzy)])
        assert (expected[offset : offset + limit], len(expected)) == (uids(found), found.total)
        assert found.is_exact


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys, of_series, few_of(*_KEYS), few_of(*_SEVERAL), visible, st.sampled_from(list(Level)), drawn_bounds)
def test_what_has_no_value_and_any_of_several_are_asked_for(
    filled: Database,
    keys: dict[str, str],
    lower: dict[str, str],
    empty: frozenset[str],
    several: frozenset[str],
    sites: frozenset[str],
    level: Level,
    drawn: dict[str, float],
) -> None:
    if level is not Level.STUDY:
        keys = {**keys, **lower}
        empty = empty | {keyword for keyword in lower if len(lower) > 1}
    else:
        several = several - {"Modality", "BodyPartExamined", _STEP}
    keys = empty_or_several(keys, empty, several)
    query = Query(level=level, sites=sites, keys=keys, limit=50, empty_values=True, multiple_values=True)
    with bounds(**drawn):
        found = asked(filled, query)
    expected = newest_first([one for one in STUDIES if one.site in sites and is_match(one, keys, fuzzy=False)])
    assert (expected[:50], len(expected), True) == (uids(found), found.total, found.is_exact)


@pytest.mark.parametrize("keyword", [_STEP, "RequestAttributesSequence.RequestedProcedureID"])
def test_series_without_a_request_are_found(filled: Database, keyword: str) -> None:
    keys = {keyword: _EMPTY}
    found = asked(filled, Query(level=Level.SERIES, sites=frozenset(_SITES), keys=keys, empty_values=True))
    without = [one for one in STUDIES if keyword != _STEP or not one.steps]
    assert newest_first(without) == uids(found)


@pytest.mark.parametrize("keys", [{}, {"PatientName": "yamada*"}, {"StudyDate": "20260401-"}, {"PatientID": "P*"}])
@pytest.mark.parametrize("sort", [0.0, 1e9])
def test_paging_ends_and_says_nothing_of_what_is_not_there(filled: Database, keys: dict[str, str], sort: float) -> None:
    expected = sum(one.site in "ABC" and is_match(one, keys, fuzzy=False) for one in STUDIES)
    for offset, limit in product([5, 10, 12, expected - 1, expected, expected + 1, 10**9, 2**53], [0, 1, 1000]):
        with bounds(COUNTED=10, _SMALL=-1, _SORT=sort):
            query = Query(level=Level.STUDY, sites=frozenset("ABC"), keys=keys, limit=limit, offset=offset)
            found = asked(filled, query)
        assert len(found.rows) == max(0, min(limit, expected - offset))
        assert found.total == expected if found.is_exact else max(offset + len(found.rows), found.total) < expected


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys, visible, drawn_bounds, st.integers(1, 9))
def test_pages_make_the_whole(
    filled: Database, keys: dict[str, str], sites: frozenset[str], drawn: dict[str, float], size: int
) -> None:
    paged: list[str] = []
    with bounds(**drawn):
        whole = uids(asked(filled, Query(level=Level.STUDY, sites=sites, keys=keys, limit=1000)))
        while page := uids(
            asked(filled, Query(level=Level.STUDY, sites=sites, keys=keys, limit=size, offset=len(paged)))
        ):
            paged += page
    assert whole == paged


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keys, visible, drawn_bounds)
def test_of_more_than_are_counted_it_is_said_that_there_are_more(
    filled: Database, keys: dict[str, str], sites: frozenset[str], drawn: dict[str, float]
) -> None:
    expected = sum(one.site in sites and is_match(one, keys, fuzzy=False) for one in STUDIES)
    with bounds(**drawn, COUNTED=10):
        found = asked(filled, Query(level=Level.STUDY, sites=sites, keys=keys, limit=3, offset=2))
    assert found.total == expected if found.is_exact else expected > found.total >= 10
    assert found.is_exact or expected > 10


@pytest.mark.parametrize("keys", [{}, {"StudyDate": "20260401-"}, {"StudyDate": "20260401", "StudyTime": "-0930"}])
@pytest.mark.parametrize("offset", [0, 5, 70])
def test_the_newest_of_each_of_several_sites_are_merged(filled: Database, keys: dict[str, str], offset: int) -> None:
    sites = frozenset({"A", "C", "nowhere"})
    with bounds(_SMALL=-1, _MUCH=2.0):
        found = asked(filled, Query(level=Level.STUDY, sites=sites, keys=keys, limit=9, offset=offset))
    expected = newest_first([one for one in STUDIES if one.site in sites and is_match(one, keys, fuzzy=False)])
    assert (expected[offset : offset + 9], len(expected), True) == (uids(found), found.total, found.is_exact)


@pytest.mark.parametrize("asked_for", ["yamada*", "山田*", "やまだ*", "YAMADA^HANAKO", "Yama*=山田*"])
def test_a_name_is_found_by_its_index_and_by_a_walk(filled: Database, asked_for: str) -> None:
    keys = {"PatientName": asked_for}
    for date, sort in (("", 0.0), ("20260401-", 0.0), ("", 1e9)):
        if date:
            keys["StudyDate"] = date
        with bounds(_SMALL=-1, _SORT=sort):
            found = asked(filled, Query(level=Level.STUDY, sites=frozenset("AB"), keys=keys, limit=5))
        groups = asked_for.split("=")
        matches = [
            one
            for one in STUDIES
            if one.site in "AB" and all(is_match(one, {**keys, "PatientName": group}, fuzzy=False) for group in groups)
        ]
        assert (newest_first(matches)[:5], len(matches)) == (uids(found), found.total)


@pytest.mark.parametrize("keys", [{}, {"PatientName": "yamada*"}, {"ModalitiesInStudy": "CT"}, {"StudyDate": "2026-"}])
def test_no_row_of_another_site_leaves_even_if_the_kept_counts_were_wrong(
    filled: Database, keys: dict[str, str]
) -> None:
    keys = {name: value.replace("2026-", "20260101-") for name, value in keys.items()}
    with filled.write() as session:
        session.execute(delete(SiteHoldingRow).where(SiteHoldingRow.site_code != "A"))
    with bounds(_SMALL=-1):
        found = asked(filled, Query(level=Level.STUDY, sites=frozenset("A"), keys=keys))
    assert newest_first([one for one in STUDIES if one.site == "A" and is_match(one, keys, fuzzy=False)]) == uids(found)
