"""Proves that every figure is produced against the hub, and beside it against Orthanc, and that all instances arrived.

`benchmarks.measuring.Lost` is raised where a target has not what it acknowledged. How fast it was is nobody's business
here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks import table
from benchmarks.__main__ import measure
from benchmarks.figures import ALL
from benchmarks.measuring import SMALL, Result
from benchmarks.sending import STORESCU
from benchmarks.targets import ORTHANC

_TARGETS = {"dokuei"} | ({"Orthanc"} if ORTHANC else set())
_NODE = {
    "store": {"store-526-1", "store-526-8", "store-35-1", "store-35-8"},
    "storescu": {"storescu", "storescu-nagle"},
    "find": {"find-day", "find-accession", "find-patient"},
    "move": {"move"},
    "memory": {"memory-16", "memory-giant"},
}
_WEB = {
    "retrieve": {"frame-8", "rendered-8", "rendered-new-8", "series"},
    "metadata": {"metadata-first", "metadata-warm"},
    "stow": {"stow-1", "stow-4"},
    "search-lists": {"qido-page", "qido-name-broad", "qido-name-narrow", "qido-month-ct"},
    "search-ids": {"qido-accession", "qido-study-uid", "qido-series", "qido-instances"},
    "web-memory": {"memory-retrieve", "memory-stow"},
}
_OF_THE_HUB = {
    "scale": {f"p95-{kind.removeprefix('qido-')}" for kind in _WEB["search-lists"] | _WEB["search-ids"]},
}
pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not Path(STORESCU).exists(), reason="Debian's dcmtk is not installed; make test installs it"),
]


class Run(NamedTuple):
    """What was measured, and the figures that it should have given: against every target, and of the hub alone."""

    results: list[Result]
    of_both: set[str]
    alone: set[str]


@pytest.fixture(scope="module", params=[(_NODE, {}), (_WEB, {}), ({}, _OF_THE_HUB)], ids=["node", "dicomweb", "scale"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One small run; it leaves nothing behind."""
    of_both, alone = request.param
    folder = tmp_path_factory.mktemp("benchmarks")
    found = measure([*of_both, *alone], SMALL, runs=1, beside=ORTHANC is not None, folder=folder)
    assert [] == list(folder.iterdir())
    return Run(found, set().union(*of_both.values()), set().union(*alone.values()))


def test_all_groups_are_run() -> None:
    assert ALL.keys() == _NODE.keys() | _WEB.keys() | _OF_THE_HUB.keys()


def test_every_figure_is_measured_against_every_target(run: Run) -> None:
    expected = {(key, target) for key in run.of_both for target in _TARGETS} | {(key, "dokuei") for key in run.alone}
    assert expected == {(result.figure.key, result.target) for result in run.results}
    assert [] == [(r.figure.key, r.target, r.why_not) for r in run.results if r.median is None or r.why_not]


def test_the_figures_are_told_as_json_and_as_a_table(run: Run) -> None:
    told = [json.loads(line) for line in table.lines(run.results)]
    assert run.of_both | run.alone == {each["key"] for each in told}
    assert [figure.about for figure in dict.fromkeys(r.figure for r in run.results)] == [
        row.split(" | ")[0].removeprefix("| ") for row in table.markdown(run.results).splitlines()[2:]
    ]
