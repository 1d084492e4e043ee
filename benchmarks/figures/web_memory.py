"""How far a target's resident memory rises while a study of 2 GiB is read, and while as much is stored in one request.

From what is resident before to the highest that the kernel has seen (VmHWM), in a process started for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks import objects, processes
from benchmarks.figures import stow
from benchmarks.figures.memory import grown, warmed
from benchmarks.figures.retrieve import AS_STORED
from benchmarks.figures.store import check
from benchmarks.load import in_process
from benchmarks.measuring import Bench, Better, Figure, Lost, Reading, Result, must_have
from benchmarks.sending import Job, send
from benchmarks.targets import Target
from benchmarks.web import Client
from benchmarks.wire import Address

_OK = 200


def measure(bench: Bench) -> list[Result]:
    """Both figures, in MB (10^6 bytes)."""
    made, count = objects.large(), bench.size.carried

    def retrieve(target: Target) -> Reading:
        jobs = [(made, identity) for identity in objects.series(count)]
        check(target, jobs, send(target.node, jobs, 4))
        processes.settle(target.pid)
        start = warmed(target)
        asked = target.web(f"/studies/{jobs[0][1].study}", Accept=AS_STORED)
        status, size = in_process(_get, target.http, asked)
        reading = grown(target, start)
        if status != _OK or size < made.size * count:
            raise Lost(f"{target.name} answered {status} with {size} bytes of {made.size * count}")
        return reading

    def store(target: Target) -> Reading:
        start = warmed(target)
        jobs = [(made, identity) for identity in objects.series(count)]
        status = in_process(_post, target.http, stow.head(target, stow.length(jobs)), jobs)
        reading = grown(target, start)
        if status != _OK:
            raise Lost(f"{target.name} answered {status}")
        must_have(target, jobs[0][1].study, count)
        return reading

    said = f"{made.size * count / 2**30:.2g} GiB"
    return [
        *bench.fresh(Figure("memory-retrieve", f"growth, WADO-RS of a study of {said}", "MB", Better.LESS), retrieve),
        *bench.fresh(Figure("memory-stow", f"growth, STOW-RS of {said}", "MB", Better.LESS), store),
    ]


def _get(address: Address, asked: bytes) -> tuple[int, int]:
    with Client(address) as client:
        answer = client.ask(asked)
    return answer.status, answer.size


def _post(address: Address, asked: bytes, jobs: Sequence[Job]) -> int:
    with Client(address) as client:
        return client.ask(asked, stow.body(jobs)).status
