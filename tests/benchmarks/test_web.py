"""Proves that the HTTP client of the benchmarks reads every kind of body whole, wherever the network cuts it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load import in_process
from benchmarks.web import Answer, Client, request
from benchmarks.wire import Broken

_HEAD = b"HTTP/1.1 200 OK\r\nX-One: 1\r\n"


def fixed(body: bytes) -> bytes:
    return _HEAD + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chunked(pieces: Sequence[bytes]) -> bytes:
    said = b"".join(b"%x;name=value\r\n%b\r\n" % (len(piece), piece) for piece in pieces if piece)
    return _HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + said + b"0\r\n\r\n"


def served(*answers: Sequence[bytes], keep: bool = True) -> list[Answer]:
    """What the client makes of answers that come in such pieces, each on the same connection; it closes behind them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = ("127.0.0.1", listening.getsockname()[1])

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                for pieces in answers:
                    connection.recv(1 << 16)
                    for piece in pieces:
                        connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with Client(address, seconds=10) as client:
            found = [client.ask(request("GET", address, "/", {}), keep=keep) for _ in answers]
        thread.join(10)
        return found


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[first:last] for first, last in pairwise(marks)]


@given(st.lists(st.binary(max_size=300), max_size=4), st.lists(st.integers(0, 2000), max_size=6))
def test_a_body_is_the_same_however_it_comes(pieces: list[bytes], places: list[int]) -> None:
    body = b"".join(pieces)
    first, second = served(cut(fixed(body), places), cut(chunked(pieces), places))
    assert (200, body, len(body), "1") == (first.status, first.body, first.size, first.headers["x-one"])
    assert (200, body, len(body)) == (second.status, second.body, second.size)


def test_what_is_not_kept_is_counted() -> None:
    [answer] = served([fixed(b"x" * 3_000_000)], keep=False)
    assert (b"", 3_000_000) == (answer.body, answer.size)


def test_a_body_as_long_as_its_connection() -> None:
    [answer] = served([_HEAD + b"\r\nuntil", b" the end"])
    assert b"until the end" == answer.body


def test_continue_is_passed_over() -> None:
    [answer] = served([b"HTTP/1.1 100 Continue\r\n\r\n", fixed(b"then this")])
    assert b"then this" == answer.body


def test_a_body_that_is_cut_off_is_an_error() -> None:
    with pytest.raises(Broken, match="middle"):
        served([fixed(b"whole")[:-1]])


def test_errors_of_a_process_are_raised_here() -> None:
    with pytest.raises(OSError, match="refused"):
        in_process(Client, ("127.0.0.1", 1))
