"""Unexpected errors behind a real server: logged once, under the number that the answer shows; the connection lives."""

from __future__ import annotations

import http.client
import json
import logging
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import uvicorn
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from access_control.model import Actor
from access_control.web.operation import NOBODY, Call, Operation
from dokuei import logs
from dokuei.web import app
from shared_kernel.errors import Unavailable


def break_down(call: Call) -> None:
    raise RuntimeError("secret inside")


def full(call: Call) -> None:
    raise Unavailable(reason="full") from OSError(28, "No space left on device")


def fine(call: Call) -> None:
    return None


def half(request: Request) -> Response:
    def pieces() -> Iterator[bytes]:
        yield b"one half"
        raise RuntimeError("secret inside")

    return StreamingResponse(pieces(), headers={"Content-Length": "16"})


def nobody(request: Request) -> Actor:
    return NOBODY


@pytest.fixture
def logging_as_in_production() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("INFO")
    yield
    logging.captureWarnings(False)
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def server(logging_as_in_production: None) -> Iterator[tuple[str, int]]:
    """The address of an application that breaks down, served by uvicorn."""
    made = app.create(
        operations=[
            Operation(method="GET", path=f"/api/{handler.__name__}", summary="", tag="", handler=handler)
            for handler in (break_down, full, fine)
        ],
        routes=[Route("/api/half", half)],
        authenticate=nobody,
        ready=lambda: [],
        max_json_body=1000,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(made, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()
    running.should_exit = True
    thread.join()
    listening.close()


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_an_unexpected_error_is_logged_once_under_its_number(
    server: tuple[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    connection = http.client.HTTPConnection(*server)
    connection.request("GET", "/api/break_down")
    answer = connection.getresponse()
    error = json.loads(answer.read())["error"]
    assert (answer.status, error["code"]) == (500, "internal_error")
    kept = connection.sock
    assert kept is not None
    connection.request("GET", "/api/fine")
    assert connection.getresponse().status == 204
    assert connection.sock is kept
    connection.close()
    lines = told(capsys)
    assert [(line["event"], line["request_id"]) for line in lines] == [
        ("web.unexpected", error["request_id"]),
        ("web.answered", error["request_id"]),
    ]
    assert "secret inside" in lines[0]["exception"]
    assert (lines[0]["path"], lines[1]["status"]) == ("/api/break_down", 500)


def test_what_is_ours_to_mend_is_logged_with_its_cause(
    server: tuple[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    connection = http.client.HTTPConnection(*server)
    connection.request("GET", "/api/full")
    answer = connection.getresponse()
    number = json.loads(answer.read())["error"]["request_id"]
    connection.close()
    assert answer.status == 503
    lines = told(capsys)
    assert [(line["event"], line["request_id"]) for line in lines] == [
        ("web.unavailable", number),
        ("web.answered", number),
    ]
    assert "No space left on device" in lines[0]["exception"]


def test_every_refusal_leaves_its_number(server: tuple[str, int], capsys: pytest.CaptureFixture[str]) -> None:
    connection = http.client.HTTPConnection(*server)
    connection.request("GET", "/api/nowhere")
    number = json.loads(connection.getresponse().read())["error"]["request_id"]
    connection.close()
    assert [(line["event"], line["status"], line["request_id"]) for line in told(capsys)] == [
        ("web.answered", 404, number)
    ]


def test_an_answer_that_breaks_off_is_seen_to_be_cut(
    server: tuple[str, int], capsys: pytest.CaptureFixture[str]
) -> None:
    connection = http.client.HTTPConnection(*server)
    connection.request("GET", "/api/half")
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()
    lines = told(capsys)
    assert [line["event"] for line in lines if "exception" in line] == ["web.unexpected"]
