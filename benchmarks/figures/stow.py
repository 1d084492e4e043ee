"""STOW-RS: instances per second, from one client and from four, a hundred instances a request."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from benchmarks import objects
from benchmarks.figures.store import check, new_jobs
from benchmarks.measuring import Bench, Figure, Reading, Result, Work
from benchmarks.sending import Job, Sent, sent_by
from benchmarks.targets import Target
from benchmarks.web import Client
from benchmarks.wire import Address

BOUNDARY = "dokuei-bench"
_OK, _SECONDS, _A_REQUEST = 200, 900, 100
_PART = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
_END = f"--{BOUNDARY}--\r\n".encode()


def measure(bench: Bench) -> list[Result]:
    """526 kB, 1 and 4 clients."""
    made, results = objects.large(), []
    for clients in (1, 4):
        figure = Figure(
            f"stow-{clients}", f"STOW-RS 526 kB, {clients} client" + ("s" if clients > 1 else ""), "instances/s"
        )

        def once(target: Target, clients: int = clients) -> Reading:
            jobs = new_jobs(made, bench.size.stowed)
            with Work(target) as work:
                sent = stow(target, jobs, clients)
            check(target, jobs, sent)
            return Reading(sent.rate, work.each(sent.count))

        results += bench.interleaved(figure, once)
    return results


def stow(target: Target, jobs: Sequence[Job], clients: int) -> Sent:
    """Send instances, each client from its own process; of a request answered otherwise than 200 all are refused."""
    batches = [jobs[start : start + _A_REQUEST] for start in range(0, len(jobs), _A_REQUEST)]
    if len(batches) < clients:
        batches = [jobs[start::clients] for start in range(clients)]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(clients)
    ways = [context.Pipe(duplex=False) for _ in range(clients)]
    for number, (_, way) in enumerate(ways):
        mine = batches[number::clients]
        heads = [head(target, length(jobs)) for jobs in mine]
        arguments = (target.http, heads, mine, barrier, way)
        context.Process(target=_work, args=arguments, daemon=True).start()
        way.close()
    return sent_by([way for way, _ in ways], jobs)


def head(target: Target, size: int) -> bytes:
    """The head of a store request."""
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    return target.web("/studies", method="POST", length=size, Content_Type=kind, Accept="application/dicom+json")


def body(jobs: Sequence[Job]) -> Iterator[bytes]:
    """The body of a store request, piece by piece."""
    for made, identity in jobs:
        yield _PART + objects.file_head(made, identity)
        yield from made.pieces(identity)
        yield b"\r\n"
    yield _END


def length(jobs: Sequence[Job]) -> int:
    """Bytes of such a body."""
    return len(_END) + sum(
        len(_PART) + len(objects.file_head(made, identity)) + made.size + 2 for made, identity in jobs
    )


def _work(
    address: Address, heads: Sequence[bytes], bodies: Sequence[Sequence[Job]], barrier: Barrier, way: Connection
) -> None:
    try:
        ready = [(asked, b"".join(body(jobs)), len(jobs)) for asked, jobs in zip(heads, bodies, strict=True)]
        with Client(address) as client:
            barrier.wait(_SECONDS)
            start, refused = time.monotonic(), 0
            for asked, whole, count in ready:
                refused += count if client.ask(asked, [whole]).status != _OK else 0
            way.send((start, time.monotonic(), refused))
    except Exception as error:
        barrier.abort()
        way.send(error)
