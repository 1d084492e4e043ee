"""What a handler asks of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from dicomweb.errors import NotAcceptable
from dicomweb.http.accept import MediaRange, choose, parse_accept

DICOM_JSON = "application/dicom+json"
JSON = "application/json"
_PUBLIC = "public_url"
Endpoint = Callable[[Request], Awaitable[Response]]


def accepted(request: Request) -> tuple[MediaRange, ...]:
    """What the client accepts: the `accept` query parameter before the header (PS3.18 section 8.3.3.1)."""
    return parse_accept(accept_header(request))


def accept_header(request: Request) -> str:
    """The same as it was written."""
    asked = request.query_params.getlist("accept") if request.scope.get("query_string") else []
    return ", ".join(asked or request.headers.getlist("accept"))


def json_media_type(request: Request) -> str:
    """`application/dicom+json`, or `application/json` where only that is accepted. Raises NotAcceptable."""

    def offer(accept: MediaRange) -> str | None:
        if accept.multipart:
            return None
        return next((kind for kind in (DICOM_JSON, JSON) if accept.matches(kind)), None)

    chosen = choose(accepted(request), offer)
    if chosen is None:
        raise NotAcceptable(offered=[DICOM_JSON, JSON])
    return chosen


def at_public_url(public_url: str, endpoint: Endpoint) -> Endpoint:
    """The same endpoint, for whose answers `service_url` is below the address that the operator has set."""

    async def addressed(request: Request) -> Response:
        request.scope.setdefault("state", {})[_PUBLIC] = public_url
        return await endpoint(request)

    return addressed


def service_url(request: Request) -> str:
    """The absolute URL of the service, such as `https://hub.example/dicomweb`: as set, or as the client asked."""
    public: str = request.scope.get("state", {}).get(_PUBLIC, "")
    if public:
        return f"{public}/dicomweb"
    host = request.headers.get("host", "")
    if not host or request.scope.get("root_path"):
        return f"{str(request.base_url).rstrip('/')}/dicomweb"
    return f"{request.scope.get('scheme', 'http')}://{host}/dicomweb"
