"""Runs of one figure, target after target in each round, and what came out."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.sink import Sink
from benchmarks.targets import Target
from benchmarks.wire import NotServed


class Better(StrEnum):
    """Which way a figure is good."""

    MORE = "more"
    LESS = "less"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is sent; `--small` is for seeing that everything works, its figures mean nothing."""

    large: int
    """Instances of 526 kB in a run."""
    small: int
    """Instances of 35 kB in a run."""
    studies: int
    """Studies that C-FIND searches among."""
    finds: int
    """Queries in a run."""
    moved: int
    """Instances of the series that C-MOVE sends."""
    frames: int
    """Frames of the multi-frame object, 512 KiB each."""
    held: int
    """Instances of 526 kB on each of 16 associations."""
    searched: int
    """Studies that QIDO-RS searches among."""
    scale: tuple[int, int]
    """Studies of the small and of the large index that QIDO-RS is compared on."""
    seconds: float
    """How long a loop of HTTP clients goes on."""
    slices: int
    """Instances of a series that is read over HTTP."""
    stowed: int
    """Instances of 526 kB in a STOW-RS run, in requests of a hundred at most."""
    carried: int
    """Instances of 526 kB in the study, and in the request, that memory is watched for: 2 GiB."""


FULL = Size(
    large=240, small=1600, studies=100_000, finds=20, moved=500, frames=2048, held=20,
    searched=20_000, scale=(10_000, 1_000_000), seconds=3, slices=500, stowed=200, carried=4096,
)  # fmt: skip
SMALL = Size(
    large=8, small=16, studies=120, finds=2, moved=12, frames=4, held=2,
    searched=120, scale=(60, 240), seconds=0.3, slices=6, stowed=8, carried=8,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """One run: the figure, and CPU milliseconds of the target for each piece of work where that was counted."""

    value: float
    cpu_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """What is measured."""

    key: str
    about: str
    unit: str
    better: Better = Better.MORE


@dataclass(slots=True)
class Result:
    """A figure against one target."""

    figure: Figure
    target: str
    values: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    why_not: str = ""
    """Why there is no value; empty when there is."""

    @property
    def median(self) -> float | None:
        """The middle one of the runs; None where it could not be measured."""
        return statistics.median(self.values) if self.values and not self.why_not else None

    @property
    def cpu(self) -> float | None:
        """The middle one of the runs' CPU milliseconds."""
        return statistics.median(self.cpu_ms) if self.cpu_ms else None

    def line(self) -> dict[str, Any]:
        """For a line of JSON."""
        return {
            **asdict(self.figure),
            "target": self.target,
            "median": self.median,
            "runs": self.values,
            "cpu_ms": self.cpu,
            "why_not": self.why_not,
        }


Once = Callable[[Target], Reading]


@dataclass
class Bench:
    """The targets, how much, how often, and a folder for files."""

    targets: Sequence[Target]
    make: Sequence[Callable[[], Target]]
    """Makes of each target a new one, over data of its own, not started."""
    folder: Path
    size: Size = FULL
    runs: int = 3
    sink: Sink | None = None
    """Where C-MOVE sends to: BENCH_SINK."""
    kept: Path | None = None
    """Where a figure may leave data of its own for a later run; None: nothing is to stay."""

    def interleaved(self, figure: Figure, once: Once) -> list[Result]:
        """Run against the running targets in turn, so often; each run must use fresh UIDs."""
        results = [Result(figure, target.name) for target in self.targets]
        for _ in range(self.runs):
            for target, result in zip(self.targets, results, strict=True):
                self._run(result, lambda target=target: once(target))  # type: ignore[misc]
        return results

    def fresh(self, figure: Figure, once: Once) -> list[Result]:
        """The same against targets that are started for each run and have done nothing yet."""
        results = [Result(figure, target.name) for target in self.targets]
        for _ in range(self.runs):
            for make, result in zip(self.make, results, strict=True):
                self._run(result, lambda make=make: _in_a_fresh(make, once))  # type: ignore[misc]
        return results

    def _run(self, result: Result, run: Callable[[], Reading]) -> None:
        if result.why_not:
            return
        try:
            reading = run()
        except NotServed as refused:
            result.why_not = str(refused)
            return
        result.values.append(reading.value)
        if reading.cpu_ms is not None:
            result.cpu_ms.append(reading.cpu_ms)
        sys.stderr.write(f"{result.figure.key} {result.target}: {reading.value:.4g} {result.figure.unit}\n")


class Work:
    """CPU time of a target around some work: `with Work(target) as work: …`, then `work.each(count)`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._spent = 0.0

    def __enter__(self) -> Work:
        self._spent = -processes.cpu_seconds(self._target.pid)
        return self

    def __exit__(self, *_: object) -> None:
        self._spent += processes.cpu_seconds(self._target.pid)

    def each(self, count: int) -> float:
        """Milliseconds for each of so many."""
        return self._spent / count * 1000


class Lost(Exception):
    """The target answered success, and does not have what was sent."""


def must_have(target: Target, study_uid: str, count: int) -> None:
    """Raise Lost unless the target has so many instances of a study."""
    found = target.instances(study_uid)
    if found != count:
        raise Lost(f"{target.name} has {found} of {count} instances of {study_uid}")


def _in_a_fresh(make: Callable[[], Target], once: Once) -> Reading:
    with make() as target:
        return once(target)
