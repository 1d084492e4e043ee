"""Operations become Starlette routes: limits, authentication, decoding, the handler, encoding."""

from __future__ import annotations

import ipaddress
import typing
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from access_control.model import Actor
from access_control.web.nul import refuse_nul_in_json
from access_control.web.operation import NOBODY, Call, Operation
from dokuei.web.errors import BadJson, BadParameter
from shared_kernel.errors import TooLarge

_JSON = msgspec.json.Encoder()


def route(operation: Operation, authenticate: Callable[[Request], Actor], max_body: int) -> Route:
    """The Starlette route of one operation."""
    endpoint = _endpoint(operation, authenticate, max_body)
    made = Route(operation.path, endpoint, methods=[operation.method], name=f"{operation.method} {operation.path}")
    # Starlette would answer HEAD by running the handler of GET, and reading may be a deed (開封).
    made.methods = {operation.method}
    return made


def _endpoint(
    operation: Operation, authenticate: Callable[[Request], Actor], max_body: int
) -> Callable[[Request], Awaitable[Response]]:
    read_body = _body_reader(operation.body)
    read_query = _query_reader(operation.query)

    def work(request: Request, raw: bytes) -> Response:
        actor = NOBODY if operation.public else authenticate(request)
        call = Call(
            actor=actor,
            path=request.path_params,
            query=read_query(request),
            body=read_body(raw),
            request=request,
            client=_address(request),
        )
        result = operation.handler(call)
        if isinstance(result, Response):
            return result
        if result is None:
            return Response(status_code=204)
        headers = {"Cache-Control": "no-store"}
        return Response(_JSON.encode(result), media_type=operation.media_type, headers=headers)

    async def endpoint(request: Request) -> Response:
        raw = await _body(request, max_body) if operation.body else b""
        return await run_in_threadpool(work, request, raw)

    return endpoint


def _address(request: Request) -> str:
    """The client's network address; "unknown" for what is none, as a proxy's header may say anything."""
    host = request.client.host if request.client else ""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "unknown"


async def _body(request: Request, limit: int) -> bytes:
    """The whole body; TooLarge as soon as the limit is passed, without reading on."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(limit_bytes=limit)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLarge(limit_bytes=limit)
        parts.append(part)
    return b"".join(parts)


def _body_reader(kind: type[msgspec.Struct] | None) -> Callable[[bytes], Any]:
    if kind is None:
        return lambda _: None
    decoder = msgspec.json.Decoder(kind)

    def read(raw: bytes) -> Any:
        try:
            body = decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadJson(reason=str(error)) from error
        refuse_nul_in_json(raw)
        return body

    return read


def _query_reader(kind: type[msgspec.Struct] | None) -> Callable[[Request], Any]:
    if kind is None:
        return lambda _: None
    hints = typing.get_type_hints(kind)
    repeatable = {name for name, hint in hints.items() if typing.get_origin(hint) in {list, tuple}}

    def read(request: Request) -> Any:
        unknown = set(request.query_params.keys()) - set(hints)
        if unknown:
            raise BadParameter(reason=f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(hints)}")
        given: dict[str, Any] = {
            name: request.query_params.getlist(name) if name in repeatable else value
            for name, value in request.query_params.items()
        }
        try:
            return msgspec.convert(given, kind, strict=False)
        except msgspec.ValidationError as error:
            raise BadParameter(reason=str(error)) from error

    return read
