"""A JSON operation, declared once: the route, its documentation and its types come from here.

Rooms list their operations in `routes.py`; `dokuei.web` makes Starlette routes and the OpenAPI document of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from access_control.model import Actor, ActorKind
from shared_kernel.errors import DokueiError

NOBODY = Actor(kind=ActorKind.PERSON, login="", name="", role=None, site_code="", site_name="", session_id="")
"""Who is behind a public operation; `decide` allows it nothing."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to an operation, already authenticated and decoded.

    `path` holds the path parameters, `query` and `body` the declared types (None where none is declared).
    """

    actor: Actor
    path: Mapping[str, str]
    query: Any
    body: Any
    request: Request
    client: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path, such as `PUT /api/cases/{case_id}/request`.

    The handler runs on a worker thread and returns `response` (a msgspec type), None for 204, or a
    Starlette response for other media. It raises DokueiError subclasses; those it is known to raise
    stand in `errors`.
    """

    method: str
    path: str
    summary: str
    tag: str
    handler: Callable[[Call], Any]
    query: type[msgspec.Struct] | None = None
    body: type[msgspec.Struct] | None = None
    response: type[msgspec.Struct] | None = None
    media_type: str = "application/json"
    errors: tuple[type[DokueiError], ...] = field(default=())
    public: bool = False
    """Open to anybody, as nothing but signing in is; the handler sees `NOBODY` as the actor."""


JsonResult = msgspec.Struct | Response | None
"""What a handler may return."""
