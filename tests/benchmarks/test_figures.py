"""Proves that every figure is produced against the hub, and beside it against Orthanc, and that all instances arrived.

`benchmarks.measuring.Lost` is raised where a target has not what it acknowledged. How fast it was is nobody's business
here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.__main__ import measure
from benchmarks.figures import ALL
from benchmarks.measuring import SMALL, Result
from benchmarks.sending import STORESCU
from benchmarks.targets import ORTHANC

_TARGETS = {"dokuei"} | ({"Orthanc"} if ORTHANC else set())
_FIGURES = {
    "store": {"store-526-1", "store-526-8", "store-35-1", "store-35-8"},
    "storescu": {"storescu", "storescu-nagle"},
    "find": {"find-day", "find-accession", "find-patient"},
    "move": {"move"},
    "memory": {"memory-16", "memory-giant"},
    "retrieve": {"frame-8", "rendered-8", "rendered-new-8", "series"},
    "metadata": {"metadata-first", "metadata-warm"},
    "stow": {"stow-1", "stow-4"},
    "search-lists": {"qido-page", "qido-name-broad", "qido-name-narrow", "qido-month-ct"},
    "search-ids": {"qido-accession", "qido-study-uid", "qido-series", "qido-instances"},
    "web-memory": {"memory-retrieve", "memory-stow"},
}
_OF_THE_HUB = {f"p95-{kind.removeprefix('qido-')}" for kind in _FIGURES["search-lists"] | _FIGURES["search-ids"]}
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not Path(STORESCU).exists(), reason="Debian's dcmtk is not installed; make test installs it"),
]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """One small run of everything; it leaves nothing behind."""
    folder = tmp_path_factory.mktemp("benchmarks")
    found = measure(list(ALL), SMALL, runs=1, beside=ORTHANC is not None, folder=folder)
    assert [] == list(folder.iterdir())
    return found


def test_every_figure_is_measured_against_every_target(results: list[Result]) -> None:
    of_both = {(key, target) for keys in _FIGURES.values() for key in keys for target in _TARGETS}
    alone = {(key, "dokuei") for key in _OF_THE_HUB}
    assert of_both | alone == {(result.figure.key, result.target) for result in results}
    assert [] == [(r.figure.key, r.target, r.why_not) for r in results if r.median is None or r.why_not]


def test_the_figures_are_told_as_json_and_as_a_table(results: list[Result]) -> None:
    told = [json.loads(line) for line in table.lines(results)]
    assert set().union(_OF_THE_HUB, *_FIGURES.values()) == {each["key"] for each in told}
    assert [figure.about for figure in dict.fromkeys(r.figure for r in results)] == [
        row.split(" | ")[0].removeprefix("| ") for row in table.markdown(results).splitlines()[2:]
    ]
