"""Signing in and out, and who I am."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from access_control.credentials import LONGEST_LOGIN, Credentials
from access_control.errors import ForeignOrigin, TooManyLogins, WrongPassword
from access_control.model import Action, Actor
from access_control.rules.role import role_permits
from access_control.web.authentication import COOKIE, require_own_origin
from access_control.web.operation import Call, Operation
from shared_kernel.errors import NotSignedIn

_LONGEST_PASSWORD = 1024

# What the application shows to whom; the server decides each deed anew.
_ENTITLEMENTS = {
    "cases.list": Action.CASE_LIST,
    "cases.request": Action.CASE_REQUEST,
    "requests.list": Action.REQUEST_LIST,
    "requests.enter": Action.REQUEST_ENTER,
    "patients.resolve": Action.PATIENT_RESOLVE,
    "cases.read": Action.CASE_CLAIM,
    "studies.view": Action.STUDY_VIEW,
    "studies.send": Action.STUDY_STORE,
    "reports.inbox": Action.REPORT_ACKNOWLEDGE,
    "administration": Action.ADMINISTER,
}


class SignIn(msgspec.Struct, frozen=True):
    """A log-in name and a password."""

    login: Annotated[str, msgspec.Meta(max_length=LONGEST_LOGIN)]
    password: Annotated[str, msgspec.Meta(max_length=_LONGEST_PASSWORD)]


class SiteOut(msgspec.Struct, frozen=True):
    """A site."""

    code: str
    name: str


class PersonOut(msgspec.Struct, frozen=True):
    """The person signed in."""

    login: str
    name: str
    role: str
    site: SiteOut


class SessionOut(msgspec.Struct, frozen=True):
    """Who is signed in, and what they may do."""

    person: PersonOut
    entitlements: list[str]
    demo: bool


def operations(credentials: Credentials, *, demo: Callable[[], bool]) -> list[Operation]:
    """The operations on the session; `demo` says whether this hub shows the fictional region."""

    def sign_in(call: Call) -> Response:
        require_own_origin_of_browser(call.request)
        secret, actor = credentials.sign_in(call.body.login, call.body.password, call.client)
        response = Response(
            msgspec.json.encode(_session(actor, demo())),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
        secure = call.request.scope["scheme"] == "https"
        response.set_cookie(COOKIE, secret, httponly=True, samesite="strict", path="/", secure=secure)
        return response

    def whoami(call: Call) -> SessionOut:
        return _session(call.actor, demo())

    def sign_out(call: Call) -> Response:
        credentials.sign_out(call.actor)
        response = Response(status_code=204)
        response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return response

    session = partial(Operation, path="/api/session", tag="session")
    return [
        session(
            method="POST",
            summary="Sign in; the session is kept in a cookie",
            handler=sign_in,
            body=SignIn,
            response=SessionOut,
            errors=(WrongPassword, TooManyLogins, ForeignOrigin),
            public=True,
        ),
        session(
            method="GET",
            summary="Who is signed in",
            handler=whoami,
            response=SessionOut,
            errors=(NotSignedIn,),
        ),
        session(method="DELETE", summary="Sign out", handler=sign_out, errors=(NotSignedIn,)),
    ]


def require_own_origin_of_browser(request: Request) -> None:
    """Refuse a foreign page's log-in form; a program that sends no `Origin` may pass."""
    if "origin" in request.headers:
        require_own_origin(request)


def _session(actor: Actor, demo: bool) -> SessionOut:
    entitled = [
        name for name, action in _ENTITLEMENTS.items() if actor.role is not None and role_permits(actor.role, action)
    ]
    person = PersonOut(actor.login, actor.name, str(actor.role), SiteOut(actor.site_code, actor.site_name))
    return SessionOut(person=person, entitlements=entitled, demo=demo)
