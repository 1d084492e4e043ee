"""C-MOVE of one series of 526 kB slices to a receiver on the same machine."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmarks import objects
from benchmarks.figures.store import check
from benchmarks.measuring import Bench, Figure, Lost, Reading, Result, Work
from benchmarks.objects import Identity
from benchmarks.sending import Node, send
from benchmarks.targets import Target
from benchmarks.wire import (
    C_MOVE_RQ,
    IMPLICIT_LITTLE,
    PENDING,
    STUDY_ROOT_MOVE,
    Association,
    Broken,
    NotServed,
    identifier,
    ui,
    us,
)

_COMPLETED, _FAILED = 0x1021, 0x1022


def measure(bench: Bench) -> list[Result]:
    """Send the series to every target, then have it moved."""
    if bench.sink is None:
        raise ValueError("C-MOVE is measured with a sink")
    receiver, series = bench.sink, objects.series(bench.size.moved)
    made = objects.large()
    figure = Figure("move", f"C-MOVE of {len(series)} × 526 kB", "instances/s")
    refused = {target.name: _not_served(target) for target in bench.targets}
    for target in bench.targets:
        if not refused[target.name]:
            jobs = [(made, identity) for identity in series]
            check(target, jobs, send(target.node, jobs, 4))

    def once(target: Target) -> Reading:
        if refused[target.name]:
            raise NotServed(refused[target.name])
        receiver.received()
        with Work(target) as work:
            start = time.monotonic()
            completed = move(target.node, receiver.ae_title, series)
            seconds = time.monotonic() - start
        if completed != len(series):
            raise Lost(f"{target.name} says that {completed} of {len(series)} sub-operations went well")
        got = receiver.received()
        if (got.instances, got.size) != (len(series), len(series) * made.size):
            raise Lost(f"{target.name} moved {got.instances} of {len(series)} instances, {got.size} bytes")
        return Reading(len(series) / seconds, work.each(len(series)))

    return bench.interleaved(figure, once)


def move(node: Node, destination: str, series: Sequence[Identity]) -> int:
    """Have one series moved; returns the number of completed sub-operations.

    Raises NotServed, and Broken when it ends otherwise than with success of all of them.
    """
    with Association(node.address, [(STUDY_ROOT_MOVE, [IMPLICIT_LITTLE])],
                     calling=node.calling, called=node.called) as association:  # fmt: skip
        association.need(1)
        command = {
            0x0002: ui(STUDY_ROOT_MOVE),
            0x0100: us(C_MOVE_RQ),
            0x0110: us(1),
            0x0600: destination.encode() + b" " * (len(destination) % 2),
            0x0700: us(0),
            0x0800: us(0),
        }
        keys = {
            (0x0008, 0x0052): "SERIES",
            (0x0020, 0x000D): series[0].study,
            (0x0020, 0x000E): series[0].series,
        }
        association.request(1, command, identifier(keys))
        answer = association.read_message()
        while answer.status in PENDING:
            answer = association.read_message()
    if answer.status or answer.number(_FAILED):
        raise Broken(f"C-MOVE ended with status {answer.status:04X}, {answer.number(_FAILED)} failed")
    return answer.number(_COMPLETED)


def _not_served(target: Target) -> str:
    node = target.node
    try:
        with Association(node.address, [(STUDY_ROOT_MOVE, [IMPLICIT_LITTLE])],
                         calling=node.calling, called=node.called) as association:  # fmt: skip
            association.need(1)
    except (NotServed, Broken) as refused:
        return str(refused)
    return ""
