"""`python -m test_data OUT`: write the demo studies into a folder."""

import argparse
import datetime as dt
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from test_data.catalogue import DEMO_STUDIES, study_named
from test_data.generate import DEFAULT_ANCHOR, generate, instance_count
from test_data.spec import StudySpec


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="test_data", description="Write synthetic DICOM studies.")
    parser.add_argument("out", nargs="?", type=Path, metavar="OUT", help="folder for study/series/n.dcm")
    parser.add_argument("--only", action="append", metavar="NAME", help="one study by name; may be repeated")
    parser.add_argument(
        "--anchor",
        type=dt.date.fromisoformat,
        default=DEFAULT_ANCHOR,
        metavar="YYYY-MM-DD",
        help=f"the day on which the newest studies are made (default {DEFAULT_ANCHOR})",
    )
    parser.add_argument("--list", action="store_true", help="list the studies and write nothing")
    options = parser.parse_args(arguments)
    try:
        studies = [study_named(name) for name in options.only or []] or list(DEMO_STUDIES)
    except KeyError as error:
        parser.error(str(error.args[0]))
    if options.list:
        _say(*(_row(study, options.anchor, instance_count(study)) for study in studies))
        return 0
    if options.out is None:
        parser.error("OUT is missing: the folder to write into")
    _write(studies, options.anchor, options.out)
    return 0


def _write(studies: list[StudySpec], anchor: dt.date, out: Path) -> None:
    begin = time.monotonic()
    total, done, size = sum(map(instance_count, studies)), 0, 0
    rows = []
    for study in studies:
        study_size, study_files = 0, 0
        for name, content in generate(study, anchor):
            target = out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            done, study_files, study_size = done + 1, study_files + 1, study_size + len(content)
            sys.stderr.write(f"\r{done}/{total} {study.name:<20}")
        size += study_size
        rows.append(f"{_row(study, anchor, study_files)}  {study_size / 1e6:5.1f} MB")
    sys.stderr.write("\r" + " " * 40 + "\r")
    _say(*rows, f"{done} files, {size / 1e6:.1f} MB, {time.monotonic() - begin:.1f} s")


def _row(study: StudySpec, anchor: dt.date, files: int) -> str:
    return (
        f"{study.name:<18} {study.site_code:<7} {study.modality:<3} {study.date(anchor)} {files:>4} files"
        f"  {study.patient.id:<9} {study.character_set:<15}"
    )


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
