"""Finding a page of what is asked for: a few short statements on the driver's cursor.

Which way leads to the page is chosen by what is asked and by counts that are kept or bounded, so that a page of fifty
costs about the same of ten thousand studies and of a million.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Dialect

from pacs_node.archive import statements as made
from pacs_node.archive.attributes import AT_LEVEL, Attribute, Level
from pacs_node.archive.criteria import Criteria, Query, criteria_of
from pacs_node.archive.matching import LARGEST_INTEGER, Criterion, any_of, equal, listed
from pacs_node.archive.statements import Statements, Walk, site_in, stretch_of
from pacs_node.archive.tables import SeriesRow, SiteHoldingRow, StudyModalityRow, StudyRow

COUNTED = 10_000
"""As many matches are counted; of more, it is only said that they are more."""
_LOOKED_AT = 25_000
"""Entries of an index that are counted to learn how long sorting them would take."""
_SMALL = 2000
"""Studies that are looked through one by one without a thought."""
_MUCH = 0.05
"""The part of all studies that must be visible for a walk through all of them to be a short one."""
_MOST_MERGED = 64
_MOST_STRETCHES = 16
_FEW_ROWS = 500
_MODALITIES = "ModalitiesInStudy"
_UNIQUE = frozenset({"StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"})
_NEARLY_UNIQUE = frozenset({"AccessionNumber", "PatientID"})
_IN_INDEXES = ("PatientID", "AccessionNumber", "PatientName")
"""Keys of which an index knows the beginning, the most selective first."""
_SORT, _LOOK = 0.3, 2.0
"""What it costs to sort an entry of an index, against looking at a row."""

Total = tuple[int, bool]
"""A number of matches, and whether these are all."""


class Layout(NamedTuple):
    """Which columns are read, the study's site first, and where those of each keyword are among them."""

    columns: tuple[ColumnElement[Any], ...]
    places: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Rows as the driver gives them, to be read by `layout`."""

    rows: Sequence[tuple[Any, ...]]
    layout: Layout
    total: int
    is_exact: bool
    """Whether `total` are all matches; else there are at least as many."""
    ignored: tuple[str, ...] = ()
    """Keys with a value that this level can't match; nothing was filtered by them."""


def find(cursor: Any, dialect: Dialect, query: Query) -> Found:
    """A page of what matches all keys, in a stable order: StudyDate and StudyTime descending, then a key.

    `cursor` is a driver's, as `Database.read_lean` gives it. Raises InvalidInput naming the key when a value is
    malformed.
    """
    return _Finding(cursor, dialect, query).found()


_statements: dict[tuple[str, str], Statements] = {}


def _statements_of(dialect: Dialect) -> Statements:
    return _statements.setdefault((dialect.name, dialect.driver), Statements(dialect))


@lru_cache(maxsize=256)
def layout_of(level: Level, wanted: frozenset[str] | None) -> Layout:
    """How the rows of a level are read that are to say this much."""
    attributes: Mapping[str, Attribute] = AT_LEVEL[level]
    named = [name for name, one in attributes.items() if (one.is_at_hand if wanted is None else name in wanted)]
    read = (column for name in named for column in attributes[name].columns)
    columns: list[Any] = list(dict.fromkeys((StudyRow.site_code, *read)))
    place = {column: at for at, column in enumerate(columns)}
    return Layout(tuple(columns), {name: tuple(place[each] for each in attributes[name].columns) for name in named})


class _Visible(NamedTuple):
    """How many studies may be seen, how many sites have these, and how many studies are here."""

    studies: int
    holders: int
    here: int


class _Finding:
    """One search; its methods are the ways to its page, the most direct first."""

    def __init__(self, cursor: Any, dialect: Dialect, query: Query) -> None:
        self._cursor = cursor
        self._statements = _statements_of(dialect)
        self._is_sqlite = self._statements.is_sqlite
        self._query = query
        self._criteria: Criteria = criteria_of(query, dialect.name)
        self._layout = layout_of(query.level, query.wanted)
        self._limit = min(max(0, query.limit), LARGEST_INTEGER)
        self._offset = min(max(0, query.offset), LARGEST_INTEGER)
        self._is_study = query.level is Level.STUDY
        self._sees_all = False
        """Whether all studies that are here may be seen, so that no site needs to be asked for."""

    def found(self) -> Found:
        """The page, by the most direct way; no row of another site leaves, whatever kept counts have said."""
        page = self._found()
        if self._sees_all and any(row[0] not in self._query.sites for row in page.rows):
            page = self._found(trusting=False)
        return page

    def _found(self, *, trusting: bool = True) -> Found:
        criteria = dict(self._criteria.by_keyword)
        if unique := self._unique(criteria):
            return self._named(unique, list(criteria.values()))
        visible = self._visible()
        self._sees_all = trusting and visible.studies == visible.here
        if visible.studies <= _SMALL:
            return self._walk(self._site(), [*self._when(), *criteria.values()], visible)
        if modality := self._modality(criteria):
            return self._of_modality(modality, list(criteria.values()))
        keyword = next((key for key in _IN_INDEXES if _has_stretches(criteria.get(key))), None)
        if keyword is not None and self._is_sqlite:
            return self._in_stretches(criteria.pop(keyword), list(criteria.values()), visible)
        return self._newest(list(criteria.values()), visible)

    # The ways.

    def _named(self, unique: list[Criterion], rest: list[Criterion]) -> Found:
        """What a unique or nearly unique key names."""
        seen = [*self._site(), *self._when(), *rest]
        build = partial(made.named, self._query.level, self._is_sqlite, len(unique))
        return self._page("named", build, [*unique, *seen])

    def _newest(self, rest: list[Criterion], visible: _Visible, total: Total | None = None) -> Found:
        """A walk from the newest on until the page is full: through a site, all sites, or the newest of each."""
        is_much = visible.studies >= visible.here * _MUCH
        if self._sees_all or (is_much and len(self._query.sites) > 1):
            return self._walk(self._when(), [*self._site(), *rest], visible, total)
        if self._is_study and not rest and 1 < visible.holders <= _MOST_MERGED:
            return self._merged(visible)
        return self._walk([*self._site(), *self._when()], rest, visible, total)

    def _walk(
        self, looked_up: list[Criterion], seen: list[Criterion], visible: _Visible, total: Total | None = None
    ) -> Found:
        if self._is_study and not self._criteria.by_keyword and not self._criteria.when:
            total = visible.studies, True
        walk = Walk(self._query.level, self._is_sqlite, len(looked_up))
        return self._page(walk, walk.statement, [*looked_up, *seen], total)

    def _merged(self, visible: _Visible) -> Found:
        held = site_in(SiteHoldingRow.site_code, self._query.sites)
        self._run(("holders", held.form), lambda site: made.holders().where(site), [held])
        sites = [site for (site,) in self._cursor.fetchall()]
        dates = self._when()
        walk = Walk(self._query.level, self._is_sqlite, len(self._site()) + len(dates))
        reach = min(self._offset + self._limit, LARGEST_INTEGER)
        named = {f"site{at}": site for at, site in enumerate(sites)}
        form = ("merged", len(sites), self._query.wanted)
        build = partial(made.merged, self._layout.columns, len(sites), dates)
        self._run(form, build, dates, **named, reach=reach, limit=self._limit, offset=self._offset)
        rows = self._cursor.fetchall()
        total = (visible.studies, True) if not dates else None
        return self._answer(rows, total or self._total(rows, walk, walk.statement, [*self._site(), *dates]))

    def _of_modality(self, modality: Criterion, rest: list[Criterion]) -> Found:
        of = StudyModalityRow
        looked_up = [modality, *self._criteria.moments(of.study_date, of.study_time)]
        walk = Walk(self._query.level, self._is_sqlite, len(looked_up), modality=True, study_is_asked=bool(rest))
        return self._page(walk, walk.statement, [*looked_up, *self._site(of.site_code), *rest])

    def _in_stretches(self, criterion: Criterion, rest: list[Criterion], visible: _Visible) -> Found:
        """By way of an index of the key, or by a walk through all that looks at the key.

        How much the index has is counted first, as far as it matters: a bounded look costs less than a wrong guess.
        """
        stretches = [stretch_of(stretch) for stretch in criterion.within]
        self._run("lengths", made.lengths, stretches, most=_LOOKED_AT + 1)
        lengths = self._cursor.fetchone()
        alive = [stretch for stretch, length in zip(stretches, lengths, strict=True) if length]
        many = sum(lengths)
        if not many:
            return self._answer([], (0, True))
        left = any_of(alive) if criterion.is_all_within else criterion
        if criterion.is_all_within and not rest and self._is_study:
            return self._covered(alive, many, visible)
        if many <= _FEW_ROWS:
            return self._named([made.rows_within(alive)], [left, *rest])
        return self._newest([left, *rest], visible)

    def _covered(self, alive: list[Criterion], many: int, visible: _Visible) -> Found:
        """All that is asked for stands in the index of the key: `many` entries, or more than are counted."""
        seen = [*self._site(), *self._when()]
        within = partial(made.within, len(alive))
        total = (min(many, COUNTED), many <= COUNTED) if len(alive) == 1 and not seen else None
        steps = (self._offset + self._limit) * visible.studies / many
        if many * _SORT <= steps * _LOOK:
            return self._page("within", within, [*alive, *seen], total)
        if total is None and self._query.with_total and visible.studies > COUNTED and not self._criteria.when:
            # A walk finds a page soon, but would look at many rows to count them.
            self._run(("within", "count"), partial(within, None), [*alive, *seen], most=COUNTED + 1)
            [count] = self._cursor.fetchone()
            total = min(count, COUNTED), count <= COUNTED
        return self._newest([any_of(alive)], visible, total)

    # What they are made of.

    def _unique(self, criteria: dict[str, Criterion]) -> list[Criterion]:
        """Takes out what names a few rows by itself."""
        unique = []
        if self._query.study_uid is not None:
            unique.append(equal(StudyRow.study_uid, self._query.study_uid))
        if self._query.series_uid is not None and not self._is_study:
            unique.append(equal(SeriesRow.series_uid, self._query.series_uid))
        for keyword in list(criteria):
            is_single = [stretch.is_single for stretch in criteria[keyword].within] == [True]
            if keyword in _UNIQUE or (keyword in _NEARLY_UNIQUE and is_single):
                unique.append(criteria.pop(keyword))
        return unique

    def _modality(self, criteria: dict[str, Criterion]) -> Criterion | None:
        """Takes out ModalitiesInStudy where it is one value."""
        if _MODALITIES not in criteria or _MODALITIES in self._criteria.without_value:
            return None
        wanted = listed(_MODALITIES, self._query.keys[_MODALITIES])
        if len(wanted) != 1 or any(wildcard in wanted[0] for wildcard in "*?"):
            return None
        del criteria[_MODALITIES]
        return equal(StudyModalityRow.modality, wanted[0])

    def _site(self, column: Any = StudyRow.site_code) -> list[Criterion]:
        """The access rule; nothing where all that is here may be seen."""
        return [] if self._sees_all else [site_in(column, self._query.sites)]

    def _when(self) -> list[Criterion]:
        return self._criteria.moments(StudyRow.study_date, StudyRow.study_time)

    def _visible(self) -> _Visible:
        site = site_in(SiteHoldingRow.site_code, self._query.sites)
        self._run(("holdings", site.form), lambda held: made.holdings().where(held), [site])
        return _Visible(*map(int, self._cursor.fetchone()))

    def _page(
        self, way: Hashable, build: Callable[..., Any], parts: Sequence[Criterion], total: Total | None = None
    ) -> Found:
        """The rows of a way, and its total where that is not known yet."""
        rows: Sequence[tuple[Any, ...]] = ()
        if self._limit:
            form = (way, self._query.level, self._query.wanted)
            make = partial(build, self._layout.columns)
            self._run(form, make, parts, limit=self._limit, offset=self._offset)
            rows = self._cursor.fetchall()
        if total is None or not (total[1] or self._offset + len(rows) <= total[0]):
            total = self._total(rows, way, build, parts)
        return self._answer(rows, total)

    def _total(
        self, rows: Sequence[Any], way: Hashable, build: Callable[..., Any], parts: Sequence[Criterion]
    ) -> Total:
        """All matches: those before and on a page that is not full; else they are counted, some thousands at most.

        A page behind these has walked through all before it already: there it is counted as far as the page reaches,
        so that nobody is told of matches behind an empty page, or behind the last one.
        """
        reached = self._offset + len(rows)
        if not self._query.with_total:
            return (reached if rows else 0), False
        if len(rows) < self._limit and (rows or not self._offset):
            return reached, True
        bound = min(max(COUNTED, reached), LARGEST_INTEGER - 1)
        self._run((way, "count", self._query.level), partial(build, None), parts, most=bound + 1)
        [many] = self._cursor.fetchone()
        return min(many, bound), many <= bound

    def _answer(self, rows: Sequence[tuple[Any, ...]], total: Total) -> Found:
        many, is_exact = total
        known = self._offset + len(rows) if rows else 0
        return Found(
            rows=rows,
            layout=self._layout,
            total=max(many, known),
            is_exact=is_exact,
            ignored=self._criteria.ignored,
        )

    def _run(self, way: Hashable, build: Callable[..., Any], parts: Sequence[Criterion], **values: Any) -> None:
        form = (way, *(part.form for part in parts))
        self._statements.run(self._cursor, form, build, parts, **values)


def _has_stretches(criterion: Criterion | None) -> bool:
    return criterion is not None and 0 < len(criterion.within) <= _MOST_STRETCHES
