"""A connection that brings PDUs: one buffer, blocking reads, an end to every wait."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
import time
from typing import Protocol

from pacs_node.upper_layer.errors import ConnectionLost, MalformedPdu, NoAnswer
from pacs_node.upper_layer.pdu import HEADER, decode_header

LONGEST_PDU = 1 * 2**20
"""Bytes of a PDU's body that are taken from whoever we have an association with."""
LONGEST_REQUEST = 256 * 1024
"""Bytes of an A-ASSOCIATE-RQ's body; 128 contexts with 45 transfer syntaxes each and all roles have 165,000."""
_FIRST = 16 * 1024
_SPARE = 8 * 1024
_CHUNK = 256 * 1024
# Until this part of a PDU's time has passed, the time of one read need not be cut to what is left of it.
_EARLY = 0.05


class Meter(Protocol):
    """Is told of what came, and may take its time."""

    def __call__(self, count: int, /) -> object:
        """`count` bytes came."""
        ...


class Room(Protocol):
    """Is asked for room by a channel of somebody who is not known yet."""

    def __call__(self, size: int, /) -> object:
        """The buffer is about to have `size` bytes."""
        ...


class Channel:
    """PDUs in and out of a connected socket, TLS or not; for one thread, but `interrupt` is anybody's.

    `patience` is how many seconds a peer may be silent; a PDU, header and body together, has as long from
    its first bytes, and so has one piece that we send. Waits are the kernel's (SO_RCVTIMEO, SO_SNDTIMEO), so
    that no call but the read itself is needed; a TLS socket has Python's timeout instead.

    With `room`, the peer is a stranger until `trust`: a PDU has at most LONGEST_REQUEST bytes, and memory for it is
    taken as they come, not as they are announced; `room` is told before each time.
    """

    def __init__(
        self, sock: socket.socket, *, patience: float, meter: Meter | None = None, room: Room | None = None
    ) -> None:
        self.socket = sock
        self.patience = patience
        self.meter = meter
        self._room = room
        self._longest = LONGEST_PDU if room is None else LONGEST_REQUEST
        self._secure = isinstance(sock, ssl.SSLSocket)
        self._buffer = bytearray(_FIRST)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0
        self._timeout = 0.0
        self.interrupted = False
        self.acknowledge = False
        """Whether the peer may be waiting for an acknowledgement: it is in the middle of a message."""
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._secure:
            sock.setblocking(True)
        self._wait_for(patience)
        self._limit_sending()

    def be_patient(self, patience: float) -> None:
        """From now on wait so many seconds."""
        self.patience = patience
        self._wait_for(patience)
        self._limit_sending()

    def trust(self) -> None:
        """The peer is known from now on."""
        self._room = None
        self._longest = LONGEST_PDU

    def forget(self) -> None:
        """Throw away what was read, and the memory for it; PDUs can still come."""
        self._buffer = bytearray(_FIRST)
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    def expect(self, length: int) -> None:
        """Make room for PDUs of `length` bytes, before they come."""
        if len(self._buffer) < length + HEADER + _SPARE:
            self._grow(length + HEADER + _SPARE)

    def read_pdu(self, *, until: float | None = None) -> tuple[int, memoryview]:
        """Type and body of the next PDU; the body is good until the next read.

        `until` (time.monotonic) bounds the whole wait. Raises MalformedPdu, NoAnswer, ConnectionLost.
        """
        begun = time.monotonic() if self._end > self._start else None
        while self._end - self._start < HEADER:
            begun = self._fill(begun, until)
        kind, length = decode_header(self._view[self._start : self._start + HEADER])
        if length > self._longest:
            raise MalformedPdu(f"a PDU of {length} bytes is announced, {self._longest} are the limit")
        total = HEADER + length
        if self._start + total > len(self._buffer):
            self._make_room(total if self._room is None else min(total, len(self._buffer)))
        while self._end - self._start < total:
            begun = self._fill(begun, until)
        body = self._view[self._start + HEADER : self._start + total]
        self._start += total
        return kind, body

    def read_ahead(self) -> bytes:
        """What was read beyond the last PDU; it is the caller's now."""
        rest = bytes(self._view[self._start : self._end])
        self.forget()
        return rest

    @property
    def has_more(self) -> bool:
        """Whether bytes of a further PDU have been read."""
        return self._end > self._start

    def peek(self) -> memoryview:
        """What was read beyond the last PDU; good until the next read."""
        return self._view[self._start : self._end]

    def send(self, data: bytes | memoryview, *, more: bool = False) -> None:
        """Send all of it; with `more`, the kernel may wait for what follows. Raises NoAnswer, ConnectionLost."""
        try:
            if self._secure:
                self._send_secure(data, time.monotonic() + self.patience)
                return
            flags = socket.MSG_NOSIGNAL | (socket.MSG_MORE if more else 0)
            sent = self.socket.send(data, flags)
            if sent == len(data):
                return
            rest = memoryview(data)[sent:]
            until = time.monotonic() + self.patience
            while rest:
                rest = rest[self.socket.send(rest, flags) :]
                if rest and time.monotonic() > until:
                    raise NoAnswer("the peer takes nothing more")
        except (BlockingIOError, TimeoutError):
            raise NoAnswer("the peer takes nothing more") from None
        except (OSError, ValueError) as error:
            raise _lost(error) from error

    def send_file(self, file: int, offset: int, count: int) -> None:
        """Send `count` bytes of the open file descriptor from `offset`, which nobody copies."""
        end = offset + count
        until = time.monotonic() + self.patience
        try:
            while offset < end:
                if self._secure:
                    piece = os.pread(file, min(_CHUNK, end - offset), offset)
                    self._send_secure(piece, until)
                    sent = len(piece)
                else:
                    sent = os.sendfile(self.socket.fileno(), file, offset, end - offset)
                if not sent:
                    raise ConnectionLost("the file to send is shorter than it was")
                offset += sent
                if offset < end and time.monotonic() > until:
                    raise NoAnswer("the peer takes nothing more")
        except (BlockingIOError, TimeoutError):
            raise NoAnswer("the peer takes nothing more") from None
        except (OSError, ValueError) as error:
            raise _lost(error) from error

    def drain(self, seconds: float) -> None:
        """Wait, so long at most, until the peer has closed; what it says is thrown away (PS3.8, Sta13)."""
        until = time.monotonic() + seconds
        with contextlib.suppress(OSError, ValueError):
            while (left := until - time.monotonic()) > 0:
                self._wait_for(left)
                if not self.socket.recv_into(self._view):
                    return

    def interrupt(self) -> None:
        """From any thread: the next read, or the one that waits, raises ConnectionLost; sending still works."""
        self.interrupted = True
        with contextlib.suppress(OSError):
            # Of the socket itself: unwrapping TLS from another thread is nobody's to do.
            socket.socket.shutdown(self.socket, socket.SHUT_RD)

    def cut(self) -> None:
        """From any thread: as `interrupt`, and sending ends too; the descriptor stays until `close`."""
        self.interrupted = True
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection; a second time changes nothing."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        self.socket.close()

    def _send_secure(self, data: bytes | memoryview, until: float) -> None:
        """Record by record, as TLS sends them; `sendall` would give each of them the whole time."""
        rest = memoryview(data)
        while rest:
            left = until - time.monotonic()
            if left <= 0:
                raise NoAnswer("the peer takes nothing more")
            self._wait_for(left)
            rest = rest[self.socket.send(rest) :]

    def _fill(self, begun: float | None, until: float | None) -> float:
        """Read what is there; returns when the PDU began to come, or had to."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == len(self._buffer):
            self._make_room(HEADER)
            if self._end == len(self._buffer):  # a stranger's PDU, of which so much has come
                self._grow(2 * len(self._buffer))
        self._wait_for(self._left(begun, until))
        if self.acknowledge or begun is not None:
            # A sender that leaves Nagle on waits 40 ms for the acknowledgement of a lone header.
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        try:
            count = self.socket.recv_into(self._view[self._end :])
        except (BlockingIOError, TimeoutError):
            if begun is None and until is None:
                raise NoAnswer("the peer is silent") from None
            raise NoAnswer("a PDU took too long to come") from None
        except (OSError, ValueError) as error:
            raise _lost(error) from error
        if not count or self.interrupted:
            raise ConnectionLost("the connection is closing" if self.interrupted else "the peer closed the connection")
        self._end += count
        if self.meter is not None:
            before = time.monotonic()
            self.meter(count)
            if begun is not None:  # a pause of ours is not the peer's fault
                begun += time.monotonic() - before
        return time.monotonic() if begun is None else begun

    def _left(self, begun: float | None, until: float | None) -> float:
        """Seconds for the next read."""
        if begun is None and until is None:
            return self.patience
        now, left = time.monotonic(), self.patience
        if begun is not None and now - begun > self.patience * _EARLY:
            left -= now - begun
        if until is not None:
            left = min(left, until - now)
        if left <= 0:
            raise NoAnswer("a PDU took too long to come")
        return left

    def _make_room(self, total: int) -> None:
        if total > len(self._buffer):
            self._grow(total + _SPARE)
            return
        rest = self._end - self._start
        self._buffer[:rest] = self._buffer[self._start : self._end]
        self._start, self._end = 0, rest

    def _grow(self, size: int) -> None:
        if self._room is not None:
            self._room(size)
        rest = bytes(self._view[self._start : self._end])
        self._buffer = bytearray(size)
        self._view = memoryview(self._buffer)
        self._view[: len(rest)] = rest
        self._start, self._end = 0, len(rest)

    def _wait_for(self, seconds: float) -> None:
        if seconds == self._timeout:
            return
        self._timeout = seconds
        try:
            if self._secure:
                self.socket.settimeout(seconds)
            else:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(seconds))
        except OSError as error:
            raise _lost(error) from error

    def _limit_sending(self) -> None:
        if not self._secure:
            with contextlib.suppress(OSError):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(self.patience))


def _lost(error: Exception) -> ConnectionLost:
    return error if isinstance(error, ConnectionLost) else ConnectionLost(f"the connection broke: {error}")


def _timeval(seconds: float) -> bytes:
    micros = max(1, int(seconds * 1e6))  # zero would mean no end
    return struct.pack("@ll", *divmod(micros, 1_000_000))
