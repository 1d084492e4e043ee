"""Proves over real sockets that a large body comes whole, ends when the reader is gone, and is never all in memory."""

from __future__ import annotations

import http.client
import os
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from dicomweb.http.pieces import FileRange, Piece, PiecesResponse, total
from dokuei.web.protocol import OneWrite
from tests.support.waiting import until

SIZE = 48 * 2**20


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class Server:
    """Pieces of a file over uvicorn, as the hub runs it."""

    def __init__(self, path: Path) -> None:
        self.pieces: list[Piece] = [b"before", FileRange(path, 10, SIZE - 10), b"after", FileRange(path, 0, 5)]
        self.ended = threading.Event()
        app = Starlette(routes=[Route("/large", self._large), Route("/small", self._small)])
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", http=OneWrite)
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listening]})
        self.address: tuple[str, int] = self._listening.getsockname()

    async def _large(self, request: Request) -> Response:
        def pieces() -> Iterator[Piece]:
            try:
                yield from self.pieces
            finally:
                self.ended.set()

        return PiecesResponse(pieces(), total(self.pieces), media_type="application/octet-stream")

    async def _small(self, request: Request) -> Response:
        return PlainTextResponse("small")

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._listening.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    with path.open("wb") as out:
        for number in range(SIZE // 2**20):
            out.write(bytes([number]) * 2**20)
    return path


@pytest.fixture
def server(file: Path) -> Iterator[Server]:
    with Server(file) as running:
        yield running


def test_it_comes_whole_in_order_and_the_connection_lives(server: Server, file: Path) -> None:
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    content = file.read_bytes()
    for _ in range(2):
        connection.request("GET", "/large")
        answer = connection.getresponse()
        assert answer.getheader("content-length") == str(total(server.pieces))
        assert answer.read() == b"before" + content[10:] + b"after" + content[:5]
        connection.request("GET", "/small")
        assert connection.getresponse().read() == b"small"
        connection.request("HEAD", "/large")
        assert connection.getresponse().read() == b""
    connection.close()


def test_a_reader_that_leaves_ends_it_and_leaves_no_file_open(server: Server) -> None:
    first = http.client.HTTPConnection(*server.address, timeout=60)
    first.request("GET", "/small")
    first.getresponse().read()
    before = open_files()  # with what the server itself holds, now that it is there
    with socket.create_connection(server.address, timeout=60) as leaving:
        leaving.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert leaving.recv(1000).startswith(b"HTTP/1.1 200")
    assert server.ended.wait(30)
    until(lambda: open_files() <= before, what="files to be closed")
    first.close()


def test_a_slow_reader_costs_little_memory(server: Server) -> None:
    tracemalloc.start()
    try:
        with socket.create_connection(server.address, timeout=60) as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            slow.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            read = 0
            while data := slow.recv(2**16):
                read += len(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert read > SIZE
    assert peak < 12 * 2**20


def test_what_is_cut_off_on_the_way_is_seen_to_be_cut(server: Server, file: Path) -> None:
    os.truncate(file, SIZE // 2)
    connection = http.client.HTTPConnection(*server.address, timeout=60)
    connection.request("GET", "/large")
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()
