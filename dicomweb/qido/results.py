"""Rows of the index as the DICOM JSON of a search result (PS3.18 section 10.6.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dicomweb.dicom_json.attributes import attribute
from dicomweb.qido.parameters import SearchParameters
from pacs_node.archive.attributes import AT_LEVEL, INSTANCE, SERIES, STUDY
from pacs_node.archive.search import Level, Query

_OWN: Mapping[Level, frozenset[str]] = {
    Level.STUDY: frozenset(STUDY),
    Level.SERIES: frozenset(SERIES) | {"StudyInstanceUID"},
    Level.INSTANCE: frozenset(INSTANCE) | {"StudyInstanceUID", "SeriesInstanceUID"},
}


def returned_keywords(query: Query, asked: SearchParameters) -> frozenset[str]:
    """Which attributes a result has: those of its level, what was matched and asked for, everything where all is.

    A search below a known study leaves the study's own attributes out: the client has them.
    """
    every = frozenset(AT_LEVEL[query.level])
    if asked.include_all or query.study_uid is None:
        return every
    return every & (_OWN[query.level] | asked.include | frozenset(asked.keys))


def result_json(service: str, level: Level, row: Mapping[str, Any], keywords: frozenset[str]) -> dict[str, Any]:
    """One result, with where to retrieve it."""
    answer: dict[str, Any] = {}
    for keyword in keywords:
        answer |= attribute(keyword, row[keyword])
    answer |= attribute("InstanceAvailability", "ONLINE")
    answer |= attribute("RetrieveURL", _url(service, level, row))
    return dict(sorted(answer.items()))


def _url(service: str, level: Level, row: Mapping[str, Any]) -> str:
    url = f"{service}/studies/{row['StudyInstanceUID']}"
    if level is not Level.STUDY:
        url += f"/series/{row['SeriesInstanceUID']}"
    if level is Level.INSTANCE:
        url += f"/instances/{row['SOPInstanceUID']}"
    return url
