"""The web application of a hub."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp

from access_control.model import Actor
from access_control.web.operation import Operation
from dokuei import __version__
from dokuei.web import operations as wire
from dokuei.web.browser import BrowserApplication
from dokuei.web.errors import HANDLERS, MethodNotAllowed
from dokuei.web.headers import CommonHeaders
from dokuei.web.openapi import document
from shared_kernel.errors import NotFound

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


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

    known: list[BaseRoute] = [*(wire.route(each, authenticate, max_json_body) for each in operations), *routes]

    def nowhere(request: Request) -> Response:
        authenticate(request)
        if any(route.matches(request.scope)[0] is Match.PARTIAL for route in known):
            raise MethodNotAllowed(method=request.method)
        raise NotFound(path=request.url.path)

    application = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/api/openapi.json", describe),
            *known,
            *(Route(f"{top}{{rest:path}}", nowhere, methods=_METHODS) for top in ("/api", "/dicomweb", "/fhir")),
            Route("/{path:path}", BrowserApplication().__call__, methods=["GET"]),
        ],
        exception_handlers=HANDLERS,
    )
    # Around everything, so that an answer to an unexpected error carries them too.
    return CommonHeaders(application)
