"""Errors of the web application itself, and the handlers that bring every error to the wire."""

from __future__ import annotations

from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from access_control.web.errors import error_response
from shared_kernel.errors import DokueiError, InvalidInput, NotFound, Text

log = structlog.get_logger(__name__)


class MethodNotAllowed(InvalidInput):
    """The path exists, the method on it does not."""

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
    """Answer with an error that is meant to be read."""
    if not isinstance(error, DokueiError):  # Starlette's signature is wider than what is registered
        return unexpected(request, error)
    return error_response(request, error)


def http(request: Request, error: Exception) -> Response:
    """Answer Starlette's own refusals in our shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    match status:
        case 404:
            return error_response(request, NotFound())
        case 405:
            response = error_response(request, MethodNotAllowed(method=request.method))
            response.headers.update(getattr(error, "headers", None) or {})
            return response
        case _ if status < 500:  # noqa: PLR2004
            detail: Any = getattr(error, "detail", "")
            return error_response(request, InvalidInput(reason=str(detail)))
        case _:
            return unexpected(request, error)


def unexpected(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw: logged with its request number, told without its inside."""
    log.error("web.unexpected", path=request.url.path, method=request.method, exc_info=error)
    return error_response(request, DokueiError())


def gone(request: Request, error: Exception) -> Response:
    """The client hung up; nobody will read this."""
    log.info("web.client_gone", path=request.url.path)
    return Response(status_code=499)


HANDLERS = {DokueiError: known, HTTPException: http, ClientDisconnect: gone, Exception: unexpected}
