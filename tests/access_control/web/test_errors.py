"""Errors on the wire: one shape, both languages, the headers that a status asks for."""

from __future__ import annotations

import json
from pathlib import Path

from starlette.requests import Request

from access_control.errors import TooManyLogins
from access_control.web.errors import error_response
from shared_kernel.errors import Conflict, NotSignedIn


def request() -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": [], "state": {"request_id": "abc"}})


def test_the_body_says_what_and_what_next_in_both_languages() -> None:
    answer = error_response(request(), Conflict(reader="dokuei"))
    assert answer.status_code == 409
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(bytes(answer.body)) == {
        "error": {
            "code": "conflict",
            "message": Conflict.message._asdict(),
            "next_step": Conflict.next_step._asdict(),
            "details": {"reader": "dokuei"},
            "request_id": "abc",
        }
    }


def test_who_is_not_signed_in_is_told_how() -> None:
    answer = error_response(request(), NotSignedIn())
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="dokuei"')


def test_who_came_too_often_is_told_when_to_come_again() -> None:
    answer = error_response(request(), TooManyLogins(retry_after_seconds=300))
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")


def test_details_that_json_does_not_know_are_told_as_text() -> None:
    answer = error_response(request(), Conflict(path=Path("a/b")))
    assert json.loads(bytes(answer.body))["error"]["details"] == {"path": "a/b"}
