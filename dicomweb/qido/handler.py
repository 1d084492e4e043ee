"""Search transaction at every level."""

from __future__ import annotations

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from access_control.decision import visible_sites
from access_control.model import Action, Actor, Resource
from dicomweb.access import Door
from dicomweb.http.cache import NEVER_KEPT
from dicomweb.http.requests import json_media_type, service_url
from dicomweb.qido.parameters import parse_search
from dicomweb.qido.results import result_json, returned_keywords
from pacs_node.archive.search import Level, Query, search
from shared_kernel.database import Database


class SearchHandler:
    """QIDO-RS. The access rule is part of the query, so that neither results nor counts tell of other sites."""

    def __init__(self, database: Database, door: Door, level: Level) -> None:
        self._database = database
        self._door = door
        self._level = level

    def __call__(self, request: Request, actor: Actor) -> Response:
        """200 with the results, an empty list where there are none; `X-Total-Count` says how many there are in all."""
        media_type = json_media_type(request)
        asked = parse_search(request.query_params.multi_items())
        study_uid, series_uid = request.path_params.get("study"), request.path_params.get("series")
        self._admit(actor, study_uid)
        query = Query(
            level=self._level,
            sites=visible_sites(actor, Action.STUDY_VIEW),
            keys=asked.keys,
            study_uid=study_uid,
            series_uid=series_uid,
            limit=asked.limit,
            offset=asked.offset,
            fuzzy=asked.fuzzy,
        )
        with self._database.read() as session:
            found = search(session, query)
        keywords = returned_keywords(query, asked)
        service = service_url(request)
        body = [result_json(service, self._level, row, keywords) for row in found.rows]
        headers = {"X-Total-Count": str(found.total), **NEVER_KEPT}
        warnings = _warnings((*asked.ignored, *found.ignored), found.total - asked.offset - len(found.rows))
        if warnings:
            headers["Warning"] = warnings
        return Response(msgspec.json.encode(body), media_type=media_type, headers=headers)

    def _admit(self, actor: Actor, study_uid: str | None) -> None:
        if study_uid is None:
            site = actor.site_code
            self._door.gate.require(actor, Action.STUDY_VIEW, Resource(label="dicomweb/search", site_code=site))
        else:
            self._door.admit(actor, study_uid)


def _warnings(ignored: tuple[str, ...], remaining: int) -> str:
    """PS3.18 sections 8.3.4.4 and 10.6.3.3: what was passed over, and that there is more."""
    told = []
    if ignored:
        # A keyword or tag, never free text of the client's: nothing can be smuggled into the header.
        told.append(
            f'299 dokuei "The following query parameters are not supported by this server: {", ".join(ignored)}"'
        )
    if remaining > 0:
        told.append(f'299 dokuei "There are {remaining} additional results that can be requested"')
    return ", ".join(told)
