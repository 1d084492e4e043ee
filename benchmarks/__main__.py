"""`python -m benchmarks`: measure the hub, and Orthanc beside it where it is installed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from benchmarks import figures, table
from benchmarks.measuring import FULL, SMALL, Bench, Result, Size
from benchmarks.sink import sink
from benchmarks.targets import ORTHANC, Hub, Orthanc, Target


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", help=f"groups of figures, with commas: {', '.join(figures.ALL)}")
    parser.add_argument("--small", action="store_true", help="hardly any work: shows that all of it works")
    parser.add_argument("--studies", type=int, help="studies to search among (100,000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure, of which the median counts; 0 fills")
    parser.add_argument("--alone", action="store_true", help="without Orthanc")
    parser.add_argument("--folder", type=Path, help="where the data go meanwhile; a temporary folder else")
    parser.add_argument(
        "--keep", action="store_true", help="leave the data in the folder, and go on with what is there"
    )
    parser.add_argument("--markdown", action="store_true", help="print the table too")
    said = parser.parse_args(words)
    wanted = said.only.split(",") if said.only else list(figures.ALL)
    if unknown := set(wanted) - figures.ALL.keys():
        parser.error(f"no such figures: {', '.join(sorted(unknown))}; there are {', '.join(figures.ALL)}")
    if said.keep and not said.folder:
        parser.error("--keep wants a --folder")
    size = SMALL if said.small else FULL
    if said.studies:
        size = Size(**{name: getattr(size, name) for name in Size.__slots__} | {"studies": said.studies})
    if ORTHANC is None and not said.alone:
        sys.stderr.write("Orthanc is not installed (Debian package: orthanc): the hub is measured alone\n")
    beside = ORTHANC is not None and not said.alone
    results = measure(wanted, size, runs=said.runs, beside=beside, folder=said.folder, keep=said.keep)
    print(*table.lines(results), sep="\n")
    if said.markdown:
        print(table.markdown(results))


def measure(
    wanted: Sequence[str],
    size: Size,
    *,
    runs: int = 3,
    beside: bool = True,
    folder: Path | None = None,
    keep: bool = False,
) -> list[Result]:
    """The results of these groups of figures, against the hub and with `beside` against Orthanc too.

    With `keep`, the data of the targets stay in `folder`, and those of an earlier run are used: filling takes long.
    """
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dokuei-bench-", dir=folder)))
        receiver = stack.enter_context(sink())
        numbers = count(1)

        def maker(kind: type[Hub] | type[Orthanc]) -> Callable[[], Target]:
            return lambda: kind(place / f"{kind.name}-{next(numbers)}", sink=receiver.address)

        kinds: list[type[Hub] | type[Orthanc]] = [Orthanc, Hub] if beside else [Hub]
        makers = [maker(kind) for kind in kinds]
        running = [make() for make in makers]
        for target in running:
            if keep and folder is not None:
                target.folder, target.keep = folder / target.name.lower(), True
            stack.enter_context(target)
        kept = folder if keep else None
        bench = Bench(running, makers, place, size=size, runs=runs, sink=receiver, kept=kept)
        return [result for name in wanted for result in figures.ALL[name](bench)]


if __name__ == "__main__":
    main()
