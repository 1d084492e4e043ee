"""Where errors meet the wire: one JSON shape for every room.

`{"error": {"code", "message": {"ja", "en"}, "next_step": {"ja", "en"}, "details": {…}, "request_id"}}`
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from shared_kernel.errors import DokueiError, NotSignedIn, TooMany


class TextOut(msgspec.Struct, frozen=True):
    """One sentence in both languages."""

    ja: str
    en: str


class ErrorOut(msgspec.Struct, frozen=True):
    """What happened, what to do next, and what was named."""

    code: str
    message: TextOut
    next_step: TextOut
    details: dict[str, Any]
    request_id: str


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is not a success."""

    error: ErrorOut


def error_response(request: Request, error: DokueiError) -> Response:
    """The answer that tells of `error`."""
    body = ErrorBody(
        ErrorOut(
            code=error.code,
            message=TextOut(*error.message),
            next_step=TextOut(*error.next_step),
            details=error.details,
            request_id=request_id(request),
        )
    )
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="dokuei"'
    if isinstance(error, TooMany) and "retry_after_seconds" in error.details:
        headers["Retry-After"] = str(error.details["retry_after_seconds"])
    if error.http_status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and "length" in error.details:
        headers["Content-Range"] = f"bytes */{error.details['length']}"
    return Response(
        msgspec.json.encode(body, enc_hook=str),
        status_code=error.http_status,
        media_type="application/json",
        headers=headers,
    )


def request_id(request: Request) -> str:
    """The number under which this request stands in the log."""
    return str(request.scope.get("state", {}).get("request_id", ""))
