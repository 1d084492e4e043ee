"""Proves that what C-FIND's walks give is what a plain reading of PS3.4 C.2.2.2 gives, each match once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from dokuei.migrations.upgrade import upgrade
from pacs_node.archive import paging
from pacs_node.archive.paging import Find, FindLevel, Moments, pages
from pacs_node.archive.tables import InstanceRow, PatientRow, SeriesRow, StudyRow
from pacs_node.header.person_name import key_form, match_form
from pacs_node.model import PersonName
from shared_kernel.database import Database

_NOW = datetime(2026, 4, 1, tzinfo=UTC)
_NAMES = [
    PersonName(alphabetic="Yamada^Taro", ideographic="山田^太郎", phonetic="やまだ^たろう"),
    PersonName(alphabetic="YAMADA^HANAKO", ideographic="山田^花子"),
    PersonName(ideographic="佐藤^一郎", phonetic="サトウ^イチロウ"),
    PersonName(alphabetic="SATO^ICHIRO*", ideographic="SATO^一郎"),
    PersonName(alphabetic="[A]^B?C"),
    PersonName(),
]
_DAYS = ["20260401", "20260402", "20251231", ""]
_TIMES = ["093000.000000", "235959.999999", "000000.000000", ""]
_IDS = ["P-1", "P-10", "p-1", "P*1", ""]
_SITES = ["A", "B", "C"]

Study = dict[str, object]


def _studies() -> list[Study]:
    made: list[Study] = []
    for number in range(120):
        name = _NAMES[number % len(_NAMES)]
        made.append(
            {
                "id": number + 1,
                "study_uid": f"1.{number}",
                "site_code": _SITES[number % 3],
                "patient_row": number + 1,
                "patient_id": _IDS[number // 2 % len(_IDS)],
                "name": name,
                "study_date": _DAYS[number // 3 % len(_DAYS)],
                "study_time": _TIMES[number // 5 % len(_TIMES)],
                "accession_number": f"A{number % 7}",
                "modalities": ["\\CT\\", "\\CT\\SR\\", "\\MR\\", ""][number % 4],
            }
        )
    return made


STUDIES = _studies()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("paging")
    database = Database.in_folder(folder)
    upgrade(database, folder)
    with database.write() as session:
        for study in STUDIES:
            name = study["name"]
            assert isinstance(name, PersonName)
            groups = {
                "name_alphabetic": name.alphabetic,
                "name_ideographic": name.ideographic,
                "name_phonetic": name.phonetic,
                "patient_name_key": key_form(name),
                "birth_date": "",
                "sex": "",
            }
            patient = {"id": study["id"], "issuer": study["site_code"], "identity": f"id:{study['id']}"}
            session.execute(
                insert(PatientRow),
                [{**patient, "patient_id": study["patient_id"], **groups, "first_received_at": _NOW}],
            )
            own = {key: value for key, value in study.items() if key != "name"}
            texts = dict.fromkeys(
                ["study_id", "study_description", "referring_physician", "referring_physician_match"], ""
            ) | dict.fromkeys(["referring_physician_key", "body_part"], "")
            counts = {"series_count": 1, "instance_count": 1, "told_instances": 1, "identity_conflict": False}
            times = {"first_received_at": _NOW, "last_received_at": _NOW}
            session.execute(
                insert(StudyRow),
                [{**own, **groups, **texts, **counts, **times, "patient_name_match": match_form(name)}],
            )
            series = {"id": study["id"], "study_row": study["id"], "series_uid": f"{study['study_uid']}.1"}
            more = dict.fromkeys(["modality", "series_date", "series_time", "series_description", "body_part"], "")
            session.execute(insert(SeriesRow), [{**series, **more, "instance_count": 1}])
            session.execute(
                insert(InstanceRow),
                [
                    {
                        "series_row": study["id"],
                        "sop_instance_uid": f"{study['study_uid']}.1.1",
                        "sop_class_uid": "1.2",
                        "transfer_syntax_uid": "1.2",
                        "file": f"{study['id']}",
                        "dataset_offset": 0,
                        "size": 0,
                        "received_at": _NOW,
                    }
                ],
            )
    yield database
    database.close()


def like(pattern: str, value: str) -> bool:
    """Wildcard matching as the standard says it."""
    parts = (".*" if letter == "*" else "." if letter == "?" else re.escape(letter) for letter in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def is_match(study: Study, keys: dict[str, str]) -> bool:
    name = study["name"]
    assert isinstance(name, PersonName)
    for keyword, value in keys.items():
        if value in ("", "*"):
            continue
        if keyword == "PatientName":
            groups = [group.casefold() for group in (name.alphabetic, name.ideographic, name.phonetic) if group]
            if not any(like(value.rstrip("^").casefold(), group) for group in groups):
                return False
        elif keyword in ("PatientID", "AccessionNumber"):
            column = "patient_id" if keyword == "PatientID" else "accession_number"
            if not like(value.strip(), str(study[column])):
                return False
        elif keyword == "StudyDate":
            first, dash, last = value.partition("-")
            date = str(study["study_date"])
            if not date or not (first or "0") <= date <= ((last if dash else first) or "9"):
                return False
        elif keyword == "ModalitiesInStudy" and not any(
            like(one, part) for one in value.split("\\") for part in str(study["modalities"]).split("\\") if part
        ):
            return False
    return True


def found(database: Database, find: Find) -> list[str]:
    return [row["StudyInstanceUID"] for page in pages(database, find) for row in page]


_PATTERNS = ["Yamada^Taro", "yamada*", "*taro", "山田*", "*花子", "山田^太郎", "SATO*", "sato^一郎"]
name_pattern = st.sampled_from(_PATTERNS) | st.text("Ya山田^*?[]佐", min_size=1, max_size=6).filter(
    lambda text: text.strip("^* ")
)
query = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": name_pattern,
        "PatientID": st.sampled_from(["P-1", "P-*", "p?1", "*1", "P-1?", "X"]),
        "AccessionNumber": st.sampled_from(["A1", "A*", "?3", "B"]),
        "StudyDate": st.sampled_from(["20260401", "20260101-", "-20260401", "20251231-20260401"]),
        "ModalitiesInStudy": st.sampled_from(["CT", "MR", "SR\\MR", "US", "C*R", "?T?SR", "*R", "S?\\M*R"]),
    },
)
sites = st.sets(st.sampled_from(_SITES)).map(frozenset)


@settings(max_examples=250)
@given(query, sites, st.sampled_from([FindLevel.STUDY, FindLevel.SERIES, FindLevel.IMAGE, FindLevel.PATIENT]))
def test_walks_give_each_match_once(
    filled: Database, keys: dict[str, str], visible: frozenset[str], level: FindLevel
) -> None:
    if level is FindLevel.PATIENT:
        keys = {key: value for key, value in keys.items() if key in ("PatientName", "PatientID")}
        wanted = ("PatientID",)
    else:
        wanted = ("StudyInstanceUID",)
    answers = [
        row[wanted[0]]
        for page in pages(filled, Find(level=level, sites=visible, keys=keys, wanted=wanted))
        for row in page
    ]
    column = "patient_id" if level is FindLevel.PATIENT else "study_uid"
    expected = [study[column] for study in STUDIES if study["site_code"] in visible and is_match(study, keys)]
    assert sorted(expected, key=str) == sorted(answers)


@settings(max_examples=30)
@given(query, st.integers(1, 7))
def test_however_small_the_pages(filled: Database, keys: dict[str, str], size: int) -> None:
    whole = Find(level=FindLevel.STUDY, sites=frozenset(_SITES), keys=keys, wanted=("StudyInstanceUID",))
    before = paging._FIRST_PAGE, paging._PAGE, paging._FEW
    at_once = found(filled, whole)
    try:
        paging._FIRST_PAGE = paging._PAGE = paging._FEW = size
        assert sorted(at_once) == sorted(found(filled, whole))
    finally:
        paging._FIRST_PAGE, paging._PAGE, paging._FEW = before


moment = st.none() | st.tuples(
    st.sampled_from(["20251231", "20260401", "20260402"]),
    st.sampled_from(_TIMES[:3]),
)


@given(moment, moment)
def test_a_range_of_moments(filled: Database, first: tuple[str, str] | None, last: tuple[str, str] | None) -> None:
    find = Find(
        level=FindLevel.STUDY,
        sites=frozenset(_SITES),
        wanted=("StudyInstanceUID",),
        moments=Moments(first=first, last=last),
    )
    expected = [
        study["study_uid"]
        for study in STUDIES
        if study["study_date"]
        and (first is None or (study["study_date"], study["study_time"]) >= first)
        and (last is None or (study["study_date"], study["study_time"]) <= last)
    ]
    assert sorted(expected, key=str) == sorted(found(filled, find))
