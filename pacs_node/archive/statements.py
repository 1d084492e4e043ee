"""The statements of searches, made once for each form and kept.

What an index is to be used for is said by what it is not: a condition in `IS 1` is one that SQLite does not look up.
PostgreSQL has statistics and chooses by itself.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Integer,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    true,
    union,
    union_all,
)
from sqlalchemy.orm import aliased

from pacs_node.archive.attributes import Level
from pacs_node.archive.matching import Column, Criterion, Stretch, filled_up
from pacs_node.archive.tables import InstanceRow, SeriesRow, SiteHoldingRow, StudyModalityRow, StudyRow
from shared_kernel.prepared import Prepared

_MOST_KEPT = 1024
_ONE: ColumnElement[int] = literal_column("1").label("one")
_NEWEST = (StudyRow.study_date.desc(), StudyRow.study_time.desc(), StudyRow.id.desc())
_ORDER: Mapping[Level, tuple[ColumnElement[Any], ...]] = {
    Level.STUDY: _NEWEST,
    Level.SERIES: (*_NEWEST, SeriesRow.series_number.asc(), SeriesRow.id.asc()),
    Level.INSTANCE: (
        *_NEWEST,
        SeriesRow.series_number.asc(),
        SeriesRow.id.asc(),
        InstanceRow.instance_number.asc(),
        InstanceRow.id.asc(),
    ),
}


class Statements:
    """Runs statements with a driver's cursor; one for each dialect, safe to share between threads."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self.is_sqlite = dialect.name == "sqlite"
        self._kept: dict[Hashable, Prepared] = {}

    def run(self, cursor: Any, form: Hashable, statement: Any, parts: Sequence[Criterion], **values: Any) -> None:
        """Execute the statement of this form, made by `statement(*conditions of parts)` when it is new."""
        prepared = self._kept.get(form)
        if prepared is None:
            conditions = [part.build(*_binds(at, len(part.values))) for at, part in enumerate(parts)]
            prepared = Prepared(statement(*conditions), self._dialect)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[form] = prepared
        for at, part in enumerate(parts):
            for number, value in enumerate(part.values):
                values[f"v{at}_{number}"] = value
        cursor.execute(prepared.sql, prepared.parameters(values))


def _binds(at: int, count: int) -> list[Any]:
    return [bindparam(f"v{at}_{number}") for number in range(count)]


@dataclass(frozen=True, slots=True)
class Walk:
    """Through which rows a search goes, and in which order they come."""

    level: Level
    is_sqlite: bool
    looked_up: int
    """How many of the conditions, the first ones, may be looked up in an index."""
    modality: bool = False
    """Along `study_modality`: the first conditions are on its columns."""
    study_is_asked: bool = False
    """With `modality`: a condition is on the study's own row."""

    def statement(self, columns: Sequence[ColumnElement[Any]] | None, *conditions: ColumnElement[bool]) -> Select[Any]:
        """A page of matches; with no columns how many match, as far as anybody counts."""
        asked = self._asked(conditions)
        if columns is None:
            one = select(_ONE)
            if self.modality and not self.study_is_asked and self.level is Level.STUDY:
                return counted(one.select_from(StudyModalityRow).where(*asked))
            return counted(self._from(one).where(*asked))
        order = _ORDER[self.level]
        if self.modality:
            of = StudyModalityRow
            order = (of.study_date.desc(), of.study_time.desc(), of.study_row.desc(), *order[len(_NEWEST) :])
        return _paged(self._from(select(*columns)).where(*asked).order_by(*order))

    def _asked(self, conditions: Sequence[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
        looked_up = list(conditions[: self.looked_up])
        return looked_up + [seen(condition, self.is_sqlite) for condition in conditions[self.looked_up :]]

    def _from(self, statement: Select[Any]) -> Select[Any]:
        if self.modality:
            statement = statement.select_from(StudyModalityRow).join(
                StudyRow, StudyRow.id == _later(StudyModalityRow.study_row, self.is_sqlite)
            )
        else:
            statement = statement.select_from(StudyRow)
        return below(statement, self.level, forced=self.is_sqlite)


def seen(condition: ColumnElement[bool], is_sqlite: bool) -> ColumnElement[bool]:
    """A condition that is looked at in rows, and not looked up."""
    return condition.is_(true()) if is_sqlite else condition


def _later(column: Any, is_sqlite: bool) -> Any:
    """The column as something that no row is looked up by, so that its table comes first in a join."""
    return column + literal_column("0") if is_sqlite else column


def below(statement: Select[Any], level: Level, *, forced: bool) -> Select[Any]:
    """From studies down to the level; `forced` lets SQLite begin with the studies."""
    if level is not Level.STUDY:
        statement = statement.join(SeriesRow, SeriesRow.study_row == _later(StudyRow.id, forced))
    if level is Level.INSTANCE:
        statement = statement.join(InstanceRow, InstanceRow.series_row == _later(SeriesRow.id, forced))
    return statement


def named(
    level: Level,
    is_sqlite: bool,
    looked_up: int,
    columns: Sequence[ColumnElement[Any]] | None,
    *conditions: ColumnElement[bool],
) -> Select[Any]:
    """What unique or nearly unique keys name, the conditions that are looked up: their indexes lead first."""
    asked = [*conditions[:looked_up], *(seen(one, is_sqlite) for one in conditions[looked_up:])]
    if columns is None:
        return counted(below(select(_ONE).select_from(StudyRow), level, forced=False).where(*asked))
    statement = below(select(*columns).select_from(StudyRow), level, forced=False)
    return _paged(statement.where(*asked).order_by(*_ORDER[level]))


def merged(
    columns: Sequence[ColumnElement[Any]], sites: int, dates: Sequence[Criterion], *_: ColumnElement[bool]
) -> Select[Any]:
    """The newest studies of many sites that hold little of what is here: the newest of each, merged."""
    key = (StudyRow.study_date.label("day"), StudyRow.study_time.label("hour"), StudyRow.id.label("row"))
    each = []
    for site in range(sites):
        conditions = [date.build(*_binds(at, len(date.values))) for at, date in enumerate(dates)]
        newest = select(*key).where(StudyRow.site_code == bindparam(f"site{site}"), *conditions)
        each.append(select(newest.order_by(*_NEWEST).limit(bindparam("reach", type_=Integer)).subquery()))
    found = union_all(*each).subquery()
    order = (found.c.day.desc(), found.c.hour.desc(), found.c.row.desc())
    return _rows_of(columns, _paged(select(found.c.day, found.c.hour, found.c.row).order_by(*order)))


def stretch_of(stretch: Stretch) -> Criterion:
    """A stretch of an index as a condition."""
    column = stretch.column
    if stretch.is_single:
        return Criterion(("=", column), (stretch.first,), lambda wanted: column == wanted)
    if stretch.behind:
        return Criterion(
            ("stretch", column),
            (stretch.first, stretch.behind),
            lambda first, behind: and_(column >= first, column < behind),
        )
    return Criterion(("open stretch", column), (stretch.first,), lambda first: column >= first)


def lengths(*stretches: ColumnElement[bool]) -> Select[Any]:
    """How many rows each of the stretches has, as far as anybody counts."""
    each = [select(_ONE).select_from(StudyRow).where(stretch) for stretch in stretches]
    return select(*(counted(rows).scalar_subquery() for rows in each))


def within(
    stretches: int, columns: Sequence[ColumnElement[Any]] | None, *conditions: ColumnElement[bool]
) -> Select[Any]:
    """The studies in the stretches for which the conditions behind hold: a page of them, or how many they are."""
    for_all = [seen(condition, is_sqlite=True) for condition in conditions[stretches:]]
    key = (StudyRow.study_date.label("day"), StudyRow.study_time.label("hour"), StudyRow.id.label("row"))
    each = [select(*key).where(stretch, *for_all) for stretch in conditions[:stretches]]
    found = (each[0] if len(each) == 1 else union(*each)).subquery()
    if columns is None:
        return counted(select(_ONE).select_from(found))
    order = (found.c.day.desc(), found.c.hour.desc(), found.c.row.desc())
    return _rows_of(columns, _paged(select(found.c.day, found.c.hour, found.c.row).order_by(*order)))


def _rows_of(columns: Sequence[ColumnElement[Any]], page: Select[Any]) -> Select[Any]:
    """The studies of a page; ordered by its own columns, so that nothing but the page leads to them."""
    of = page.subquery()
    order = (of.c.day.desc(), of.c.hour.desc(), of.c.row.desc())
    return select(*columns).select_from(of).join(StudyRow, StudyRow.id == of.c.row).order_by(*order)


def rows_within(stretches: Sequence[Criterion]) -> Criterion:
    """The rows in the stretches of indexes, as one condition."""

    def build(*values: Any) -> ColumnElement[bool]:
        each, begin = [], 0
        for stretch in stretches:
            end = begin + len(stretch.values)
            each.append(select(StudyRow.id).where(stretch.build(*values[begin:end])))
            begin = end
        return StudyRow.id.in_(each[0] if len(each) == 1 else union(*each))

    form = ("rows", *(stretch.form for stretch in stretches))
    return Criterion(form, tuple(value for stretch in stretches for value in stretch.values), build)


def holdings() -> Select[Any]:
    """How many studies the sites have that may be seen, how many of these sites have any, and how many are here."""
    others = aliased(SiteHoldingRow)
    here = select(func.coalesce(func.sum(others.studies), 0)).scalar_subquery()
    having = func.count().filter(SiteHoldingRow.studies > 0)
    return select(func.coalesce(func.sum(SiteHoldingRow.studies), 0), having, here)


def holders() -> Select[Any]:
    """The sites that have any study."""
    return select(SiteHoldingRow.site_code).where(SiteHoldingRow.studies > 0).order_by(SiteHoldingRow.site_code)


def counted(rows: Select[Any]) -> Select[Any]:
    """The number of rows, `most` at most."""
    return select(func.count()).select_from(rows.limit(bindparam("most", type_=Integer)).subquery())


def _paged(statement: Select[Any]) -> Select[Any]:
    return statement.limit(bindparam("limit", type_=Integer)).offset(bindparam("offset", type_=Integer))


def site_in(column: Column, sites: Iterable[str]) -> Criterion:
    """The access rule: of one of these sites."""
    wanted = sorted(sites)
    if not wanted:
        return Criterion("no site", (), lambda: literal_column("0") == literal_column("1"))
    if len(wanted) == 1:
        return Criterion(("site", column), (wanted[0],), lambda site: column == site)
    values = filled_up(wanted)
    return Criterion(("sites", column, len(values)), values, lambda *each: column.in_(each))
