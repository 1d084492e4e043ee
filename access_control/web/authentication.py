"""Who is behind a request: a session cookie of a browser, or a bearer token of a program."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from access_control.credentials import Credentials
from access_control.errors import ForeignOrigin
from access_control.model import Actor
from shared_kernel.errors import NotSignedIn

COOKIE = "dokuei_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Authenticator:
    """Finds the actor of a request; runs on a worker thread, as it asks the database."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def __call__(self, request: Request) -> Actor:
        """The actor. Raises NotSignedIn, and ForeignOrigin for a cookie used by another site's page."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        by_cookie = not token
        secret = token.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE, "")
        if token and scheme.lower() != "bearer":
            raise NotSignedIn(scheme="bearer")
        actor = self._credentials.recognise(secret) if secret else None
        if actor is None:
            raise NotSignedIn()
        if by_cookie and request.method not in _SAFE:
            require_own_origin(request)
        return actor


def require_own_origin(request: Request) -> None:
    """Refuse a browser's request that another site's page has made; raises ForeignOrigin.

    Browsers send `Origin` with every request that is not GET or HEAD; programs without a cookie need none.
    """
    origin = request.headers.get("origin", "")
    try:
        theirs = urlsplit(origin).netloc
    except ValueError:  # no browser's: `http://[`
        theirs = ""
    if not theirs or theirs != request.headers.get("host"):
        raise ForeignOrigin(origin=origin)
