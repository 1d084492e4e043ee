"""C-FIND at study level among many: the fifty of one day, and the few of one name."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from datetime import date, timedelta

from benchmarks import objects, processes
from benchmarks.measuring import Bench, Better, Figure, Lost, Reading, Result, Work
from benchmarks.objects import FAMILIES, GIVEN, Identity
from benchmarks.sending import Job, Node, send
from benchmarks.targets import Target
from benchmarks.wire import (
    C_FIND_RQ,
    IMPLICIT_LITTLE,
    PENDING,
    STUDY_ROOT_FIND,
    Association,
    Broken,
    NotServed,
    identifier,
    ui,
    us,
)

A_DAY = 50
_FIRST_DAY = date(2016, 1, 4)
_ASSOCIATIONS = 4
_LOT = 8000
_REFUSED_AS_UNSUPPORTED = {0x0122, 0x0124, 0xA900, 0xC000}
# StudyDate, StudyTime, AccessionNumber, level, ModalitiesInStudy, StudyDescription, PatientName, PatientID,
# PatientBirthDate, PatientSex, StudyInstanceUID, StudyID: what a workstation's list shows.
_LIST = dict.fromkeys(
    ((0x0008, 0x0020), (0x0008, 0x0030), (0x0008, 0x0050), (0x0008, 0x0061), (0x0008, 0x1030), (0x0010, 0x0010),
     (0x0010, 0x0020), (0x0010, 0x0030), (0x0010, 0x0040), (0x0020, 0x000D), (0x0020, 0x0010)), "",
)  # fmt: skip
_LEVEL = {(0x0008, 0x0052): "STUDY"}


def measure(bench: Bench) -> list[Result]:
    """Fill every target with the same studies, then ask."""
    studies = bench.size.studies
    refused = {target.name: _not_served(target.node) for target in bench.targets}
    for target in bench.targets:
        if not refused[target.name]:
            fill(target, studies)
            processes.settle(target.pid)
    day = _day((studies // A_DAY) // 2)
    accession = _accession(studies // 2)
    wanted = {
        "find-day": ("C-FIND of the 50 studies of a day", {(0x0008, 0x0020): day}, A_DAY),
        "find-accession": ("C-FIND of one accession number", {(0x0008, 0x0050): accession}, 1),
        "find-patient": ("C-FIND of 10 patients by PatientID*", {(0x0010, 0x0020): f"F{studies // 20:010d}*"}, 10),
    }
    results = []
    for key, (about, keys, expected) in wanted.items():
        figure = Figure(key, f"{about} among {studies:,}", "ms", Better.LESS)

        def once(target: Target, keys: Mapping[tuple[int, int], str] = keys, expected: int = expected) -> Reading:
            if refused[target.name]:
                raise NotServed(refused[target.name])
            times = []
            contexts = [(STUDY_ROOT_FIND, [IMPLICIT_LITTLE])]
            node = target.node
            with (
                Association(node.address, contexts, calling=node.calling, called=node.called) as association,
                Work(target) as work,
            ):
                for number in range(bench.size.finds):
                    start = time.monotonic()
                    found = find(association, {**_LIST, **_LEVEL, **keys}, number + 1)
                    times.append(time.monotonic() - start)
                    if found != expected:
                        raise Lost(f"{target.name} found {found} of {expected} studies")
            return Reading(statistics.median(times) * 1000, work.each(bench.size.finds))

        results += bench.interleaved(figure, once)
    return results


def find(association: Association, keys: Mapping[tuple[int, int], str], message: int = 1) -> int:
    """One C-FIND; returns how many matches came. Raises NotServed, Broken for another end than success."""
    association.need(1)
    command = {0x0002: ui(STUDY_ROOT_FIND), 0x0100: us(C_FIND_RQ), 0x0110: us(message), 0x0700: us(0), 0x0800: us(0)}
    association.request(1, command, identifier(keys))
    found = 0
    while (status := association.read_message().status) in PENDING:
        found += 1
    if status in _REFUSED_AS_UNSUPPORTED:
        raise NotServed(f"C-FIND ended with status {status:04X}")
    if status:
        raise Broken(f"C-FIND ended with status {status:04X}")
    return found


def fill(target: Target, studies: int) -> None:
    """Send so many studies of one small instance by C-STORE; the same ones for every target.

    How far it is stands in a file, so that data that were kept are not sent again.
    """
    filled = target.folder / "filled"
    already = int(filled.read_text()) if filled.exists() else 0
    made = [
        objects.template(rows=8, columns=8, name=(family, given))
        for family in range(len(FAMILIES))
        for given in range(len(GIVEN))
    ]
    for start in range(already, studies, _LOT):
        lot: list[Job] = [(made[n % len(made)], _study(n)) for n in range(start, min(start + _LOT, studies))]
        sent = send(target.node, lot, _ASSOCIATIONS)
        if sent.refused:
            raise Lost(f"{target.name} refused {sent.refused} of {sent.count} studies")
        filled.write_text(str(start + len(lot)))


def _study(number: int) -> Identity:
    uid = f"2.25.7{number:034d}"
    # Ten consecutive patients share all but the last digit of their id.
    return Identity(
        uid, f"2.25.8{number:034d}", f"2.25.9{number:034d}", f"F{number:011d}", _accession(number),
        _day(number // A_DAY), 1,
    )  # fmt: skip


def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number)).strftime("%Y%m%d")


def _accession(number: int) -> str:
    return f"F{number:09d}"


def _not_served(node: Node) -> str:
    """Why a node answers no queries; empty when it does."""
    try:
        with Association(node.address, [(STUDY_ROOT_FIND, [IMPLICIT_LITTLE])],
                         calling=node.calling, called=node.called) as association:  # fmt: skip
            association.need(1)
    except (NotServed, Broken) as refused:
        return str(refused)
    return ""
