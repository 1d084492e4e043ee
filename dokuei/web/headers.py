"""What every answer carries: a request number, and headers that keep browsers on the safe side."""

from __future__ import annotations

import logging
import secrets
import time

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dokuei.web.errors import LONGEST_PATH_TOLD

log = structlog.get_logger(__name__)

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
_ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


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
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                log.log(
                    logging.INFO if message["status"] >= _FIRST_ERROR else logging.DEBUG,
                    "web.answered",
                    method=scope["method"],
                    path=scope["path"][:LONGEST_PATH_TOLD],
                    status=message["status"],
                    milliseconds=round((time.perf_counter() - began) * 1000, 1),
                )
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_with_headers)
