"""A closed loop of HTTP clients: each asks again as soon as it has its answer. They live in a process of their own."""

from __future__ import annotations

import multiprocessing
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeVar

from benchmarks.web import Client
from benchmarks.wire import Address

T = TypeVar("T")

_SECONDS = 900
_OK = 200
_STEP = 17
"""How far apart the clients begin in the list: they must not ask for the same thing in step."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a loop saw: seconds of each request, all of them together, bytes of bodies, answers other than 200."""

    times: Sequence[float]
    seconds: float
    size: int
    bad: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.times) / self.seconds

    @property
    def p95(self) -> float:
        """The seconds that 95 of 100 requests stay below."""
        return statistics.quantiles(self.times, n=20)[-1] if len(self.times) > 1 else self.times[0]


def load(address: Address, requests: Sequence[bytes], *, clients: int = 8, seconds: float = 3) -> Loaded:
    """Ask for the requests in turn, over and over, by so many clients for so long."""
    return in_process(_loop, address, list(requests), clients, seconds)


def in_process(work: Callable[..., T], *arguments: object) -> T:
    """Call a function of a module in a process of its own, away from what the caller has in memory; its result.

    Raises what it raised, and TimeoutError.
    """
    context = multiprocessing.get_context("spawn")
    theirs, ours = context.Pipe()
    process = context.Process(target=_call, args=(ours, work, arguments), daemon=True)
    process.start()
    ours.close()
    try:
        if not theirs.poll(_SECONDS):
            raise TimeoutError(f"a client did not end within {_SECONDS} s")
        good, result = theirs.recv()
    except EOFError:
        raise RuntimeError("a client ended without an answer") from None
    finally:
        process.join(10)
        if process.is_alive():
            process.kill()
            process.join(10)
    if not good:
        raise result
    answer: T = result
    return answer


def _call(way: Connection, work: Callable[..., object], arguments: Sequence[object]) -> None:
    try:
        way.send((True, work(*arguments)))
    except Exception as error:
        way.send((False, error))


def _loop(address: Address, requests: Sequence[bytes], clients: int, seconds: float) -> Loaded:
    connections = [Client(address) for _ in range(clients)]
    barrier = threading.Barrier(clients + 1)
    times: list[list[float]] = [[] for _ in connections]
    sizes, bad, errors = [0] * clients, [0] * clients, list[Exception]()

    def one(place: int) -> None:
        try:
            client, number = connections[place], place * _STEP
            barrier.wait(_SECONDS)
            end = time.monotonic() + seconds
            while (start := time.monotonic()) < end:
                answer = client.ask(requests[number % len(requests)])
                times[place].append(time.monotonic() - start)
                sizes[place] += answer.size
                bad[place] += answer.status != _OK
                number += 1
        except Exception as error:
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=one, args=(place,), daemon=True) for place in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait(_SECONDS)
    began = time.monotonic()
    for thread in threads:
        thread.join(_SECONDS)
    took = time.monotonic() - began
    for client in connections:
        client.close()
    if errors:
        raise errors[0]
    return Loaded([each for some in times for each in some], took, sum(sizes), sum(bad))
