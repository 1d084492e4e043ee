"""The session over HTTP: a cookie that scripts can't read, entitlements by role, no foreign log-in forms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from access_control.credentials import Credentials
from access_control.directory import Directory
from access_control.model import Role
from access_control.routes import operations
from access_control.web.authentication import Authenticator
from dokuei.web import app
from shared_kernel.clock import SetClock
from shared_kernel.database import Database

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OWN = {"Origin": "http://testserver"}
RIGHT = {"login": "isha", "password": "password"}


@pytest.fixture
def client(database: Database, clock: SetClock) -> Iterator[TestClient]:
    directory = Directory(clock, QUICK)
    with database.write() as session:
        directory.add_site(session, "MINATO", "みなと診療所")
        directory.add_person(
            session, login="isha", name="湊 恵子", site_code="MINATO", role=Role.REFERRING_DOCTOR, password="password"
        )
    credentials = Credentials(database, clock, session_hours=12, token_hours=48, hasher=QUICK)
    made = app.create(
        operations=operations(credentials, demo=lambda: True),
        routes=[],
        authenticate=Authenticator(credentials),
        ready=lambda: [],
        max_json_body=10_000,
    )
    with TestClient(made, client=("192.0.2.1", 4000)) as client:
        yield client


def test_signing_in_and_out(client: TestClient) -> None:
    answer = client.post("/api/session", json=RIGHT, headers=OWN)
    assert answer.status_code == 200
    session = answer.json()
    assert session["person"] == {
        "login": "isha",
        "name": "湊 恵子",
        "role": "referring_doctor",
        "site": {"code": "MINATO", "name": "みなと診療所"},
    }
    assert set(session["entitlements"]) == {
        "cases.list",
        "cases.request",
        "requests.list",
        "requests.enter",
        "patients.resolve",
        "studies.view",
        "studies.send",
        "reports.inbox",
    }
    assert session["demo"] is True
    assert client.get("/api/session").json() == session
    assert client.delete("/api/session", headers=OWN).status_code == 204
    assert client.get("/api/session").status_code == 401


def test_the_cookie_is_for_this_site_and_for_no_script_and_no_cache(client: TestClient) -> None:
    answer = client.post("/api/session", json=RIGHT)
    told = {part.strip().lower() for part in answer.headers["Set-Cookie"].split(";")}
    assert {"httponly", "samesite=strict", "path=/"} <= told
    assert "secure" not in told
    assert answer.headers["Cache-Control"] == "no-store"


def test_over_tls_the_cookie_is_for_tls_only(client: TestClient) -> None:
    answer = client.post("https://testserver/api/session", json=RIGHT)
    assert "secure" in answer.headers["Set-Cookie"].lower()


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
def test_another_sites_form_signs_nobody_in(client: TestClient, origin: str) -> None:
    answer = client.post("/api/session", json=RIGHT, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "foreign_origin")
    assert "Set-Cookie" not in answer.headers


def test_another_sites_page_signs_nobody_out(client: TestClient) -> None:
    client.post("/api/session", json=RIGHT)
    assert client.delete("/api/session", headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.get("/api/session").status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"login": "isha", "password": "wrong"}, 401, "wrong_password"),
        ({"login": "x" * 64, "password": "x" * 1024}, 401, "wrong_password"),
        ({"login": "x" * 65, "password": "x"}, 400, "bad_json"),
        ({"login": "isha", "password": "x" * 1025}, 400, "bad_json"),
        ({"login": "isha"}, 400, "bad_json"),
    ],
)
def test_what_does_not_sign_in(client: TestClient, body: dict[str, str], status: int, code: str) -> None:
    answer = client.post("/api/session", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_the_closed_door_says_for_how_long(client: TestClient) -> None:
    for _ in range(10):
        client.post("/api/session", json={"login": "isha", "password": "wrong"})
    answer = client.post("/api/session", json=RIGHT)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "300")
