"""`python -m benchmarks.soak`: play, judge, tell; exit status 1 when something is lost, wrong or growing."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmarks.sending import Node
from benchmarks.sink import sink
from benchmarks.soak import table, verdict
from benchmarks.soak.ledger import Abandoned, Ledger
from benchmarks.soak.modality import Modality
from benchmarks.soak.reports import Reports
from benchmarks.soak.scanner import Scanner
from benchmarks.soak.viewer import Viewer
from benchmarks.soak.watch import Sample, Watch, at_intervals, later, slope
from benchmarks.soak.workstation import Workstation
from benchmarks.targets import Hub, Site
from benchmarks.wire import Address

SITES = ("SOAK1", "SOAK2")
_SECONDS_TO_SETTLE = 120
# The web server's thread pool keeps threads, and each its database connection, by how many asked at once.
_POOL_THREADS, _POOL_FILES = 8, 24
_MOST_ABANDONED = 20
_MIB = 2**20


class Actor(Protocol):
    """A peer of the hub; a round of it may raise Abandoned when the ledger says already why."""

    node: Node

    def round(self) -> None:
        """One of the things that it does."""

    def every_deed(self) -> None:
        """Each of them once."""

    def close(self) -> None:
        """Close whatever it has left open."""


@dataclass
class Told:
    """How a soak went; `samples` are those of the time in which everybody was at it."""

    seed: int
    ledger: Ledger
    before: Sample
    after: Sample
    samples: list[Sample]
    wrong: list[str] = field(default_factory=list)

    def line(self) -> dict[str, object]:
        """For a line of JSON."""
        kept = self.ledger.all()
        return {
            "seed": self.seed,
            "acknowledged": len(kept),
            "MB": round(sum(each.made.size for each in kept) / 1e6),
            "done": dict(self.ledger.done),
            "failed": dict(self.ledger.failed),
            "slowest": {what: round(seconds, 1) for what, seconds in self.ledger.slowest.items()},
            "seconds": round(self.samples[-1].at - self.samples[0].at) if self.samples else 0,
            "resident_MiB": [round(each.resident / _MIB) for each in (self.before, self.after)],
            "resident_MiB_at": [[round(each.at), round(each.resident / _MIB)] for each in at_intervals(self.samples)],
            "rise_MiB_a_minute": round(slope(later(self.samples)) / _MIB, 2),
            "judged_seconds": round(verdict.judged(self.samples)),
            "flat": not verdict.risen(self.samples),
            "threads": [self.before.threads, self.after.threads],
            "files": [self.before.files, self.after.files],
            "largest_wal_MiB": round(max((each.wal for each in self.samples), default=0) / _MIB, 1),
            "wrong": self.wrong[:50],
        }


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line, play, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scanners", type=int, default=3, help="of each of the two clinics")
    parser.add_argument("--folder", type=Path, help="where the data go meanwhile; a temporary folder else")
    parser.add_argument("--json", action="store_true", help="tell it as JSON, not as tables")
    said = parser.parse_args(words)
    told = soak(seed=said.seed, scanners=said.scanners, go_on=_during(said.minutes * 60), folder=said.folder)
    told.wrong += verdict.grown(told.samples)
    if said.json:
        print(json.dumps(told.line(), ensure_ascii=False, indent=1))
    else:
        kept = told.ledger
        print(f"{len(kept.all()):,} instances acknowledged in {told.line()['seconds']} s, seed {told.seed}\n")
        print(table.markdown(kept.done, kept.failed, kept.slowest, told.samples, told.wrong))
    return 1 if told.wrong else 0


def soak(*, seed: int, scanners: int, go_on: Callable[[int], bool], folder: Path | None = None) -> Told:
    """Play against a fresh hub while `go_on`, which is asked with the number of an actor's next round, says so.

    Memory is left to the caller to judge: in seconds it rises, because everything is still being loaded.
    """
    ledger = Ledger()
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dokuei-soak-", dir=folder)))
        receiver = stack.enter_context(sink(digests=True))
        hub = stack.enter_context(Hub(place / "hub", sink=receiver.address, environ={"DOKUEI_QUIET_PERIOD": "1"}))
        reports = Reports()
        stack.callback(reports.close)
        actors: list[Actor] = []
        viewers: list[Viewer] = []
        hub.add_sites(*(_clinic(site, scanners, receiver.address, reports.address) for site in SITES))
        for site in SITES:
            titles = _titles(site, scanners)
            modality, viewer = f"{site}_MOD", f"{site}_VIEW"
            for title in titles:
                node = Node(hub.node.address, hub.node.called, title)
                actors.append(Scanner(node, site, ledger, place, seed * 1000 + len(actors)))
            actors.append(
                Workstation(hub, node, site, sink=f"{site}_SINK", ledger=ledger, seed=seed * 1000 + len(actors))
            )
            planned = Node(hub.node.address, hub.node.called, modality)
            actors.append(Modality(hub, planned, site, reports=reports, ledger=ledger, seed=seed * 1000 + len(actors)))
            node = Node(hub.node.address, hub.node.called, viewer)
            viewers.append(Viewer(node, site, ledger, seed * 1000 + len(actors)))
            actors.append(viewers[-1])
        for actor in actors:
            stack.callback(actor.close)
        _together(actors, ledger, lambda actor: actor.every_deed())
        for actor in actors:
            actor.close()
        with Watch(hub.pid, hub.data, 0.5) as watch:
            before = _settled(watch, None)
            start = len(watch.samples)
            _together(actors, ledger, lambda actor: _rounds(actor, go_on))
            samples = watch.samples[start:]
            for actor in actors:
                actor.close()
            after = _settled(watch, before)
        told = Told(seed, ledger, before, after, samples)
        told.wrong += ledger.wrong
        told.wrong += verdict.lost(hub, ledger)
        for received in (receiver.received(), *(each.received for each in viewers)):
            told.wrong += verdict.moved(received, ledger)
        told.wrong += verdict.unfinished(hub, ledger)
        if not _is_back(after, before):
            told.wrong.append(
                f"{before.threads} threads and {before.files} files before, {after.threads} and {after.files} after"
            )
        told.wrong += verdict.damaged(hub)
        hub.stop()
        if hub.process.returncode:
            told.wrong.append(f"the hub ended with status {hub.process.returncode}")
    return told


def _titles(site: str, scanners: int) -> list[str]:
    return [f"{site}_{number}" for number in range(scanners)]


def _clinic(site: str, scanners: int, receiver: Address, reports: Address) -> Site:
    """With everybody who works there."""
    at = ["--site", site]
    further = (
        ["peer", "add", f"{site}_SINK", *at, "--address", "{}:{}".format(*receiver)],
        ["peer", "add", f"{site}_MOD", *at, "--address", "{}:{}".format(*reports),
         "--services", "store,worklist,mpps,commitment"],
        ["peer", "add", f"{site}_VIEW", *at, "--services", "find,get"],
    )  # fmt: skip
    return Site(site, _titles(site, scanners), "store,find,move", further)


def _during(seconds: float) -> Callable[[int], bool]:
    """Yes for so long since the first question: starting the hub and registering everybody takes its own time."""
    first: list[float] = []

    def go_on(_: int) -> bool:
        if not first:
            first.append(time.monotonic())
        return time.monotonic() < first[0] + seconds

    return go_on


def _rounds(actor: Actor, go_on: Callable[[int], bool]) -> None:
    number = abandoned = 0
    while go_on(number) and abandoned < _MOST_ABANDONED:
        try:
            actor.round()
        except Abandoned:
            abandoned += 1
        number += 1


def _together(actors: Sequence[Actor], ledger: Ledger, play: Callable[[Actor], None]) -> None:
    """All actors at once; one that fails is told of, and the others go on."""

    def run(actor: Actor) -> None:
        try:
            with suppress(Abandoned):
                play(actor)
        except Exception as error:
            ledger.fail(f"{type(actor).__name__} {actor.node.calling}: {type(error).__name__}: {error}")

    threads = [threading.Thread(target=run, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _is_back(now: Sample, before: Sample) -> bool:
    return now.threads <= before.threads + _POOL_THREADS and now.files <= before.files + _POOL_FILES


def _settled(watch: Watch, before: Sample | None) -> Sample:
    """The sample when threads and files are back where they were, or the last one when they never get there.

    Without a `before`, when they have not changed for three seconds.
    """
    end = time.monotonic() + _SECONDS_TO_SETTLE
    seen = [watch.look()]
    while time.monotonic() < end:
        time.sleep(0.5)
        seen.append(watch.look())
        now = seen[-1]
        if before is not None and _is_back(now, before):
            break
        lately = seen[-6:]
        if before is None and len(seen) > 6 and len({(each.threads, each.files) for each in lately}) == 1:
            break
    return seen[-1]


if __name__ == "__main__":
    sys.exit(main())
