"""What every answer carries: a request number, and headers that keep browsers on the safe side."""

from __future__ import annotations

import logging
import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dokuei.web.errors import LONGEST_PATH_TOLD

log = structlog.get_logger(__name__)
# Asked before a line is made that nobody will read: making one costs more than a small answer.
_DETAILS = logging.getLogger("dokuei")

# Cornerstone compiles WebAssembly and starts workers from blobs; styles are set on elements.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "img-src 'self' data: blob:",
        "style-src 'self' 'unsafe-inline'",
        "connect-src 'self' blob: data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_FIRST_ERROR = 400
_ALWAYS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class CommonHeaders:
    """ASGI middleware: numbers the request, adds the headers, logs the answer.

    The number is in the answer's `X-Request-Id` and in every log line written for the request, on its
    worker thread too. Answers that are errors are logged at INFO, the others at DEBUG.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, adding to the head of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        began = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                given = {name.lower() for name, _ in headers}
                headers += [each for each in _ALWAYS if each[0] not in given]
                headers.append((b"x-request-id", request_id.encode()))
                message["headers"] = headers
                _tell(scope, message["status"], began)
            await send(message)

        # Bound for good: each request runs in a context of its own, which ends with it.
        structlog.contextvars.bind_contextvars(request_id=request_id)
        await self._app(scope, receive, send_with_headers)


def _tell(scope: Scope, status: int, began: float) -> None:
    level = logging.INFO if status >= _FIRST_ERROR else logging.DEBUG
    if _DETAILS.isEnabledFor(level):
        log.log(
            level,
            "web.answered",
            method=scope["method"],
            path=scope["path"][:LONGEST_PATH_TOLD],
            status=status,
            milliseconds=round((time.perf_counter() - began) * 1000, 1),
        )
