"""Search transaction at every level."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from access_control.decision import visible_sites
from access_control.model import Action, Actor, Resource
from access_control.web.authentication import moment_of
from dicomweb.access import Door
from dicomweb.http.cache import NEVER_KEPT, BoundedCache, is_short
from dicomweb.http.requests import accept_header, json_media_type, service_url
from dicomweb.qido.parameters import SearchParameters, parse_search
from dicomweb.qido.results import ALWAYS, ON_DEMAND, query_of, returned_keywords, writer_of
from pacs_node.archive.attributes import AT_LEVEL
from pacs_node.archive.finding import Found, find
from pacs_node.archive.search import Level
from shared_kernel.database import Database
from shared_kernel.watch import Moment

_MOST_KEPT_BYTES = 16 * 2**20
_LARGEST_KEPT = 256 * 2**10
_OVERHEAD = 1024
"""Bytes of what is kept around an answer."""
_MOST_NAMED = 20
_AGENT = re.compile(r"[0-9A-Za-z.:/_\[\]-]{1,200}")
"""A service's URL that can stand in a header as it is; it comes from what the client calls us."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and the database's moment before it was read."""

    as_of: Moment
    resource: Resource | None
    """The study that it is about; None for a search over all."""
    body: bytes
    headers: Mapping[str, str]
    weight: int
    """Bytes, with those of its key."""


class SearchHandler:
    """QIDO-RS. The access rule is part of the query, so that neither results nor counts tell of other sites.

    An answer is kept for as long as nothing at all is committed, for whoever asks the very same and may see the
    same sites: lists that many screens ask for again and again.
    """

    def __init__(self, database: Database, door: Door, level: Level) -> None:
        self._database = database
        self._door = door
        self._level = level
        self._kept: BoundedCache[_Kept] = BoundedCache(_MOST_KEPT_BYTES, lambda kept: kept.weight)

    def at_once(self, request: Request, actor: Actor) -> Response | None:
        """The same answer as a moment ago, where nothing has changed and the gate has let this actor pass."""
        as_of = moment_of(request)
        if as_of is None:
            return None
        key = _key(request, actor)
        kept = self._kept.get(key) if key else None
        if kept is None or kept.as_of != as_of:
            return None
        if not self._door.gate.has_passed(actor, Action.STUDY_VIEW, kept.resource or _list_of(actor)):
            return None
        return Response(kept.body, headers=dict(kept.headers))

    def __call__(self, request: Request, actor: Actor) -> Response:
        """200 with the results, an empty list where there are none; `X-Total-Count` says how many there are in all."""
        media_type = json_media_type(request)
        asked = parse_search(request.query_params.multi_items())
        study_uid, series_uid = request.path_params.get("study"), request.path_params.get("series")
        resource = self._admit(actor, study_uid)
        wanted = returned_keywords(self._level, study_uid, series_uid, asked)
        query = query_of(self._level, visible_sites(actor, Action.STUDY_VIEW), asked, wanted, study_uid, series_uid)
        with self._database.read_lean() as cursor:
            found = find(cursor, self._database.engine.dialect, query)
        service = service_url(request)
        body = writer_of(self._level, wanted, service).body(found.rows)
        headers = {"Content-Type": media_type, **_counts(found), **NEVER_KEPT}
        if warnings := _warnings(self._level, service, asked, found):
            headers["Warning"] = warnings
        as_of = moment_of(request)
        key = _key(request, actor)
        if as_of is not None and key is not None and len(body) <= _LARGEST_KEPT:
            weight = len(body) + sum(map(sys.getsizeof, (*headers.values(), *key))) + _OVERHEAD
            self._kept.put(key, _Kept(as_of, resource, body, headers, weight))
        return Response(body, headers=headers)

    def _admit(self, actor: Actor, study_uid: str | None) -> Resource | None:
        if study_uid is not None:
            return self._door.admit(actor, study_uid)
        self._door.gate.require(actor, Action.STUDY_VIEW, _list_of(actor))
        return None


def _list_of(actor: Actor) -> Resource:
    return Resource(label="dicomweb/search", site_code=actor.site_code)


def _key(request: Request, actor: Actor) -> tuple[object, ...] | None:
    """All that an answer depends on, beside the database; None for so long a request that its answer is not kept."""
    path: str = request.scope["path"]
    query: bytes = request.scope.get("query_string", b"")
    accept, service = accept_header(request), service_url(request)
    if not is_short(path, query, accept, service):
        return None
    return path, query, accept, service, visible_sites(actor, Action.STUDY_VIEW)


def _counts(found: Found) -> dict[str, str]:
    """Our own headers: the total, and whether it is all or there are more (docs/conformance.md)."""
    if found.is_exact:
        return {"X-Total-Count": str(found.total)}
    return {"X-Total-Count": str(found.total), "X-Total-Count-Is": "at-least"}


def _warnings(level: Level, service: str, asked: SearchParameters, found: Found) -> str:
    """PS3.18 sections 8.3.4 and 10.6.3.3: what was passed over, and that there is more. The agent is the service."""
    told = []
    agent = f"299 {service if _AGENT.fullmatch(service) else 'dokuei'}"
    if ignored := (*asked.ignored, *found.ignored):
        # A keyword or tag, never free text of the client's: nothing can be smuggled into the header.
        told.append(f'{agent} "The following query parameters are not supported by this server: {_some(ignored)}"')
    if lacking := sorted(
        {name.partition(".")[0] for name in asked.include} - frozenset(AT_LEVEL[level]) - ALWAYS - ON_DEMAND
    ):
        told.append(f'{agent} "The following includefield attributes are not available here: {_some(lacking)}"')
    remaining = found.total - asked.offset - len(found.rows)
    if not found.is_exact:
        told.append(f'{agent} "There are at least {max(1, remaining)} additional results that can be requested"')
    elif remaining > 0:
        told.append(f'{agent} "There are {remaining} additional results that can be requested"')
    return ", ".join(told)


def _some(names: Sequence[str]) -> str:
    """Names for a header, which has an end."""
    told = ", ".join(names[:_MOST_NAMED])
    return told if len(names) <= _MOST_NAMED else f"{told} and {len(names) - _MOST_NAMED} more"
