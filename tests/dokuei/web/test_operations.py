"""Operations over HTTP: limits, who is asking, decoding, and one error shape for everything that is wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec
import pytest
from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.testclient import TestClient

from access_control.model import Actor, ActorKind, Role
from access_control.web.operation import Call, Operation
from dokuei.web import app
from shared_kernel.errors import Conflict, NotSignedIn

DOCTOR = Actor(
    kind=ActorKind.PERSON,
    login="isha",
    name="湊 恵子",
    role=Role.REFERRING_DOCTOR,
    site_code="MINATO",
    site_name="みなと診療所",
    session_id="s",
)


class Lamp(msgspec.Struct):
    colour: str
    watts: int = 5


class LampQuery(msgspec.Struct):
    state: list[str] = []
    limit: int = 50


class LampPage(msgspec.Struct):
    state: list[str]
    limit: int
    login: str


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("secret inside")
    error.sqlite_errorcode = code
    return error


def light(call: Call) -> Lamp:
    if call.body.colour == "taken":
        raise Conflict(colour="taken")
    if call.body.colour == "broken":
        raise RuntimeError("secret inside")
    if call.body.colour == "locked":
        raise OperationalError("secret inside", {}, sqlite_error(sqlite3.SQLITE_BUSY))
    if call.body.colour == "mistaken":
        raise OperationalError("secret inside", {}, sqlite_error(sqlite3.SQLITE_ERROR))
    if call.body.colour == "address":
        return Lamp(call.client)
    return Lamp(call.body.colour, call.body.watts)


def page(call: Call) -> LampPage:
    return LampPage(call.query.state, call.query.limit, call.actor.login)


def authenticate(request: Request) -> Actor:
    if request.headers.get("authorization") != "Bearer known":
        raise NotSignedIn()
    return DOCTOR


@pytest.fixture
def client() -> Iterator[TestClient]:
    operations = [
        Operation(
            method="POST", path="/api/lamps", summary="Light", tag="lamps", handler=light, body=Lamp, response=Lamp,
            errors=(Conflict,),
        ),
        Operation(
            method="GET", path="/api/lamps", summary="Find", tag="lamps", handler=page, query=LampQuery,
            response=LampPage,
        ),
        Operation(method="DELETE", path="/api/lamps/{lamp_id}", summary="Break", tag="lamps", handler=lambda _: None),
    ]  # fmt: skip
    made = app.create(operations=operations, routes=[], authenticate=authenticate, ready=lambda: [], max_json_body=1000)
    with TestClient(made, headers={"Authorization": "Bearer known"}, client=("192.0.2.1", 4000)) as client:
        yield client


def test_a_body_goes_in_and_comes_out(client: TestClient) -> None:
    answer = client.post("/api/lamps", json={"colour": "赤"})
    assert (answer.status_code, answer.json()) == (200, {"colour": "赤", "watts": 5})
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_backslash_before_u0000_is_no_nul(client: TestClient) -> None:
    answer = client.post("/api/lamps", content=rb'{"colour": "\\u0000"}')
    assert (answer.status_code, answer.json()["colour"]) == (200, r"\u0000")
    assert client.get("/api/lamps?state=%2500").json()["state"] == ["%00"]


def test_a_query_is_decoded(client: TestClient) -> None:
    answer = client.get("/api/lamps?state=on&state=off&limit=3")
    assert answer.json() == {"state": ["on", "off"], "limit": 3, "login": "isha"}


def test_nothing_to_say_is_204(client: TestClient) -> None:
    assert client.delete("/api/lamps/1").status_code == 204


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/api/lamps", b'{"colour": 5}', 400, "bad_json"),
        ("POST", "/api/lamps", b"{", 400, "bad_json"),
        ("POST", "/api/lamps", b'{"colour": "\xff"}', 400, "bad_json"),
        ("POST", "/api/lamps", b'{"colour": "taken"}', 409, "conflict"),
        ("POST", "/api/lamps", b'{"colour": "broken"}', 500, "internal_error"),
        ("POST", "/api/lamps", b'{"colour": "locked"}', 503, "unavailable"),
        ("POST", "/api/lamps", b'{"colour": "mistaken"}', 500, "internal_error"),
        ("POST", "/api/lamps", b" " * 1001, 413, "too_large"),
        ("GET", "/api/lamps?limit=many", b"", 400, "bad_parameter"),
        ("GET", "/api/lamps?colour=red", b"", 400, "bad_parameter"),
        ("GET", "/api/lamps?state=o%00n", b"", 400, "nul_character"),
        ("DELETE", "/api/lamps/1%00", b"", 400, "nul_character"),
        ("POST", "/api/lamps", b'{"colour": "r\\u0000d"}', 400, "nul_character"),
        ("POST", "/api/lamps", b'{"colour": "red", "other": [{"r\\u0000": 1}]}', 400, "nul_character"),
        ("PUT", "/api/lamps", b"", 405, "method_not_allowed"),
        ("GET", "/api/nowhere", b"", 404, "not_found"),
        ("GET", "/dicomweb/nowhere", b"", 404, "not_found"),
    ],
)
def test_everything_wrong_has_one_shape(
    client: TestClient, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    answer = client.request(method, path, content=body)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["request_id"] == answer.headers["X-Request-Id"]
    for sentence in (error["message"], error["next_step"]):
        assert set(sentence) == {"ja", "en"}
        assert all(sentence.values())
    assert "secret inside" not in answer.text


def test_a_body_without_a_length_is_cut_off_at_the_limit(client: TestClient) -> None:
    answer = client.post("/api/lamps", content=(b"x" * 600 for _ in range(1000)))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/lamps", "GET, POST"),
        ("GET", "/api/lamps/1", "DELETE"),
        ("POST", "/api/openapi.json", "GET, HEAD"),
        ("OPTIONS", "/api/lamps", "GET, POST"),
        ("POST", "/cases", "GET, HEAD"),
    ],
)
def test_another_method_is_told_those_that_are_allowed(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert sorted(answer.headers["Allow"].split(", ")) == allowed.split(", ")


def test_head_runs_no_handler(client: TestClient) -> None:
    answer = client.head("/api/lamps")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")


@pytest.mark.parametrize("top", ["api", "dicomweb", "fhir"])
def test_programs_have_their_own_addresses_and_no_others(client: TestClient, top: str) -> None:
    for path in (f"/{top}", f"/{top}/"):
        assert client.get(path).json()["error"]["code"] == "not_found"
    assert client.get(f"/{top}x").headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("<script>", "unknown"),
        ("192.0.2.7, 10.0.0.1", "unknown"),
        ("", "unknown"),
    ],
)
def test_only_an_address_is_taken_for_one(client: TestClient, told: str, heard: str) -> None:
    caller = TestClient(client.app, headers={"Authorization": "Bearer known"}, client=(told, 4000))
    assert caller.post("/api/lamps", json={"colour": "address"}).json()["colour"] == heard


@pytest.mark.parametrize("path", ["/%00", "/assets/%00", "/" + "x" * 5000, "/api/%00", "/a/" * 2000, "/%5B", "/%3F"])
@pytest.mark.parametrize("host", ["testserver", "[", "[::1"])
def test_strange_addresses_are_nobodys_fault(client: TestClient, path: str, host: str) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer known"}):
        assert client.get(path, headers=headers | {"Host": host}).status_code in {200, 400, 401, 404, 503}


@pytest.mark.parametrize("path", ["/api/lamps", "/api/openapi.json", "/api/nowhere", "/fhir/nowhere"])
def test_nobody_is_told_to_sign_in(client: TestClient, path: str) -> None:
    answer = client.get(path, headers={"Authorization": ""})
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "not_signed_in"


def test_health_is_open(client: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        assert client.get(path, headers={"Authorization": ""}).status_code == 200


def test_the_document_describes_every_operation(client: TestClient) -> None:
    told = client.get("/api/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    assert {(path, method) for path, methods in told["paths"].items() for method in methods} == {
        ("/api/lamps", "post"),
        ("/api/lamps", "get"),
        ("/api/lamps/{lamp_id}", "delete"),
    }
    light_told = told["paths"]["/api/lamps"]["post"]
    assert {status: each["description"] for status, each in light_told["responses"].items() if status != "200"} == {
        "400": "bad_json",
        "401": "not_signed_in",
        "403": "foreign_origin",
        "409": "conflict",
        "413": "too_large",
        "500": "internal_error",
        "503": "unavailable",
    }
    page_told = told["paths"]["/api/lamps"]["get"]["responses"]
    assert page_told["400"]["description"] == "bad_parameter"
    assert "403" not in page_told
    assert [each["name"] for each in told["paths"]["/api/lamps"]["get"]["parameters"]] == ["state", "limit"]
    assert told["paths"]["/api/lamps/{lamp_id}"]["delete"]["parameters"][0]["name"] == "lamp_id"


def test_every_answer_keeps_browsers_on_the_safe_side(client: TestClient) -> None:
    headers = client.get("/healthz").headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
