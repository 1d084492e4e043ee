"""Rows of the index as the DICOM JSON of a search result (PS3.18 section 10.6.3), without a detour over Python values.

A result is bytes made of the row alone, so they are kept by the row: what says the same is written once, and nothing
has to be thrown away when the index changes.
"""

from __future__ import annotations

import json.encoder
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dicomweb.dicom_json.attributes import tag_and_vr
from dicomweb.http.cache import is_short
from dicomweb.qido.kept_results import KeptResults, Row
from dicomweb.qido.parameters import SearchParameters
from pacs_node.archive.attributes import AT_LEVEL, INSTANCE, SERIES_OF_WEB, STUDY, Attribute, plain
from pacs_node.archive.criteria import Query
from pacs_node.archive.finding import Layout, layout_of
from pacs_node.archive.search import Level
from pacs_node.model import PersonName

_ABOVE: Mapping[Level, frozenset[str]] = {
    Level.STUDY: frozenset(),
    Level.SERIES: frozenset({"StudyInstanceUID"}),
    Level.INSTANCE: frozenset({"StudyInstanceUID", "SeriesInstanceUID"}),
}
_OWN: Mapping[Level, Mapping[str, Attribute]] = {
    Level.STUDY: STUDY,
    Level.SERIES: SERIES_OF_WEB,
    Level.INSTANCE: INSTANCE,
}
_TIMEZONE = "+0900"
ON_DEMAND = frozenset({"TimezoneOffsetFromUTC"})
"""The same for all results, and said where somebody asks."""
ALWAYS = frozenset({"SpecificCharacterSet", "InstanceAvailability", "RetrieveURL"})
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_kept_results = KeptResults(64 * 2**20)
"""Some ten thousand results of all shapes together; one is 2 to 3 kB, with its row."""
_quoted: Callable[[str], str] = json.encoder.encode_basestring


def returned_keywords(
    level: Level, study_uid: str | None, series_uid: str | None, asked: SearchParameters
) -> frozenset[str]:
    """Which attributes a result has: those of its level and of the levels that the path leaves open.

    A search below a known study or series leaves that one's attributes out: the client has them. What was matched
    and asked for is there in any case, everything that this level can say where all is asked for.
    """
    every = frozenset(AT_LEVEL[level]) | ON_DEMAND
    if asked.include_all:
        return frozenset(name for name in every if "." not in name)
    own = {Level.STUDY} if study_uid is None else set()
    if level is Level.INSTANCE and series_uid is None:
        own.add(Level.SERIES)
    at_hand = (name for one in (*own, level) for name, attribute in _OWN[one].items() if attribute.is_at_hand)
    return every & (_ABOVE[level] | set(at_hand) | {name.partition(".")[0] for name in (*asked.include, *asked.keys)})


class ResultWriter:
    """Writes the results of one shape: of a level, with certain attributes, for clients of one URL."""

    def __init__(self, level: Level, wanted: frozenset[str], service: str) -> None:
        layout = layout_of(level, wanted)
        fields: list[tuple[str, Callable[[Row], str]]] = [
            _field(keyword, AT_LEVEL[level][keyword], places) for keyword, places in layout.places.items()
        ]
        fields += [_fixed("SpecificCharacterSet", "ISO_IR 192"), _fixed("InstanceAvailability", "ONLINE")]
        if "TimezoneOffsetFromUTC" in wanted:
            fields.append(_fixed("TimezoneOffsetFromUTC", _TIMEZONE))
        fields.append(_retrieve_url(level, layout, service))
        self._fields = [write for _, write in sorted(fields, key=lambda field: field[0])]

    def body(self, rows: Iterable[Row]) -> bytes:
        """The results as one JSON array."""
        kept = _kept_results.of(self)
        # get() alone, so that threads may share this: two that miss at once both write the same.
        return f"[{','.join([kept.get(row) or self._written(row) for row in rows])}]".encode()

    def _written(self, row: Row) -> str:
        written = _kept_results.older(self, row)
        if written is None:
            written = "{" + ",".join([write(row) for write in self._fields]) + "}"
        _kept_results.put(self, row, written)
        return written


def writer_of(level: Level, wanted: frozenset[str], service: str) -> ResultWriter:
    """The writer for a shape; few are in use at a time."""
    # The service is what the client calls us: one without an end is not kept.
    return _kept_writer(level, wanted, service) if is_short(service) else ResultWriter(level, wanted, service)


@lru_cache(maxsize=16)
def _kept_writer(level: Level, wanted: frozenset[str], service: str) -> ResultWriter:
    return ResultWriter(level, wanted, service)


def _start(keyword: str) -> tuple[str, str, str]:
    """The tag, how an attribute begins that has values, and the whole of one that has none (section F.2.5)."""
    tag, vr = tag_and_vr(keyword)
    return tag, f'"{tag}":{{"vr":"{vr}","Value":[', f'"{tag}":{{"vr":"{vr}"}}'


def _fixed(keyword: str, value: str) -> tuple[str, Callable[[Row], str]]:
    tag, start, _ = _start(keyword)
    whole = f"{start}{_quoted(value)}]}}"
    return tag, lambda _row: whole


def _retrieve_url(level: Level, layout: Layout, service: str) -> tuple[str, Callable[[Row], str]]:
    tag, start, _ = _start("RetrieveURL")
    base = _quoted(f"{service}/studies/")[:-1]
    [study] = layout.places["StudyInstanceUID"]
    if level is Level.STUDY:
        return tag, lambda row: f'{start}{base}{row[study]}"]}}'
    [series] = layout.places["SeriesInstanceUID"]
    if level is Level.SERIES:
        return tag, lambda row: f'{start}{base}{row[study]}/series/{row[series]}"]}}'
    [instance] = layout.places["SOPInstanceUID"]
    return tag, lambda row: f'{start}{base}{row[study]}/series/{row[series]}/instances/{row[instance]}"]}}'


def _field(keyword: str, attribute: Attribute, places: Sequence[int]) -> tuple[str, Callable[[Row], str]]:
    tag, start, empty = _start(keyword)
    value, at = attribute.value, places[0]
    if value is plain:

        def write(row: Row) -> str:
            said = row[at]
            if said is None or said == "":
                return empty
            return f"{start}{said if type(said) is int else _quoted(said)}]}}"

    elif len(places) == 1:

        def write(row: Row) -> str:
            said = value(row[at])
            if type(said) is str:
                return f"{start}{_quoted(said)}]}}" if said else empty
            written = _all_json(said)
            return f"{start}{written}]}}" if written else empty

    else:

        def write(row: Row) -> str:
            written = _all_json(value(*[row[place] for place in places]))
            return f"{start}{written}]}}" if written else empty

    return tag, write


def _all_json(value: Any) -> str:
    """One or several values, without those that say nothing."""
    each = [_json(one) for one in (value if isinstance(value, list) else [value]) if one not in (None, "")]
    return ",".join(one for one in each if one != "{}")


def _json(value: Any) -> str:
    if isinstance(value, PersonName):
        groups = zip(_GROUPS, (value.alphabetic, value.ideographic, value.phonetic), strict=True)
        return "{" + ",".join(f'"{name}":{_quoted(group)}' for name, group in groups if group) + "}"
    if isinstance(value, Mapping):  # an item of a sequence
        items = sorted((tag_and_vr(name), said) for name, said in value.items())
        return (
            "{"
            + ",".join(
                f'"{tag}":{{"vr":"{vr}","Value":[{_quoted(said)}]}}' if said else f'"{tag}":{{"vr":"{vr}"}}'
                for (tag, vr), said in items
            )
            + "}"
        )
    return _quoted(value)


def query_of(  # noqa: PLR0917 - the parts of a search's address, and who asks
    level: Level,
    sites: frozenset[str],
    asked: SearchParameters,
    wanted: frozenset[str],
    study_uid: str | None,
    series_uid: str | None,
) -> Query:
    """What the index is asked."""
    return Query(
        level=level,
        sites=sites,
        keys=asked.keys,
        study_uid=study_uid,
        series_uid=series_uid,
        limit=asked.limit,
        offset=asked.offset,
        fuzzy=asked.fuzzy,
        empty_values=asked.empty_values,
        multiple_values=asked.multiple_values,
        wanted=wanted,
    )
