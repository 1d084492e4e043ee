"""Errors of the web application itself, and the handlers that bring every error to the wire."""

from __future__ import annotations

import sqlite3
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from access_control.web.errors import error_response
from access_control.web.nul import NulCharacter, refuse_nul_in_address
from shared_kernel.errors import DokueiError, InvalidInput, NotFound, Text, Unavailable

log = structlog.get_logger(__name__)


class MethodNotAllowed(InvalidInput):
    """The path exists, the method on it does not; `allow` in the details names those that do."""

    code = "method_not_allowed"
    http_status = 405
    message = Text("この操作方法は使えません。", "This method is not allowed here.")
    next_step = Text("/api/openapi.json を確認してください。", "Look at /api/openapi.json.")


class BadJson(InvalidInput):
    """The body is no JSON, or not of the declared form; `reason` in the details names the field."""

    code = "bad_json"
    message = Text("送信データの形式が正しくありません。", "The body does not have the declared form.")


class BadParameter(InvalidInput):
    """A query parameter is unknown or malformed; `reason` in the details names it."""

    code = "bad_parameter"
    message = Text("検索条件の形式が正しくありません。", "A query parameter is unknown or malformed.")


def known(request: Request, error: Exception) -> Response:
    """Answer with an error that is meant to be read; what is ours to mend is logged with its cause."""
    if not isinstance(error, DokueiError):  # Starlette's signature is wider than what is registered
        return unexpected(request, error)
    if error.http_status >= 500:  # noqa: PLR2004
        log.error("web.unavailable", **_named(request), code=error.code, reason=str(error), exc_info=error.__cause__)
    response = error_response(request, error)
    if isinstance(error, MethodNotAllowed) and "allow" in error.details:
        response.headers["Allow"] = str(error.details["allow"])
    return response


def database(request: Request, error: Exception) -> Response:
    """Answer for a database that is locked, full, read-only or away; a statement that is wrong is our fault."""
    wrong_statement = getattr(getattr(error, "orig", None), "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    if wrong_statement:
        return unexpected(request, error)
    unavailable = Unavailable(reason="database")
    unavailable.__cause__ = error
    return known(request, unavailable)


def http(request: Request, error: Exception) -> Response:
    """Answer Starlette's own refusals in our shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    match status:
        case 404:
            return error_response(request, NotFound())
        case 405:
            allow = (getattr(error, "headers", None) or {}).get("Allow", "")
            return known(request, MethodNotAllowed(method=request.method, allow=allow))
        case _ if status < 500:  # noqa: PLR2004
            detail: Any = getattr(error, "detail", "")
            return error_response(request, InvalidInput(reason=str(detail)))
        case _:
            return unexpected(request, error)


def unexpected(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw: logged with its request number, told without its inside."""
    log.error("web.unexpected", **_named(request), exc_info=error)
    return error_response(request, DokueiError())


def gone(request: Request, error: Exception) -> Response:
    """The client hung up; nobody will read this."""
    log.info("web.client_gone", **_named(request))
    return Response(status_code=499)


def _named(request: Request) -> dict[str, str]:
    # The request's number is in every line of its log (CommonHeaders). Its URL may be one that can't be parsed.
    return {"method": request.method, "path": request.scope["path"][:LONGEST_PATH_TOLD]}


LONGEST_PATH_TOLD = 300
HANDLERS = {DokueiError: known, HTTPException: http, ClientDisconnect: gone, OperationalError: database}


class Unexpected:
    """ASGI middleware: answers unexpected errors, and ends them there.

    Starlette's own would raise them on to the server, which logs the traceback again and closes the connection.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; what can't be answered any more ends without its last part, so that the client can tell."""
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if scope["type"] != "http":
                raise
            response = unexpected(Request(scope), error)
            if not begun:
                await response(scope, receive, send)


class WithoutNul:
    """ASGI middleware: no program's request with NUL in its path or query goes on to a room."""

    def __init__(self, app: ASGIApp, programs: tuple[str, ...]) -> None:
        self._app = app
        self._programs = programs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer with the refusal."""
        try:
            if scope["type"] == "http" and scope["path"].startswith(self._programs):
                refuse_nul_in_address(scope)
        except NulCharacter as refusal:
            await known(Request(scope), refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)
