"""How a soak went, for people: what of each kind was done and has failed, memory at intervals, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from benchmarks.soak.verdict import LARGEST_SLOPE, SHORTEST, judged, risen
from benchmarks.soak.watch import Sample, at_intervals, later, slope

_MIB = 2**20
_MOST_TOLD = 20


def markdown(
    done: Counter[str], failed: Counter[str], slowest: dict[str, float], samples: Sequence[Sample], wrong: Sequence[str]
) -> str:
    """Two tables, the memory's verdict, and what is wrong."""
    return "\n".join(_lines(done, failed, slowest, samples, wrong))


def _lines(
    done: Counter[str], failed: Counter[str], slowest: dict[str, float], samples: Sequence[Sample], wrong: Sequence[str]
) -> Iterator[str]:
    yield "| traffic | done | failed |"
    yield "|---|---|---|"
    for what in sorted(done.keys() | failed.keys()):
        yield f"| {what} | {done[what]:,} | {failed[what]:,} |"
    yield ""
    yield "| second | resident MiB | threads | files | write-ahead log MiB |"
    yield "|---|---|---|---|---|"
    for each in at_intervals(samples):
        sizes = f"{each.resident / _MIB:.0f} | {each.threads} | {each.files} | {each.wal / _MIB:.1f}"
        yield f"| {each.at:.0f} | {sizes} |"
    yield ""
    rise = slope(later(samples)) / _MIB
    verdict = "not judged" if judged(samples) < SHORTEST else "not flat" if risen(samples) else "flat"
    yield (
        f"Memory is {verdict}: {rise:+.2f} MiB a minute over the later {judged(samples):.0f} s, "
        f"at most {LARGEST_SLOPE / _MIB:.1f}."
    )
    for what, seconds in sorted(slowest.items()):
        yield f"Slowest: {what}, {seconds:.1f} s."
    yield f"{len(wrong)} things are wrong." if wrong else "Nothing is wrong, nothing is lost."
    yield from (f"- {each}" for each in wrong[:_MOST_TOLD])
