"""The way of a request to its route: one look into a table, however many routes there are."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_REST = ":path}"
_Endpoint = Callable[[Request], Awaitable[Response]]


class _Template(NamedTuple):
    """A route's path in parts: which must be there word for word, and which are parameters."""

    literals: tuple[tuple[int, str], ...]
    parameters: tuple[tuple[int, str], ...]
    rest: str | None
    """The name of the parameter that takes everything from `length` on."""
    length: int


class Dispatch:
    """ASGI: answers the requests of plain routes (`/api/cases/{case_id}`), and passes all others on.

    A route's parameters are whole parts of the path; the last may be the rest of it (`{name:path}`). Handlers
    raise; `tell` brings that to the wire as Starlette's own middleware would, which stands behind here.
    """

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute], tell: Mapping[type[Exception], Any]) -> None:
        self._app = app
        self._tell = tell
        self._whole: defaultdict[int, list[tuple[_Template, dict[str, _Endpoint]]]] = defaultdict(list)
        self._open: list[tuple[_Template, dict[str, _Endpoint]]] = []
        found: dict[_Template, dict[str, _Endpoint]] = {}
        for route in routes:
            if isinstance(route, Route):
                template = _template(route.path)
                methods = found.setdefault(template, {})
                for method in route.methods or ():
                    methods.setdefault(method, _awaited(route.endpoint))
        for template, methods in found.items():
            (self._open if template.rest else self._whole[template.length]).append((template, methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        endpoint, scope["path_params"] = found
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        request = Request(scope, receive, send)
        try:
            response = await endpoint(request)
            await response(scope, receive, noting)
        except Exception as error:
            handler = self._handler(error)
            if handler is None or begun:
                raise
            await handler(request, error)(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[_Endpoint, dict[str, str]] | None:
        parts = scope["path"].split("/")
        method = scope["method"]
        for template, methods in self._whole.get(len(parts), ()):
            endpoint = methods.get(method)
            if endpoint is not None and _says(template, parts):
                return endpoint, {name: parts[place] for place, name in template.parameters}
        for template, methods in self._open:
            endpoint = methods.get(method)
            if endpoint is not None and len(parts) > template.length and _says(template, parts):
                parameters = {name: parts[place] for place, name in template.parameters}
                parameters[str(template.rest)] = "/".join(parts[template.length :])
                return endpoint, parameters
        return None

    def _handler(self, error: Exception) -> Callable[[Request, Exception], Response] | None:
        return next((self._tell[kind] for kind in type(error).__mro__ if kind in self._tell), None)


def _awaited(endpoint: Callable[[Request], Any]) -> _Endpoint:
    """An endpoint to be awaited; one that is not runs on a worker thread."""
    if inspect.iscoroutinefunction(endpoint):
        return endpoint

    async def on_a_thread(request: Request) -> Response:
        found: Response = await run_in_threadpool(endpoint, request)
        return found

    return on_a_thread


def _template(path: str) -> _Template:
    parts = path.split("/")
    rest = parts.pop().removeprefix("{").removesuffix(_REST) if parts[-1].endswith(_REST) else None
    named = [(place, part) for place, part in enumerate(parts)]
    return _Template(
        literals=tuple((place, part) for place, part in named if not part.startswith("{")),
        parameters=tuple((place, part[1:-1]) for place, part in named if part.startswith("{")),
        rest=rest,
        length=len(parts),
    )


def _says(template: _Template, parts: list[str]) -> bool:
    for place, literal in template.literals:  # a generator costs more than the comparisons
        if parts[place] != literal:
            return False
    return all([parts[place] for place, _ in template.parameters])  # noqa: C419
