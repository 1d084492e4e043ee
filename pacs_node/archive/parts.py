"""Matching of one value among several that a column keeps between backslashes: each by itself (PS3.4 C.2.2.2.4)."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, select

from pacs_node.archive.matching import (
    NOTHING,
    Column,
    Criterion,
    Looking,
    Matcher,
    any_of,
    listed,
    value_of,
    wildcard,
)

_RUNS_OVER = re.compile(r"\?|[^*]\*+[^*]")
"""Wildcards that can stand for the backslash between two values; a star at an end alone never has to."""
# As literals, so that a statement has no values but those that are asked for.
_NO_TEXT: Any = literal_column("''")
_BACKSLASH: Any = literal_column("'\\'")
_OPENING: Any = literal_column("'['")
_CLOSING: Any = literal_column("']'")
_QUOTED_BACKSLASH: Any = literal_column("'\\\\'")
_NEXT: Any = literal_column("'\",\"'")
_ONE: Any = literal_column("1")


def choices(column: Column) -> Matcher:
    """Single value or wildcard matching of any value; several that are asked for mean any of them."""

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        return any_of([_part(looking, column, part) for part in listed(keyword, value)])

    return match


def part_of(column: Column) -> Matcher:
    """Single value or wildcard matching of any value."""

    def match(looking: Looking, keyword: str, value: str) -> Criterion:
        wanted = value_of(keyword, value).strip()
        # No value has the letter that parts them.
        return NOTHING if "\\" in wanted else _part(looking, column, wanted)

    return match


def _part(looking: Looking, column: Column, pattern: str) -> Criterion:
    """The column as one text says soon what can't match; only what may is taken apart.

    Not by way of `study_modality`: its key begins with the modality, and a study would have to be looked for among
    all that have the first letter of the pattern.
    """
    together = wildcard(looking, column, f"*\\{pattern}\\*")
    if _RUNS_OVER.search(pattern) is None:
        return together
    each = _each(looking, column)
    apart = wildcard(looking, each, pattern)
    many = len(together.values)

    def build(*values: Any) -> ColumnElement[bool]:
        one = select(_ONE).where(each != _NO_TEXT, apart.build(*values[many:]))
        return and_(together.build(*values[:many]), one.exists())

    return Criterion(("part", together.form, len(apart.values)), (*together.values, *apart.values), build)


def _each(looking: Looking, column: Column) -> Any:
    """The values of the column as those of a table, with empty ones at both ends."""
    if looking.dialect == "sqlite":
        values = func.replace(func.json_quote(column), _QUOTED_BACKSLASH, _NEXT)
        listed_values = _OPENING.op("||")(values).op("||")(_CLOSING)
        return func.json_each(listed_values).table_valued("value").c.value
    return func.unnest(func.string_to_array(column, _BACKSLASH)).column_valued("part")
