"""C-STORE: instances per second, over one association and over eight."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from benchmarks import objects
from benchmarks.measuring import Bench, Figure, Lost, Reading, Result, Work, must_have
from benchmarks.objects import Template
from benchmarks.sending import STORESCU, Job, Sent, send, storescu, write_files
from benchmarks.targets import Target

_A_SERIES = 50


def measure(bench: Bench) -> list[Result]:
    """By the raw sender: 526 kB and 35 kB, 1 and 8 associations."""
    results = []
    for made, name, count in ((objects.large(), "526 kB", bench.size.large), (objects.small(), "35 kB", bench.size.small)):  # fmt: skip  # noqa: E501
        for associations in (1, 8):
            said = f"{associations} association" + ("s" if associations > 1 else "")
            figure = Figure(f"store-{name.split()[0]}-{associations}", f"C-STORE {name}, {said}", "instances/s")

            def once(target: Target, made: Template = made, count: int = count, n: int = associations) -> Reading:
                jobs = new_jobs(made, count)
                with Work(target) as work:
                    sent = send(target.node, jobs, n)
                check(target, jobs, sent)
                return Reading(sent.rate, work.each(sent.count))

            results += bench.interleaved(figure, once)
    return results


def measure_storescu(bench: Bench) -> list[Result]:
    """By dcmtk's `storescu`: 526 kB, with TCP_NODELAY=1 and as it comes."""
    if not Path(STORESCU).exists():
        figure = Figure("storescu", "C-STORE 526 kB, dcmtk's storescu", "instances/s")
        return [Result(figure, target.name, why_not="dcmtk is not installed") for target in bench.targets]
    made, results = objects.large(), []
    for nagle in (False, True):
        how = "as it comes" if nagle else "with TCP_NODELAY=1"
        figure = Figure("storescu-nagle" if nagle else "storescu", f"C-STORE 526 kB, storescu {how}", "instances/s")

        def once(target: Target, nagle: bool = nagle) -> Reading:
            jobs = new_jobs(made, bench.size.large // 2)
            folder = Path(tempfile.mkdtemp(dir=bench.folder))
            try:
                files = write_files(jobs, folder / "files")
                with Work(target) as work:
                    sent = storescu(target.node, [files], nagle=nagle)
            finally:
                shutil.rmtree(folder)
            check(target, jobs, sent)
            return Reading(sent.rate, work.each(sent.count))

        results += bench.interleaved(figure, once)
    return results


def new_jobs(made: Template, count: int) -> list[Job]:
    """So many instances of one kind in series of fifty, each of a new study."""
    jobs: list[Job] = []
    while len(jobs) < count:
        jobs += [(made, identity) for identity in objects.series(min(_A_SERIES, count - len(jobs)))]
    return jobs


def check(target: Target, jobs: list[Job], sent: Sent) -> None:
    """Raise Lost unless every instance was taken and is there."""
    if sent.refused:
        raise Lost(f"{target.name} refused {sent.refused} of {sent.count} instances")
    studies: dict[str, int] = {}
    for _, identity in jobs:
        studies[identity.study] = studies.get(identity.study, 0) + 1
    for study, count in studies.items():
        must_have(target, study, count)
