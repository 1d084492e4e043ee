"""How far a target's resident memory rises: 16 associations at once, and one multi-frame object of a gigabyte.

From what is resident after a first small study to the highest that the kernel has seen (VmHWM), in a fresh process.
"""

from __future__ import annotations

from benchmarks import objects, processes
from benchmarks.figures.store import check, new_jobs
from benchmarks.measuring import Bench, Better, Figure, Lost, Reading, Result, must_have
from benchmarks.sending import Storing, send
from benchmarks.targets import Target

_AT_ONCE = 16


def measure(bench: Bench) -> list[Result]:
    """Both figures, in MB (10^6 bytes)."""
    held, made = bench.size.held, objects.giant(bench.size.frames)

    def many(target: Target) -> Reading:
        start = warmed(target)
        jobs = new_jobs(objects.large(), _AT_ONCE * held)
        sent = send(target.node, jobs, _AT_ONCE)
        reading = grown(target, start)
        check(target, jobs, sent)
        return reading

    def giant(target: Target) -> Reading:
        start = warmed(target)
        [identity] = objects.series(1)
        storing = Storing(target.node, [(made.sop_class, made.syntax)])
        status = storing.stream(made, identity)
        storing.release()
        reading = grown(target, start)
        if status:
            raise Lost(f"{target.name} refused the multi-frame object with status {status:04X}")
        must_have(target, identity.study, 1)
        return reading

    gib = made.pixels / 2**30
    return [
        *bench.fresh(
            Figure("memory-16", f"growth, {_AT_ONCE} associations of {held} × 526 kB", "MB", Better.LESS), many
        ),
        *bench.fresh(Figure("memory-giant", f"growth, one instance of {gib:g} GiB", "MB", Better.LESS), giant),
    ]


def warmed(target: Target) -> int:
    """Bytes resident after a first study, when everything that is loaded once has been loaded."""
    jobs = new_jobs(objects.small(), 10)
    check(target, jobs, send(target.node, jobs, 1))
    start = processes.resident(target.pid)
    processes.reset_peak(target.pid)
    return start


def grown(target: Target, start: int) -> Reading:
    """How far it is above that at most, in MB."""
    return Reading((processes.peak(target.pid) - start) / 1e6)
