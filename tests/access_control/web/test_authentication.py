"""Who is asking: cookie or bearer token; a cookie does nothing for another site's page, and nothing after its end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from starlette.requests import Request

from access_control.credentials import Credentials
from access_control.directory import Directory
from access_control.errors import ForeignOrigin
from access_control.model import Role
from access_control.web.authentication import Authenticator
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import NotSignedIn

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def credentials(database: Database, clock: SetClock) -> Credentials:
    directory = Directory(clock, QUICK)
    with database.write() as session:
        directory.add_site(session, "MINATO", "みなと診療所")
        directory.add_person(
            session, login="isha", name="湊 恵子", site_code="MINATO", role=Role.REFERRING_DOCTOR, password="password"
        )
    return Credentials(database, clock, session_hours=12, token_hours=48, hasher=QUICK)


@pytest.fixture
def authenticate(credentials: Credentials) -> Authenticator:
    return Authenticator(credentials)


@pytest.fixture
def cookie(credentials: Credentials) -> dict[str, str]:
    secret, _ = credentials.sign_in("isha", "password", "192.0.2.1")
    return {"cookie": f"dokuei_session={secret}"}


def request(method: str, headers: dict[str, str]) -> Request:
    sent = {"host": "hub.example.jp"} | headers
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    return Request({"type": "http", "method": method, "path": "/api/cases", "query_string": b"", "headers": raw})


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_cookie_reads_without_an_origin(authenticate: Authenticator, cookie: dict[str, str], method: str) -> None:
    assert authenticate(request(method, cookie)).login == "isha"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_cookie_writes_from_our_own_page(authenticate: Authenticator, cookie: dict[str, str], method: str) -> None:
    assert authenticate(request(method, cookie | {"origin": "https://hub.example.jp"})).login == "isha"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "null",
        "https://evil.example",
        "https://hub.example.jp.evil.example",
        "https://hub.example.jp:444",
        "http://[",
        "http://[::1",
        "//",
        "hub.example.jp",
    ],
)
def test_a_cookie_writes_from_nowhere_else(
    authenticate: Authenticator, cookie: dict[str, str], method: str, origin: str | None
) -> None:
    headers = cookie if origin is None else cookie | {"origin": origin}
    with pytest.raises(ForeignOrigin):
        authenticate(request(method, headers))


@pytest.mark.parametrize("origin", ["http://[", "null", ""])
def test_no_host_is_nobodys_own(authenticate: Authenticator, cookie: dict[str, str], origin: str) -> None:
    with pytest.raises(ForeignOrigin):
        authenticate(request("POST", cookie | {"host": "", "origin": origin}))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_needs_no_origin(authenticate: Authenticator, credentials: Credentials, scheme: str) -> None:
    token = credentials.issue_token("isha")
    assert authenticate(request("POST", {"authorization": f"{scheme} {token}"})).login == "isha"


def test_a_token_stands_before_the_cookie(authenticate: Authenticator, cookie: dict[str, str]) -> None:
    with pytest.raises(NotSignedIn):
        authenticate(request("GET", cookie | {"authorization": "Bearer unknown"}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer unknown"},
        {"authorization": "Basic aXNoYTpwYXNzd29yZA=="},
        {"authorization": "Bearer"},
        {"cookie": "dokuei_session=unknown"},
        {"cookie": "dokuei_session="},
    ],
)
def test_nobody_is_not_signed_in(authenticate: Authenticator, headers: dict[str, str]) -> None:
    with pytest.raises(NotSignedIn):
        authenticate(request("GET", headers))


def test_after_its_end_a_cookie_is_unknown(
    authenticate: Authenticator, cookie: dict[str, str], clock: SetClock
) -> None:
    clock.move(timedelta(hours=12))
    with pytest.raises(NotSignedIn):
        authenticate(request("GET", cookie))


def test_after_its_end_a_token_is_unknown(
    authenticate: Authenticator, credentials: Credentials, clock: SetClock
) -> None:
    headers = {"authorization": f"Bearer {credentials.issue_token('isha')}"}
    assert authenticate(request("GET", headers)).login == "isha"
    clock.move(timedelta(hours=48))
    with pytest.raises(NotSignedIn):
        authenticate(request("GET", headers))
