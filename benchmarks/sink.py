"""Where C-MOVE sends to: a storage node in a process of its own that keeps nothing and costs next to nothing."""

from __future__ import annotations

import hashlib
import multiprocessing
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from benchmarks.wire import EXPLICIT_LITTLE, Address, command_set, item, parse_command, pdv, us

_SECONDS = 600
_ROOM = 1 << 18
_C_STORE_RSP, _C_ECHO_RSP, _C_ECHO_RQ = 0x8001, 0x8030, 0x0030
_IMPLEMENTATION = b"2.25.304168129938452046181774203011772061"


@dataclass
class Received:
    """What has come since the last question; digests (SHA-256 of data sets, by SOP Instance UID) if asked for."""

    instances: int = 0
    size: int = 0
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sink:
    """A running sink."""

    ae_title: str
    address: Address
    _way: Connection

    def received(self) -> Received:
        """What has come since the last time that this was asked."""
        self._way.send("received")
        if not self._way.poll(_SECONDS):
            raise TimeoutError("the sink does not answer")
        answer: Received = self._way.recv()
        return answer


@contextmanager
def sink(ae_title: str = "BENCH_SINK", *, digests: bool = False) -> Iterator[Sink]:
    """Run a sink on a port that the system chooses."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, digests), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(60):
            raise TimeoutError("the sink did not start")
        yield Sink(ae_title, ("127.0.0.1", ours.recv()), ours)
    finally:
        ours.close()
        process.join(10)
        process.kill()
        process.join(10)
        process.close()


def _serve(way: Connection, digests: bool) -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    state, lock = [Received()], threading.Lock()
    threading.Thread(target=_accept, args=(listener, state, lock, digests), daemon=True).start()
    way.send(listener.getsockname()[1])
    while True:
        try:
            way.recv()
        except EOFError:
            return
        with lock:
            answer, state[0] = state[0], Received()
        way.send(answer)


def _accept(listener: socket.socket, state: list[Received], lock: threading.Lock, digests: bool) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_talk, args=(connection, state, lock, digests), daemon=True).start()


def _talk(connection: socket.socket, state: list[Received], lock: threading.Lock, digests: bool) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    buffer = memoryview(bytearray(_ROOM + 16))
    command: dict[int, bytes] = {}
    digest, size = hashlib.sha256(), 0
    with connection:
        while True:
            try:
                kind, length = _head(connection, buffer)
            except (OSError, EOFError):
                return
            body = buffer[:length]
            if kind == 1:
                connection.sendall(_accepted(bytes(body)))
            elif kind == 5:
                connection.sendall(struct.pack(">BBIxxxx", 6, 0, 4))
                return
            elif kind != 4:
                return
            at = 0
            while kind == 4 and at < length:
                room, context, control = struct.unpack_from(">IBB", body, at)
                piece = body[at + 6 : at + 4 + room]
                at += 4 + room
                if control & 1:
                    command = parse_command(bytes(piece))
                    digest, size = hashlib.sha256(), 0
                    if command[0x0100] == us(_C_ECHO_RQ):
                        connection.sendall(_answer(context, command, _C_ECHO_RSP))
                    continue
                size += len(piece)
                if digests:
                    digest.update(piece)
                if control & 2:
                    with lock:
                        state[0].instances += 1
                        state[0].size += size
                        if digests:
                            uid = command[0x1000].rstrip(b"\0 ").decode()
                            state[0].digests[uid] = digest.hexdigest()
                    connection.sendall(_answer(context, command, _C_STORE_RSP))


def _answer(context: int, command: dict[int, bytes], field_value: int) -> bytes:
    answer = {0x0002: command[0x0002], 0x0100: us(field_value), 0x0120: command[0x0110], 0x0800: us(0x0101)}
    answer[0x0900] = us(0)
    if 0x1000 in command:
        answer[0x1000] = command[0x1000]
    return pdv(context, 3, command_set(answer))


def _accepted(body: bytes) -> bytes:
    """An A-ASSOCIATE-AC that takes every context, in Explicit VR Little Endian if offered, else as first named."""
    items, at = b"", 68
    while at < len(body):
        kind, _, length = struct.unpack_from(">BBH", body, at)
        value = body[at + 4 : at + 4 + length]
        at += 4 + length
        if kind == 0x10:
            items += item(0x10, value)
        if kind == 0x20:
            syntaxes, inner = [], 4
            while inner < len(value):
                sub, _, size = struct.unpack_from(">BBH", value, inner)
                if sub == 0x40:
                    syntaxes.append(value[inner + 4 : inner + 4 + size])
                inner += 4 + size
            chosen = EXPLICIT_LITTLE.encode() if EXPLICIT_LITTLE.encode() in syntaxes else syntaxes[0]
            items += item(0x21, bytes([value[0], 0, 0, 0]) + item(0x40, chosen))
    user = item(0x51, struct.pack(">I", _ROOM)) + item(0x52, _IMPLEMENTATION)
    answer = body[:68] + items + item(0x50, user)
    return struct.pack(">BBI", 2, 0, len(answer)) + answer


def _head(connection: socket.socket, buffer: memoryview) -> tuple[int, int]:
    """Read a PDU's head, then its body into the buffer."""
    head = bytearray(6)
    _fill(connection, memoryview(head))
    kind, _, length = struct.unpack(">BBI", head)
    if length > len(buffer):
        raise EOFError(f"a PDU of {length} bytes was not asked for")
    _fill(connection, buffer[:length])
    return kind, length


def _fill(connection: socket.socket, view: memoryview) -> None:
    got = 0
    while got < len(view):
        count = connection.recv_into(view[got:])
        if not count:
            raise EOFError
        got += count
