"""Who is behind a request: a session cookie of a browser, or a bearer token of a program."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from access_control.credentials import Credentials
from access_control.errors import ForeignOrigin
from access_control.model import Actor
from shared_kernel.errors import NotSignedIn
from shared_kernel.watch import Moment, Watch

COOKIE = "dokuei_session"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_MOMENT = "database_moment"


class Authenticator:
    """Finds the actor of a request; runs on a worker thread, as it asks the database."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def __call__(self, request: Request) -> Actor:
        """The actor. Raises NotSignedIn, and ForeignOrigin for a cookie used by another site's page."""
        secret, by_cookie = _shown(request)
        actor = self._credentials.recognise(secret, moment_of(request)) if secret else None
        if actor is None:
            raise NotSignedIn()
        if by_cookie and request.method not in _SAFE:
            require_own_origin(request)
        return actor

    def known(self, request: Request) -> Actor | None:
        """The actor of a reading request, found without waiting; None when only the long way can tell.

        For the event loop. It never refuses: whoever is not known is asked for, and told, by calling.
        """
        as_of = moment_of(request)
        if as_of is None or request.method not in _SAFE:
            return None
        try:
            secret, _ = _shown(request)
        except NotSignedIn:
            return None
        return self._credentials.known(secret, as_of) if secret else None


def moment_of(request: Request) -> Moment:
    """The database's moment at the beginning of a request, where somebody has asked for it."""
    found: Moment = request.scope.get("state", {}).get(_MOMENT)
    return found


def note_moment(request: Request, watch: Watch) -> None:
    """Ask for the database's moment; what is then read for this request may be kept as of it."""
    request.scope.setdefault("state", {})[_MOMENT] = watch.moment()


def _shown(request: Request) -> tuple[str, bool]:
    """The secret that comes with a request, and whether in a cookie. Raises NotSignedIn for another scheme."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if not token:
        return request.cookies.get(COOKIE, ""), True
    if scheme.lower() != "bearer":
        raise NotSignedIn(scheme="bearer")
    return token.strip(), False


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
