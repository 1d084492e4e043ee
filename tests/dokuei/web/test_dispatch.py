"""Proves that a request finds the route that Starlette would find, and that errors are told in the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Match, Route
from starlette.testclient import TestClient

from dokuei.web.dispatch import Dispatch
from dokuei.web.errors import HANDLERS
from shared_kernel.errors import NotFound

PATHS = [
    "/api/cases",
    "/api/cases/mine",
    "/api/cases/{case}",
    "/api/cases/{case}/claim",
    "/studies/{study}/series/{series}",
    "/studies/{study}/bulkdata/{path:path}",
]


async def say(request: Request) -> Response:
    return Response()


def on_a_thread(request: Request) -> Response:
    raise NotFound(thing="on a thread")


ROUTES = [
    *(Route(path, say, methods=["GET"]) for path in PATHS),
    Route("/api/cases", say, methods=["POST"]),
    Route("/api/thread", on_a_thread),
]


def expected(path: str, method: str) -> dict[str, str] | None:
    """The parameters of the first route that Starlette finds; None for none."""
    for route in ROUTES:
        match, scope = route.matches({"type": "http", "path": path, "method": method, "root_path": ""})
        if match is Match.FULL:
            return dict(scope["path_params"])
    return None


async def passed_on(scope: object, receive: object, send: object) -> None:
    await PlainTextResponse("passed on")(scope, receive, send)  # type: ignore[arg-type]


def found(path: str, method: str) -> dict[str, str] | None:
    seen: list[dict[str, str]] = []

    async def note(request: Request) -> Response:
        seen.append(request.path_params)
        return Response()

    routes = [Route(route.path, note, methods=sorted(route.methods or ())) for route in ROUTES]
    client = TestClient(Dispatch(passed_on, routes, HANDLERS))
    client.request(method, f"http://testserver{path}")
    return seen[0] if seen else None


PARTS = st.sampled_from(["api", "cases", "mine", "claim", "studies", "series", "bulkdata", "1.2.3", ""])


@given(parts=st.lists(PARTS, max_size=7), method=st.sampled_from(["GET", "HEAD", "POST", "DELETE"]))
def test_it_finds_what_starlette_finds(parts: list[str], method: str) -> None:
    path = "/" + "/".join(parts)
    assert found(path, method) == expected(path, method)


@pytest.mark.parametrize("path", PATHS)
def test_every_route_is_found(path: str) -> None:
    asked = path.replace(":path", "").replace("{", "").replace("}", "")
    assert found(asked, "GET") == expected(asked, "GET") is not None


def test_the_rest_of_a_path_keeps_its_slashes() -> None:
    assert found("/studies/1.2/bulkdata/00540016/1/00540300", "GET") == {
        "study": "1.2",
        "path": "00540016/1/00540300",
    }


def test_errors_are_told_as_behind_starlette() -> None:
    behind = Starlette(routes=ROUTES, exception_handlers=HANDLERS)  # type: ignore[arg-type]
    theirs = TestClient(behind).get("/api/thread")
    ours = TestClient(Dispatch(passed_on, ROUTES, HANDLERS)).get("/api/thread")
    assert (ours.status_code, ours.json()) == (theirs.status_code, theirs.json())
    assert ours.status_code == 404


def test_what_nobody_foresaw_goes_on() -> None:
    async def broken(request: Request) -> Response:
        raise ZeroDivisionError

    async def half(request: Request) -> Response:
        def pieces() -> object:
            yield b"half"
            raise NotFound

        return StreamingResponse(pieces())  # type: ignore[arg-type]

    client = TestClient(Dispatch(passed_on, [Route("/broken", broken), Route("/half", half)], HANDLERS))
    with pytest.raises(ZeroDivisionError):
        client.get("/broken")
    with pytest.raises(NotFound):  # begun: no second answer can follow
        client.get("/half")
