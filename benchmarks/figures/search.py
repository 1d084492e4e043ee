"""QIDO-RS: requests per second of eight clients, for the searches that a worklist, a viewer and a program make."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from benchmarks import population, processes
from benchmarks.load import load
from benchmarks.measuring import Bench, Figure, Lost, Reading, Result, Work
from benchmarks.population import FAMILIES, GIVEN, YEARS, Study
from benchmarks.targets import Target
from benchmarks.web import Client

PAGE = 50
_ASKED = 200
_JSON = "application/dicom+json"
_OK, _NO_CONTENT = 200, 204


class Search(NamedTuple):
    """One kind: what it is called, and several of it, each with which studies it finds."""

    about: str
    asked: Sequence[tuple[str, Callable[[Study], bool]]]


def lists(count: int) -> dict[str, Search]:
    """What people look through: pages of the newest, by name, by date and modality."""
    source = Random(3)

    def page(keys: str) -> str:
        return f"/studies?{keys}limit={PAGE}"

    broad = [(page(f"PatientName={names[0]}*&"), _called(place)) for place, names in enumerate(FAMILIES)]
    narrow = [
        (page(f"PatientName={names[0]}^{given[0]}*&"), _called(place, of))
        for place, names in enumerate(FAMILIES)
        for of, given in enumerate(GIVEN)
    ]
    months = [f"{source.choice(YEARS)}{source.randint(1, 12):02d}" for _ in range(60)]
    by_date = [(page(f"StudyDate={month}01-{month}28&ModalitiesInStudy=CT&"), _ct_in(month)) for month in months]
    return {
        "qido-page": Search(f"QIDO page of {PAGE} among {count:,}", [(page(""), lambda _: True)]),
        "qido-name-broad": Search("QIDO by a family name", broad),
        "qido-name-narrow": Search("QIDO by family and given name", narrow),
        "qido-month-ct": Search("QIDO month and CT", by_date),
    }


def ids(count: int) -> dict[str, Search]:
    """What programs ask for: one study by its number or UID, what is in it."""
    some = [population.study(number) for number in Random(5).sample(range(count), min(_ASKED, count))]

    def of(path: Callable[[Study], str]) -> list[tuple[str, Callable[[Study], bool]]]:
        return [(path(each), partial(operator.eq, each)) for each in some]

    below = "/studies/{0.study}/series"
    return {
        "qido-accession": Search(
            "QIDO by accession number", of(lambda each: f"/studies?AccessionNumber={each.identity.accession}")
        ),
        "qido-study-uid": Search(
            "QIDO by study UID", of(lambda each: f"/studies?StudyInstanceUID={each.identity.study}")
        ),
        "qido-series": Search("QIDO a study's series", of(lambda each: below.format(each.identity))),
        "qido-instances": Search(
            "QIDO a series' instances", of(lambda each: (below + "/{0.series}/instances").format(each.identity))
        ),
    }


def measure_lists(bench: Bench) -> list[Result]:
    """The searches of `lists`."""
    return _measure(bench, lists(bench.size.searched))


def measure_ids(bench: Bench) -> list[Result]:
    """The searches of `ids`."""
    return _measure(bench, ids(bench.size.searched))


def heads(target: Target, search: Search) -> list[bytes]:
    """The requests of a kind."""
    return [target.web(path, Accept=_JSON) for path, _ in search.asked]


def rows(target: Target, path: str) -> int:
    """How many results there are. Raises Lost for an answer that is none."""
    with Client(target.http) as client:
        answer = client.ask(target.web(path, Accept=_JSON), keep=True)
    if answer.status == _NO_CONTENT:
        return 0
    if answer.status != _OK:
        raise Lost(f"{target.name} answered {answer.status} to {path}: {answer.body[:300]!r}")
    return len(json.loads(answer.body))


def _measure(bench: Bench, searches: Mapping[str, Search]) -> list[Result]:
    count = bench.size.searched
    for target in bench.targets:
        population.fill(target, count)
        processes.settle(target.pid)
    everything = list(population.studies(count))
    results = []
    for key, search in searches.items():
        expected = _expected(search, everything)

        def once(target: Target, search: Search = search, expected: int = expected) -> Reading:
            path = search.asked[0][0]
            if (found := rows(target, path)) != expected:
                raise Lost(f"{target.name} found {found} of {expected} by {path}")
            with Work(target) as work:
                loaded = load(target.http, heads(target, search), seconds=bench.size.seconds)
            if loaded.bad:
                raise Lost(f"{target.name} answered {loaded.bad} of {len(loaded.times)} searches with an error")
            return Reading(loaded.rate, work.each(len(loaded.times)))

        results += bench.interleaved(Figure(key, search.about, "requests/s"), once)
    return results


def _called(family: int, given: int | None = None) -> Callable[[Study], bool]:
    return lambda each: each.family == family and given in {None, each.given}


def _ct_in(month: str) -> Callable[[Study], bool]:
    return lambda each: each.modality == "CT" and each.identity.date.startswith(month)


def _expected(search: Search, everything: Sequence[Study]) -> int:
    """How many results the first of a kind has."""
    _, finds = search.asked[0]
    return min(PAGE, sum(finds(each) for each in everything))
