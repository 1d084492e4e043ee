"""What a handler asks of a request."""

from __future__ import annotations

from starlette.requests import Request

from dicomweb.errors import NotAcceptable
from dicomweb.http.accept import MediaRange, choose, parse_accept

DICOM_JSON = "application/dicom+json"
JSON = "application/json"


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


def service_url(request: Request) -> str:
    """The absolute URL of the service, such as `https://hub.example/dicomweb`, as this client sees it."""
    host = request.headers.get("host", "")
    if not host or request.scope.get("root_path"):
        return f"{str(request.base_url).rstrip('/')}/dicomweb"
    return f"{request.scope.get('scheme', 'http')}://{host}/dicomweb"
