"""From what a search asks to conditions on the index, at its level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, or_

from pacs_node.archive.attributes import AT_LEVEL, Level
from pacs_node.archive.matching import (
    MOST_CHOICES,
    Column,
    Criterion,
    Looking,
    any_of,
    parse_date_range,
    parse_time_range,
    refuse,
)
from pacs_node.archive.tables import StudyRow

_DATE, _TIME = "StudyDate", "StudyTime"
_EMPTY = '""'
_LISTS = frozenset(
    name
    for name in AT_LEVEL[Level.INSTANCE]
    if name.endswith("UID") or name in ("ModalitiesInStudy", "SOPClassesInStudy")
)
"""Keys whose own matching takes lists."""
UNIVERSAL = frozenset({"", "*"})
"""Values that match all (PS3.4 sections C.2.2.2.3 and C.2.2.2.4)."""


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
    empty_values: bool = False
    """Whether `""` asks for what has no value (PS3.4 section C.2.2.2.7)."""
    multiple_values: bool = False
    """Whether values between backslashes mean any of them (PS3.4 section C.2.2.2.8)."""
    with_total: bool = True
    """Count all matches, not only those returned."""
    wanted: frozenset[str] | None = None
    """Keywords whose values are to be returned; None: all that the level has without looking further."""


@dataclass(slots=True)
class Criteria:
    """The conditions of a query, by keyword, and the keys that have none."""

    by_keyword: dict[str, Criterion] = field(default_factory=dict)
    when: dict[str, str] = field(default_factory=dict)
    """StudyDate and StudyTime as they were asked for: their conditions depend on the table that is walked."""
    ignored: tuple[str, ...] = ()
    without_value: frozenset[str] = frozenset()
    """The keys that ask for what has no value."""

    def moments(self, date: Column, time: Column) -> list[Criterion]:
        """The conditions on StudyDate and StudyTime, on these columns."""
        return _moments(self.when, date, time)


def criteria_of(query: Query, dialect: str) -> Criteria:
    """The conditions of a query, beside the sites. Raises InvalidInput naming the key whose value is malformed."""
    looking = Looking(dialect, query.fuzzy)
    attributes = AT_LEVEL[query.level]
    found = Criteria()
    ignored = []
    without_value: set[str] = set()
    for keyword, value in query.keys.items():
        attribute = attributes.get(keyword)
        if attribute is None or attribute.match is None:
            if value:
                ignored.append(keyword)
        elif value in UNIVERSAL:
            continue
        elif query.empty_values and value == _EMPTY:
            found.by_keyword[keyword] = attribute.without_value
            without_value.add(keyword)
        elif query.multiple_values and "\\" in value:
            parts = [part for part in value.split("\\") if part]
            if len(parts) > MOST_CHOICES and not keyword.endswith("UID"):
                raise refuse(keyword, f"at most {MOST_CHOICES} values")
            each = [value] if keyword in _LISTS else parts
            found.by_keyword[keyword] = any_of([attribute.match(looking, keyword, part) for part in each])
        elif keyword in (_DATE, _TIME):
            found.when[keyword] = value
        else:
            found.by_keyword[keyword] = attribute.match(looking, keyword, value)
    found.moments(StudyRow.study_date, StudyRow.study_time)  # malformed ones are refused here
    found.ignored, found.without_value = tuple(ignored), frozenset(without_value)
    return found


def _moments(when: Mapping[str, str], date: Column, time: Column) -> list[Criterion]:
    """Both together are one range of moments (PS3.4 section C.2.2.2.5.1), not a range of hours on each of the days."""
    days = parse_date_range(_DATE, when[_DATE]) if _DATE in when else None
    hours = parse_time_range(_TIME, when[_TIME]) if _TIME in when else None
    found = []
    if days is not None:
        found.append(_range(date, *days))
    if hours is not None and days is None:
        found.append(_range(time, *hours))
    elif hours is not None and days is not None:
        first, last = days
        # A single day has its hours whether or not the range of moments is closed.
        if first and hours[0]:
            found.append(_after(date, time, first, hours[0]))
        if last and hours[1]:
            found.append(_until(date, time, last, hours[1]))
    return found


def _range(column: Column, first: str, last: str) -> Criterion:
    if not last:
        return Criterion((">=", column), (first,), lambda low: column >= low)
    # An instance without a value is within no range, not even one that is open at its beginning.
    return Criterion(("between", column), (first or "0", last), lambda low, high: and_(column >= low, column <= high))


def _after(date: Column, time: Column, day: str, hour: str) -> Criterion:
    def build(this_day: Any, this_hour: Any) -> Any:
        return or_(date > this_day, time >= this_hour)

    return Criterion(("after", date), (day, hour), build)


def _until(date: Column, time: Column, day: str, hour: str) -> Criterion:
    def build(this_day: Any, this_hour: Any) -> Any:
        # What has no time begins its day, as in C-FIND.
        return or_(date < this_day, time <= this_hour)

    return Criterion(("until", date), (day, hour), build)
