"""`python -m benchmarks.soak`: play, judge, tell; exit status 1 when something is lost, wrong or growing."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.sending import Node
from benchmarks.sink import sink
from benchmarks.soak import verdict
from benchmarks.soak.ledger import Ledger
from benchmarks.soak.scanner import Scanner
from benchmarks.soak.watch import Sample, Watch, growth
from benchmarks.soak.workstation import Workstation
from benchmarks.targets import Hub

SITES = ("SOAK1", "SOAK2")
_SECONDS_TO_SETTLE = 120
# The web server's thread pool keeps threads, and each its database connection, by how many asked at once.
_POOL_THREADS, _POOL_FILES = 8, 24


@dataclass
class Told:
    """How a soak went."""

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
            "seconds": round(self.samples[-1].at) if self.samples else 0,
            "resident_MiB": [round(each.resident / 2**20) for each in (self.before, self.after)],
            "growth_MiB": round(growth(self.samples) / 2**20, 1),
            "threads": [self.before.threads, self.after.threads],
            "files": [self.before.files, self.after.files],
            "largest_wal_MiB": round(max((each.wal for each in self.samples), default=0) / 2**20, 1),
            "wrong": self.wrong[:50],
        }


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line, play, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scanners", type=int, default=3, help="of each of the two clinics")
    parser.add_argument("--folder", type=Path, help="where the data go meanwhile; a temporary folder else")
    said = parser.parse_args(words)
    end = time.monotonic() + said.minutes * 60
    told = soak(seed=said.seed, scanners=said.scanners, go_on=lambda _: time.monotonic() < end, folder=said.folder)
    told.wrong += verdict.grown(told.samples)
    print(json.dumps(told.line(), ensure_ascii=False, indent=1))
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
        actors: list[Scanner | Workstation] = []
        for site in SITES:
            titles = [f"{site}_{number}" for number in range(scanners)]
            hub.add_site(site, titles, "store,find,move")
            host, port = receiver.address
            hub.command("peer", "add", f"{site}_SINK", "--site", site, "--address", f"{host}:{port}")
            for title in titles:
                node = Node(hub.node.address, hub.node.called, title)
                actors.append(Scanner(node, site, ledger, place, seed * 1000 + len(actors)))
            actors.append(
                Workstation(hub, node, site, sink=f"{site}_SINK", ledger=ledger, seed=seed * 1000 + len(actors))
            )
        for actor in actors:
            stack.callback(actor.close)
        _together(actors, ledger, lambda actor: actor.every_deed())
        for actor in actors:
            actor.close()
        with Watch(hub.pid, hub.data, 0.5) as watch:
            before = _settled(watch, None)
            _together(actors, ledger, lambda actor: _rounds(actor, go_on))
            for actor in actors:
                actor.close()
            after = _settled(watch, before)
        told = Told(seed, ledger, before, after, watch.samples)
        told.wrong += ledger.wrong
        told.wrong += verdict.lost(hub, ledger)
        told.wrong += verdict.moved(receiver.received(), ledger)
        if not _is_back(after, before):
            told.wrong.append(
                f"{before.threads} threads and {before.files} files before, {after.threads} and {after.files} after"
            )
        told.wrong += verdict.damaged(hub)
        hub.stop()
        if hub.process.returncode:
            told.wrong.append(f"the hub ended with status {hub.process.returncode}")
    return told


def _rounds(actor: Scanner | Workstation, go_on: Callable[[int], bool]) -> None:
    number = 0
    while go_on(number):
        actor.round()
        number += 1


def _together(
    actors: Sequence[Scanner | Workstation], ledger: Ledger, play: Callable[[Scanner | Workstation], None]
) -> None:
    """All actors at once; one that fails is told of, and the others go on."""

    def run(actor: Scanner | Workstation) -> None:
        try:
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
