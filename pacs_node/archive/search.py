"""Searching the index for whoever wants Python values; `finding` does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from pacs_node.archive.attributes import AT_LEVEL, Level
from pacs_node.archive.criteria import Query
from pacs_node.archive.finding import find

__all__ = ["Level", "Query", "SearchResult", "search"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found: keywords of the level and those above it, to Python values.

    Dates and times are DICOM strings, empty where unknown; names are PersonName with `^` kept;
    ModalitiesInStudy is a list; counts and numbers are int, or None where unknown.
    """

    rows: list[Mapping[str, Any]]
    total: int
    """All matches; with `with_total` off, those known so far: the offset and the rows, 0 without rows."""
    ignored: tuple[str, ...] = ()
    """Keys with a value that this level can't match; nothing was filtered by them."""


def search(session: Session, query: Query) -> SearchResult:
    """Find what matches all keys, in a stable order: StudyDate and StudyTime descending, then a key.

    Raises InvalidInput naming the key when a value is malformed.
    """
    connection = session.connection()
    found = find(connection.connection.cursor(), connection.dialect, query)
    attributes = AT_LEVEL[query.level]
    rows: list[Mapping[str, Any]] = [
        {
            keyword: attributes[keyword].value(*[row[place] for place in places])
            for keyword, places in found.layout.places.items()
        }
        for row in found.rows
    ]
    return SearchResult(rows=rows, total=found.total, ignored=found.ignored)
