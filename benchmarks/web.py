"""An HTTP/1.1 client that costs its side next to nothing: requests are bytes, bodies are read into one buffer.

Written for measuring, like `wire`: it trusts the peer and knows what DICOMweb servers send, fixed and chunked bodies.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from benchmarks.wire import Address, Broken

_BUFFER = 1 << 20
_LONGEST_HEAD = 1 << 16
_CONTINUE, _NO_CONTENT, _NOT_MODIFIED = 100, 204, 304


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers with names in lower case, and the body: its bytes where they were asked for, and its size."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    size: int


def request(
    method: str, address: Address, path: str, headers: Mapping[str, str], *, length: int | None = None
) -> bytes:
    """The head of a request; with a `length` it announces a body."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {address[0]}:{address[1]}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


class Client:
    """One connection that stays open; it is opened again where the server has closed it."""

    def __init__(self, address: Address, *, seconds: float = 600) -> None:
        self._address = address
        self._seconds = seconds
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._at = self._end = 0
        self._socket = self._connect()

    def ask(self, asked: bytes, body: Iterable[bytes] = (), *, keep: bool = False) -> Answer:
        """Send a request that `request` made and read the whole answer; `keep` gives its body, too.

        Raises Broken, OSError.
        """
        self._socket.sendall(asked)
        for piece in body:
            self._socket.sendall(piece)
        return self._answer(keep)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _connect(self) -> socket.socket:
        made = socket.create_connection(self._address, self._seconds)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._at = self._end = 0
        return made

    def _answer(self, keep: bool) -> Answer:
        status = _CONTINUE
        while status == _CONTINUE:
            first, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            status = int(first.split(" ", 2)[1])
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        kept: list[bytes] | None = [] if keep else None
        closing = headers.get("connection", "").lower() == "close"
        if headers.get("transfer-encoding", "").lower() == "chunked":
            size = self._chunks(kept)
        elif "content-length" in headers:
            size = self._exactly(int(headers["content-length"]), kept)
        elif status in {_NO_CONTENT, _NOT_MODIFIED}:
            size = 0
        else:  # as long as the connection
            size, closing = self._to_the_end(kept), True
        if closing:
            self._socket.close()
            self._socket = self._connect()
        return Answer(status, headers, b"".join(kept or ()), size)

    def _until(self, end: bytes) -> bytes:
        """The bytes before `end`, which is passed over."""
        while (found := self._buffer.find(end, self._at, self._end)) < 0:
            if self._end - self._at > _LONGEST_HEAD:
                raise Broken("a head without an end")
            self._more()
        said = bytes(self._view[self._at : found])
        self._at = found + len(end)
        return said

    def _chunks(self, kept: list[bytes] | None) -> int:
        size = 0
        while length := int(self._until(b"\r\n").split(b";")[0], 16):
            size += self._exactly(length, kept)
            self._exactly(2, None)
        while self._until(b"\r\n"):
            pass
        return size

    def _exactly(self, length: int, kept: list[bytes] | None) -> int:
        left = length
        while left:
            if self._at == self._end:
                self._more()
            taken = min(left, self._end - self._at)
            if kept is not None:
                kept.append(bytes(self._view[self._at : self._at + taken]))
            self._at += taken
            left -= taken
        return length

    def _to_the_end(self, kept: list[bytes] | None) -> int:
        size = 0
        while self._at < self._end or self._read():
            size += self._exactly(self._end - self._at, kept)
        return size

    def _more(self) -> None:
        """Read once more behind what is there."""
        if not self._read():
            raise Broken("the server closed the connection in the middle of an answer")

    def _read(self) -> int:
        if self._at == self._end:
            self._at = self._end = 0
        elif self._at and self._end > _BUFFER - _LONGEST_HEAD:
            rest = bytes(self._view[self._at : self._end])
            self._view[: len(rest)] = rest
            self._at, self._end = 0, len(rest)
        got = self._socket.recv_into(self._view[self._end :])
        self._end += got
        return got
