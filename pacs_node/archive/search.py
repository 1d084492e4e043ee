"""Searching the index, for QIDO-RS and C-FIND alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from pacs_node.archive.attributes import AT_LEVEL, Level
from pacs_node.archive.matching import LARGEST_INTEGER, Looking
from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow

__all__ = ["Level", "Query", "SearchResult", "search"]

# How each level is ordered; newest studies first, the rest as a reader would page through them.
_BY_STUDY = (StudyRow.study_date.desc(), StudyRow.study_time.desc(), StudyRow.id.desc())
_ORDER: Mapping[Level, tuple[ColumnElement[Any], ...]] = {
    Level.STUDY: _BY_STUDY,
    Level.SERIES: (*_BY_STUDY, SeriesRow.series_number.asc(), SeriesRow.id.asc()),
    Level.INSTANCE: (
        *_BY_STUDY,
        SeriesRow.series_number.asc(),
        SeriesRow.id.asc(),
        InstanceRow.instance_number.asc(),
        InstanceRow.id.asc(),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is asked for.

    `sites` are the codes of the sites that the caller may see: no other site's rows are found,
    whatever the keys say. `keys` are DICOM keywords with their values as DICOM writes them; an empty
    value matches all (PS3.4 C.2.2.2.3). `fuzzy` compares names by their search key.
    """

    level: Level
    sites: frozenset[str]
    keys: Mapping[str, str] = field(default_factory=dict)
    study_uid: str | None = None
    series_uid: str | None = None
    limit: int = 100
    offset: int = 0
    fuzzy: bool = False
    with_total: bool = True
    """Count all matches, not only those returned; costs a second pass over the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found: keywords of the level and those above it, to Python values.

    Dates and times are DICOM strings, empty where unknown; names are PersonName with `^` kept;
    ModalitiesInStudy is a list; counts and numbers are int, or None where unknown.
    """

    rows: list[Mapping[str, Any]]
    total: int
    """All matches; with `with_total` off, those known so far: the offset and the rows."""
    ignored: tuple[str, ...] = ()
    """Keys with a value that this level can't match; nothing was filtered by them."""


def search(session: Session, query: Query) -> SearchResult:
    """Find what matches all keys, in a stable order: StudyDate and StudyTime descending, then a key.

    Raises InvalidInput naming the key when a value is malformed.
    """
    attributes = AT_LEVEL[query.level]
    looking = Looking(session.get_bind().dialect.name, query.fuzzy)
    conditions: list[ColumnElement[bool]] = [StudyRow.site_code.in_(sorted(query.sites))]
    ignored = []
    for keyword, value in query.keys.items():
        match = attributes[keyword].match if keyword in attributes else None
        if match is not None and value not in ("", "*"):
            conditions.append(match(looking, keyword, value).condition())
        elif match is None and value:
            ignored.append(keyword)
    if query.study_uid is not None:
        conditions.append(StudyRow.study_uid == query.study_uid)
    if query.series_uid is not None and query.level is not Level.STUDY:
        conditions.append(SeriesRow.series_uid == query.series_uid)
    columns = list(dict.fromkeys(column for attribute in attributes.values() for column in attribute.columns))
    place = {column: at for at, column in enumerate(columns)}
    found = session.execute(
        _joined(select(*columns), query.level)
        .where(*conditions)
        .order_by(*_ORDER[query.level])
        .limit(min(max(0, query.limit), LARGEST_INTEGER))
        .offset(min(max(0, query.offset), LARGEST_INTEGER))
    ).all()
    rows: list[Mapping[str, Any]] = [
        {
            keyword: attribute.value(*(row[place[column]] for column in attribute.columns))
            for keyword, attribute in attributes.items()
        }
        for row in found
    ]
    total = query.offset + len(rows)
    if query.with_total:
        total = session.scalar(_joined(select(func.count()), query.level).where(*conditions)) or 0
    return SearchResult(rows=rows, total=total, ignored=tuple(ignored))


def _joined(statement: Select[Any], level: Level) -> Select[Any]:
    statement = statement.select_from(StudyRow)
    if level is not Level.STUDY:
        statement = statement.join(SeriesRow, SeriesRow.study_row == StudyRow.id)
    if level is Level.INSTANCE:
        statement = statement.join(InstanceRow, InstanceRow.series_row == SeriesRow.id)
    return statement
