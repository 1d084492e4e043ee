"""All matches of a C-FIND (PS3.4 section C.4.1), page by page.

Each page is a read transaction of its own that begins behind the last row of the one before (a keyset, not an
offset): a peer that reads slowly holds no snapshot, and no list of all matches is ever made. What is stored
while it reads may or may not be among the answers; nothing comes twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from pacs_node.archive.attributes import INSTANCE, SERIES, STUDY, Attribute, plain
from pacs_node.archive.matching import Column, Looking
from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from shared_kernel.database import Database

_FIRST_PAGE = 200
_PAGE = 1000
_FEW = 500
_INDEXED = ("PatientID", "AccessionNumber", "PatientName", "StudyDate")
"""Keys whose conditions find their way into an index of studies, the most selective first."""


class FindLevel(StrEnum):
    """Query/Retrieve Level (0008,0052)."""

    PATIENT = "PATIENT"
    STUDY = "STUDY"
    SERIES = "SERIES"
    IMAGE = "IMAGE"


_SITES = "sites"
_of_patient = aliased(StudyRow)


def _of_same_patient(what: ColumnElement[Any]) -> Any:
    """Over all studies of the row's patient that the asker may see."""
    of_patient = select(what).where(
        _of_patient.patient_row == StudyRow.patient_row,
        # Not the bare column: the index of the patient is the one to look into.
        _of_patient.site_code.concat("").in_(bindparam(_SITES, expanding=True)),
    )
    return of_patient.correlate(StudyRow).scalar_subquery()


def _over_patient(what: ColumnElement[Any]) -> Attribute:
    return Attribute((_of_same_patient(what),), lambda value: value, None)


_PATIENT: Mapping[str, Attribute] = {
    **{key: STUDY[key] for key in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "IssuerOfPatientID")},
    "NumberOfPatientRelatedStudies": _over_patient(func.count()),
    "NumberOfPatientRelatedSeries": _over_patient(func.sum(_of_patient.series_count)),
    "NumberOfPatientRelatedInstances": _over_patient(func.sum(_of_patient.instance_count)),
}
ATTRIBUTES: Mapping[FindLevel, Mapping[str, Attribute]] = {
    FindLevel.PATIENT: _PATIENT,
    FindLevel.STUDY: {**_PATIENT, **STUDY},
    FindLevel.SERIES: {**_PATIENT, **STUDY, **SERIES},
    FindLevel.IMAGE: {**_PATIENT, **STUDY, **SERIES, **INSTANCE},
}
"""What can be asked for at each level: its own attributes and those of the levels above."""


@dataclass(frozen=True, slots=True)
class Moments:
    """A range of moments over a date and a time together; each `(YYYYMMDD, HHMMSS.ffffff)`, None where open."""

    first: tuple[str, str] | None = None
    last: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Find:
    """What is asked for; `keys` and `wanted` are keywords of ATTRIBUTES at `level`, `keys` with matchable values."""

    level: FindLevel
    sites: frozenset[str]
    keys: Mapping[str, str] = field(default_factory=dict)
    wanted: Sequence[str] = ()
    fuzzy: bool = False
    moments: Moments | None = None
    """Of StudyDate and StudyTime."""
    series_moments: Moments | None = None
    """Of SeriesDate and SeriesTime, at the levels that have them."""


Answer = Mapping[str, Any]
"""Values of the wanted keywords, as `archive.search` gives them."""


def conditions_of(find: Find, dialect: str) -> list[ColumnElement[bool]]:
    """The conditions of a query, beside the sites. Raises InvalidInput naming the key whose value is malformed."""
    looking = Looking(dialect, find.fuzzy)
    conditions: list[ColumnElement[bool]] = []
    for keyword, value in find.keys.items():
        match = ATTRIBUTES[find.level][keyword].match
        if match is not None and value not in ("", "*"):
            conditions.append(match(looking, keyword, value).condition())
    if find.moments is not None:
        conditions += _within(find.moments, StudyRow.study_date, StudyRow.study_time)
    if find.series_moments is not None:
        conditions += _within(find.series_moments, SeriesRow.series_date, SeriesRow.series_time)
    return conditions


def pages(database: Database, find: Find) -> Iterator[list[Answer]]:
    """The matches, a page at a time; none for no match. Raises InvalidInput before the first."""
    conditions = conditions_of(find, database.engine.dialect.name)
    attributes = {keyword: ATTRIBUTES[find.level][keyword] for keyword in find.wanted}
    columns = list(dict.fromkeys(column for attribute in attributes.values() for column in attribute.columns))
    place = {column: at for at, column in enumerate(columns)}
    makers = [
        (keyword, _maker(attribute, [place[column] for column in attribute.columns]))
        for keyword, attribute in attributes.items()
    ]
    key = _KEYS[find.level]
    statement = _joined(select(*columns, *key), find.level).where(*conditions)
    for walk in _walks(database, find, statement.order_by(*(column.desc() for column in key))):
        for rows in _keyset(database, walk, key, find.sites):
            yield [{keyword: made(row) for keyword, made in makers} for row in rows]


def _maker(attribute: Attribute, places: list[int]) -> Callable[[Sequence[Any]], Any]:
    """From a row to the attribute's value."""
    value = attribute.value
    if len(places) > 1:
        columns = itemgetter(*places)
        return lambda row: value(*columns(row))
    [at] = places
    return itemgetter(at) if value is plain else lambda row: value(row[at])


def _walks(database: Database, find: Find, statement: Select[Any]) -> Iterator[Select[Any]]:
    """One walk over the few studies that a key names; else one for each site, along the index of its newest."""
    few = _few(database, find)
    if few is not None:
        # Not the bare column: an index of sites would be looked into once for each site and row.
        yield statement.where(StudyRow.id.in_(few), StudyRow.site_code.concat("").in_(sorted(find.sites)))
    elif _named_by_uid(find):
        yield statement.where(StudyRow.site_code.in_(sorted(find.sites)))
    else:
        for site in sorted(find.sites):
            yield statement.where(StudyRow.site_code == site)


def _few(database: Database, find: Find) -> list[int] | None:
    """The rows that a key with an index leaves, when these are few; None when no key is as selective as that.

    What a range or a wildcard leaves nobody knows before looking: a bounded look costs less than a wrong guess.
    """
    looking = Looking(database.engine.dialect.name, find.fuzzy)
    for keyword in _INDEXED:
        value = find.keys.get(keyword, "")
        match = STUDY[keyword].match
        if match is None or not value or value.lstrip("=").startswith(("*", "?")):
            continue
        if keyword == "PatientName" and find.fuzzy:
            continue
        condition = match(looking, keyword, value).condition()
        with database.read() as session:
            rows = session.scalars(select(StudyRow.id).where(condition).limit(_FEW + 1)).all()
        if len(rows) <= _FEW:
            return list(rows)
    return None


def _named_by_uid(find: Find) -> bool:
    return any(find.keys.get(keyword) for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"))


def _keyset(
    database: Database, statement: Select[Any], key: tuple[Any, ...], sites: frozenset[str]
) -> Iterator[Sequence[Any]]:
    last: tuple[Any, ...] | None = None
    size = _FIRST_PAGE
    while True:
        page = statement.limit(size)
        if last is not None:
            page = page.where(tuple_(*key) < last)
        with database.read() as session:
            rows = session.execute(page, {_SITES: sorted(sites)}).all()
        if rows:
            yield rows
        if len(rows) < size:
            return
        last, size = tuple(rows[-1][-len(key) :]), _PAGE


_NEWEST: tuple[Any, ...] = (StudyRow.study_date, StudyRow.study_time, StudyRow.id)
_KEYS: Mapping[FindLevel, tuple[Any, ...]] = {
    FindLevel.PATIENT: _NEWEST,
    FindLevel.STUDY: _NEWEST,
    FindLevel.SERIES: (*_NEWEST, SeriesRow.id),
    FindLevel.IMAGE: (*_NEWEST, SeriesRow.id, InstanceRow.id),
}


def _joined(statement: Select[Any], level: FindLevel) -> Select[Any]:
    statement = statement.select_from(StudyRow)
    if level is FindLevel.PATIENT:
        # Each patient by the newest study that was stored: it is what the hub knows last of the person.
        return statement.where(StudyRow.id == _of_same_patient(func.max(_of_patient.id)))
    if level in (FindLevel.SERIES, FindLevel.IMAGE):
        statement = statement.join(SeriesRow, SeriesRow.study_row == StudyRow.id)
    if level is FindLevel.IMAGE:
        statement = statement.join(InstanceRow, InstanceRow.series_row == SeriesRow.id)
    return statement


def _within(moments: Moments, date: Column, time: Column) -> list[ColumnElement[bool]]:
    """Date and time as one moment; what has no date is within no range, what has no time begins its day."""
    conditions: list[ColumnElement[bool]] = [date >= "0"]
    if moments.first is not None:
        day, moment = moments.first
        conditions += [date >= day, or_(date > day, time >= moment)]
    if moments.last is not None:
        day, moment = moments.last
        conditions += [date <= day, or_(date < day, and_(time <= moment))]
    return conditions
