"""Compressing JSON on its way out (RFC 9110 section 12.5.3); never pixels, which are compressed or do not shrink."""

from __future__ import annotations

import zlib
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response

_FAST = 1  # the time of higher levels costs more than the line saves
_AS_GZIP = 16 + zlib.MAX_WBITS
_WORTH_IT = 1000
_LONGEST_ON_THE_LOOP = 16_000  # a tenth of a millisecond
_JSON = ("application/dicom+json", "application/json")


def reads_gzip(request: Request) -> bool:
    """Whether the client says that it reads gzip: by name, or by `*` where it is not named."""
    return _reads(request.headers.get("accept-encoding", "")[:200], "gzip")


@lru_cache(maxsize=256)
def _reads(header: str, coding: str) -> bool:
    named: dict[str, bool] = {}
    for element in header.lower().split(","):
        name, *parameters = element.split(";")
        named[name.strip()] = not any(_is_never(parameter) for parameter in parameters)
    return named.get(coding, named.get("*", False))


def _is_never(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in {"", "0."}


def compressed(request: Request, response: Response, *, on_the_loop: bool = False) -> Response:
    """The response with its body compressed, where it is JSON of a size and the client reads it.

    What says how it is coded already stays as it is, and so do streams. Its ETag stays the same, as a weak one.
    """
    body = getattr(response, "body", b"")
    size = len(body)
    if size < _WORTH_IT or (on_the_loop and size > _LONGEST_ON_THE_LOOP):
        return response
    headers = response.headers
    if not headers.get("content-type", "").startswith(_JSON):
        return response
    headers.add_vary_header("Accept-Encoding")
    if "content-encoding" in headers or not reads_gzip(request):
        return response
    packer = zlib.compressobj(_FAST, wbits=_AS_GZIP)
    response.body = packer.compress(body) + packer.flush()
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(response.body))
    tag = headers.get("etag", "")
    if tag.startswith('"'):
        headers["ETag"] = f"W/{tag}"
    return response
