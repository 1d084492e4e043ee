"""QIDO-RS in a large index against a small one: the time that 95 of 100 searches stay below, by eight clients."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks import population, processes
from benchmarks.figures import search
from benchmarks.figures.search import Search
from benchmarks.load import Loaded, load
from benchmarks.measuring import Bench, Better, Figure, Lost, Result
from benchmarks.multiply import multiply
from benchmarks.objects import Identity
from benchmarks.targets import Hub

# No study arrives at all, and no file is read: what is measured is the index.
_STILL = {"DOKUEI_QUIET_PERIOD": "86400", "DOKUEI_VERIFY_DAYS": "0"}


def measure(bench: Bench) -> list[Result]:
    """p95 in the large index over p95 in the small one, for each kind of search; of the hub alone."""
    few, many = bench.size.scale
    small, large = (_hub(bench, f"scale-{count}") for count in (few, many))
    with small:
        population.fill(small, few)
        processes.settle(small.pid)
    _enlarge(small, large, few, many)
    searches = search.lists(few) | search.ids(few)
    results = [
        Result(
            Figure(f"p95-{key.removeprefix('qido-')}", f"p95 at {many:,} over {few:,}, {about}", "×", Better.LESS),
            Hub.name,
        )
        for key, (about, _) in searches.items()
    ]
    with small, large:
        _must_hold(large, population.study(many - 1).identity)
        for _ in range(bench.runs):
            for result, of in zip(results, searches.values(), strict=True):
                seen = [_load(bench, hub, of) for hub in (small, large)]
                result.values.append(seen[1].p95 / seen[0].p95)
                sys.stderr.write(f"{result.figure.key}: {' → '.join(f'{each.p95 * 1000:.1f} ms' for each in seen)}\n")
    if bench.kept is None:
        for hub in (small, large):
            shutil.rmtree(hub.folder, ignore_errors=True)
    return results


def _must_hold(hub: Hub, last: Identity) -> None:
    """Raise Lost unless the last of the copies is a whole study."""
    for path in (f"/studies?AccessionNumber={last.accession}", f"/studies/{last.study}/series/{last.series}/instances"):
        if search.rows(hub, path) != 1:
            raise Lost(f"{path} finds nothing in the large index")


def _hub(bench: Bench, name: str) -> Hub:
    hub = Hub((bench.kept or bench.folder) / name, environ=_STILL)
    hub.keep = True
    return hub


def _enlarge(small: Hub, large: Hub, few: int, many: int) -> None:
    """Make the large one's folder of the small one's; a mark says when it is whole."""
    mark: Path = large.folder / "multiplied"
    if not mark.exists():
        if not large.folder.exists():
            unfinished = large.folder.with_suffix(".part")
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(small.folder, unfinished)
            unfinished.rename(large.folder)
        multiply(large.data / "hub.sqlite", few, many)
        mark.touch()


def _load(bench: Bench, hub: Hub, of: Search) -> Loaded:
    loaded = load(hub.http, search.heads(hub, of), seconds=bench.size.seconds)
    if loaded.bad:
        raise Lost(f"{hub.name} answered {loaded.bad} of {len(loaded.times)} searches with an error")
    return loaded
