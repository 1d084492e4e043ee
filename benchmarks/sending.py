"""Storage senders, one process each: everything is framed before the clock runs, one object is in flight at a time."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks.objects import Identity, Template, part10
from benchmarks.wire import C_STORE_RQ, Address, Association, command_set, pdv, ui, us

_SECONDS = 1800
_MESSAGE_IDS = 65000
STORESCU = "/usr/bin/storescu"
"""dcmtk's, by its whole path: pynetdicom installs a program of the same name."""

Job = tuple[Template, Identity]


@dataclass(frozen=True, slots=True)
class Node:
    """Whom to call, and as whom."""

    address: Address
    called: str
    calling: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of some instances: `seconds` from the first byte to the last answer."""

    count: int
    size: int
    seconds: float
    refused: int = 0

    @property
    def rate(self) -> float:
        """Instances per second."""
        return self.count / self.seconds


class Storing:
    """A storage association; `kinds` are the pairs of SOP class and transfer syntax to be sent."""

    def __init__(self, node: Node, kinds: Iterable[tuple[str, str]], *, seconds: float = 600) -> None:
        wanted = sorted(set(kinds))
        contexts = [(sop_class, [syntax]) for sop_class, syntax in wanted]
        self.association = Association(
            node.address, contexts, calling=node.calling, called=node.called, seconds=seconds
        )
        self._contexts = {kind: 2 * number + 1 for number, kind in enumerate(wanted)}
        self._message = 0

    def frame(self, made: Template, identity: Identity) -> tuple[bytes, bytes]:
        """A C-STORE-RQ in two buffers; the second, the pixels, is shared between instances of a kind."""
        context, room = self._context(made), self.association.fragment
        return self.opening(made, identity), _pixels(made, context, room)

    def opening(self, made: Template, identity: Identity) -> bytes:
        """The command, and the beginning of the first P-DATA-TF of the data set."""
        context, room = self._context(made), self.association.fragment
        self._message = self._message % _MESSAGE_IDS + 1
        command = {
            0x0002: ui(made.sop_class),
            0x0100: us(C_STORE_RQ),
            0x0110: us(self._message),
            0x0700: us(0),
            0x0800: us(0),
            0x1000: ui(identity.instance),
        }
        first = min(room, made.size)
        announced = pdv(context, 2 if first == made.size else 0, bytes(first))[:12]
        return pdv(context, 3, command_set(command)) + announced + made.head(identity)

    def store(self, frames: tuple[bytes, bytes]) -> int:
        """Send a framed request; returns the status."""
        connection = self.association.socket
        sent = connection.sendmsg(frames)
        if sent < len(frames[0]) + len(frames[1]):
            rest = memoryview(frames[1])[sent - len(frames[0]) :] if sent >= len(frames[0]) else None
            connection.sendall(b"".join(frames)[sent:] if rest is None else rest)
        return self.association.read_status()

    def stream(self, made: Template, identity: Identity, *, until: int | None = None) -> int:
        """Send an object without having it whole in memory; returns the status.

        `until` stops in mid-PDU after so many bytes behind the header without waiting for an answer, and returns -1.
        """
        self.association.socket.sendall(self.opening(made, identity))
        gone = 0
        for piece in _framed(made, self._context(made), self.association.fragment):
            room = len(piece) if until is None else until - gone
            self.association.socket.sendall(piece[:room])
            gone += len(piece)
            if until is not None and gone >= until:
                return -1
        return self.association.read_status()

    def release(self) -> None:
        """End the association."""
        self.association.release()

    def _context(self, made: Template) -> int:
        context = self._contexts[made.sop_class, made.syntax]
        self.association.need(context)
        return context


def send(node: Node, jobs: Sequence[Job], associations: int = 1) -> Sent:
    """Send instances over so many associations at once. Raises NotServed, Broken."""
    return send_lots(node, [jobs[start::associations] for start in range(associations)])


def send_lots(node: Node, lots: Sequence[Sequence[Job]]) -> Sent:
    """Send each lot over an association of its own, from a process of its own, all at once."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(lots))
    ways = [context.Pipe(duplex=False) for _ in lots]
    workers = [
        context.Process(target=_work, args=(node, lot, barrier, way), daemon=True)
        for lot, (_, way) in zip(lots, ways, strict=True)
    ]
    for worker in workers:
        worker.start()
    for _, way in ways:
        way.close()
    sent = sent_by([way for way, _ in ways], [job for lot in lots for job in lot])
    for worker in workers:
        worker.join(_SECONDS)
    return sent


def sent_by(ways: Sequence[Connection], jobs: Sequence[Job]) -> Sent:
    """What senders tell at their end: when they began and ended, how many were refused. Raises what they raised."""
    answers = [_answer(way) for way in ways]
    failures = [answer for answer in answers if isinstance(answer, BaseException)]
    if failures:
        raise failures[0]
    times = [answer for answer in answers if not isinstance(answer, BaseException)]
    return Sent(
        count=len(jobs),
        size=sum(made.size for made, _ in jobs),
        seconds=max(end for _, end, _ in times) - min(start for start, _, _ in times),
        refused=sum(refused for _, _, refused in times),
    )


def storescu(node: Node, folders: Sequence[Path], *, nagle: bool = False) -> Sent:
    """Send files with dcmtk's `storescu`, one process a folder, its start included.

    It waits 40 ms for each answer's delayed acknowledgement unless TCP_NODELAY is set in its environment; `nagle`
    leaves it as it comes.
    """
    files = [path for folder in folders for path in folder.iterdir()]
    size = sum(path.stat().st_size for path in files)
    host, port = node.address
    words = [STORESCU, "-R", "-aet", node.calling, "-aec", node.called, host, str(port), "+sd"]
    environment = {**os.environ, **({} if nagle else {"TCP_NODELAY": "1"})}
    start = time.monotonic()
    running = [
        subprocess.Popen([*words, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
        for folder in folders
    ]
    errors = [process.communicate(timeout=_SECONDS)[1].decode() for process in running]
    seconds = time.monotonic() - start
    failed = [error for process, error in zip(running, errors, strict=True) if process.returncode]
    if failed:
        raise RuntimeError(f"storescu: {failed[0][-1000:]}")
    return Sent(len(files), size, seconds)


def write_files(jobs: Sequence[Job], folder: Path) -> Path:
    """The instances as Part 10 files in a new folder."""
    folder.mkdir(parents=True)
    for number, (made, identity) in enumerate(jobs):
        (folder / f"{number:05d}.dcm").write_bytes(part10(made, identity))
    return folder


def _work(node: Node, jobs: Sequence[Job], barrier: Barrier, way: Connection) -> None:
    try:
        storing = Storing(node, {(made.sop_class, made.syntax) for made, _ in jobs})
        framed = [storing.frame(made, identity) for made, identity in jobs]
        barrier.wait(_SECONDS)
        start, refused = time.monotonic(), 0
        for frames in framed:
            refused += storing.store(frames) != 0
        end = time.monotonic()
        storing.release()
        way.send((start, end, refused))
    except Exception as error:
        barrier.abort()
        way.send(error)


def _answer(way: Connection) -> tuple[float, float, int] | Exception:
    if not way.poll(_SECONDS):
        return TimeoutError(f"a sender did not end within {_SECONDS} s")
    try:
        answer: tuple[float, float, int] | Exception = way.recv()
    except EOFError:
        return RuntimeError("a sender ended without an answer")
    return answer


@lru_cache(maxsize=8)
def _pixels(made: Template, context: int, room: int) -> bytes:
    return b"".join(_framed(made, context, room))


def _framed(made: Template, context: int, room: int) -> Iterator[bytes]:
    """The pixels behind an opening: what fills its first P-DATA-TF, then whole ones."""
    start = min(room, made.size) - len(made.header)
    yield made.pixel_bytes(0, start)
    while start < made.pixels:
        length = min(room, made.pixels - start)
        last = start + length == made.pixels
        yield pdv(context, 2 if last else 0, made.pixel_bytes(start, length))
        start += length
