"""The web application of a hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp

from access_control.model import Actor
from access_control.web.operation import Operation
from dokuei import __version__
from dokuei.web import operations as wire
from dokuei.web.browser import BrowserApplication
from dokuei.web.dispatch import Dispatch
from dokuei.web.errors import HANDLERS, MethodNotAllowed, Unexpected, WithoutNul
from dokuei.web.headers import CommonHeaders
from dokuei.web.openapi import document
from shared_kernel.errors import NotFound

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_PROGRAMS = ("/api", "/dicomweb", "/fhir")


def create(
    *,
    operations: Sequence[Operation],
    routes: Sequence[BaseRoute],
    authenticate: Callable[[Request], Actor],
    ready: Callable[[], Sequence[str]],
    max_json_body: int,
) -> ASGIApp:
    """Put the application together.

    `routes` are the rooms' own (DICOMweb); `ready` names what is wrong, nothing if the hub can work.
    """
    openapi = msgspec.json.format(msgspec.json.encode(document(operations, __version__)))

    def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n")

    def readyz(request: Request) -> Response:
        wrong = ready()
        return PlainTextResponse("\n".join(wrong) + "\n" if wrong else "ready\n", status_code=503 if wrong else 200)

    def describe(request: Request) -> Response:
        authenticate(request)
        return Response(openapi, media_type="application/json")

    known: list[BaseRoute] = [
        Route("/api/openapi.json", describe),
        *(wire.route(each, authenticate, max_json_body) for each in operations),
        *routes,
    ]

    def nowhere(request: Request) -> Response:
        authenticate(request)
        allowed: set[str] = set()
        for route in known:
            if isinstance(route, Route) and route.matches(request.scope)[0] is Match.PARTIAL:
                allowed |= route.methods or set()
        if allowed:
            raise MethodNotAllowed(method=request.method, allow=", ".join(sorted(allowed)))
        raise NotFound(path=request.scope["path"])

    application = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *known,
            *(Route(f"{top}{rest}", nowhere, methods=_METHODS) for top in _PROGRAMS for rest in ("", "/{rest:path}")),
            Route("/{path:path}", BrowserApplication().__call__, methods=["GET"]),
        ],
        middleware=[Middleware(Unexpected)],
        exception_handlers=HANDLERS,
    )
    # What is asked all day finds its route without trying a hundred; Starlette has the rest, and the refusals.
    quick = Dispatch(application, known, HANDLERS)
    # The headers around everything, so that an answer to an unexpected error carries them too.
    return CommonHeaders(Unexpected(WithoutNul(quick, _PROGRAMS)))
