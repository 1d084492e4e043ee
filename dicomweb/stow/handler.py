"""POST /dicomweb/studies and /dicomweb/studies/{study}."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from access_control.gate import AccessGate
from access_control.model import Action, Actor, Resource
from dicomweb.errors import BodyTooLarge, BrokenMultipart, UnsupportedBody
from dicomweb.http.accept import parse_media_type
from dicomweb.http.cache import NEVER_KEPT
from dicomweb.http.requests import json_media_type, service_url
from dicomweb.stow.body import Body
from dicomweb.stow.intake import Intake, all_refused_alike
from dicomweb.stow.results import Result, status_of, store_instances_response, summary
from pacs_node.errors import InstanceTooLarge, StorageFull
from pacs_node.ingest.service import IngestService

# Store requests have threads of their own: many slow senders must not take those that serve readers.
_REQUESTS_AT_ONCE = 16
_STORING_AT_ONCE = 8
_UNAVAILABLE = 503


class StoreHandler:
    """Store Transaction (PS3.18 section 10.5): streamed, each instance stored as soon as it is whole."""

    def __init__(
        self, *, ingest: IngestService, gate: AccessGate, authenticate: Callable[[Request], Actor], max_body: int
    ) -> None:
        self._ingest = ingest
        self._gate = gate
        self._authenticate = authenticate
        self._max_body = max_body
        self._limiter = CapacityLimiter(_REQUESTS_AT_ONCE)
        self._pool = ThreadPoolExecutor(_STORING_AT_ONCE, thread_name_prefix="stow")

    async def receive(self, request: Request) -> Response:
        """200, 202 or 409 with what became of each instance; DokueiErrors for the request as a whole."""
        actor = await run_in_threadpool(self._admit, request)
        media_type = json_media_type(request)
        boundary = _boundary(request.headers.get("content-type", ""))
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > self._max_body:
            raise BodyTooLarge(limit_bytes=self._max_body)
        body = Body(_without_end(request.stream()), self._max_body)
        study_uid = request.path_params.get("study")
        try:
            results = await to_thread.run_sync(self._receive, body, boundary, actor, study_uid, limiter=self._limiter)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it; what was whole is stored
        return Response(
            msgspec.json.encode(store_instances_response(service_url(request), results)),
            status_code=status_of(results),
            media_type=media_type,
            headers=NEVER_KEPT,
        )

    def _admit(self, request: Request) -> Actor:
        """Who may not store at all is told so before a byte of the body is read."""
        actor = self._authenticate(request)
        self._gate.require(actor, Action.STUDY_STORE, Resource(label="dicomweb/store", site_code=actor.site_code))
        return actor

    def _receive(self, body: Body, boundary: str | None, actor: Actor, study_uid: str | None) -> list[Result]:
        intake = Intake(self._ingest, self._pool, actor, study_uid)
        try:
            if boundary is None:
                intake.take_single(body.batches())
            else:
                intake.take_multipart(body.batches(), boundary)
        except (BrokenMultipart, BodyTooLarge, InstanceTooLarge) as error:
            intake.abandon()
            raise type(error)(**error.details, **summary(intake.results())) from error
        except BaseException:
            intake.abandon()
            intake.results()
            raise
        results = intake.results()
        if not results:
            raise BrokenMultipart(reason="the body has no part", **summary(results))
        if all_refused_alike(results) == _UNAVAILABLE:
            raise StorageFull(**summary(results))
        return results


def _boundary(content_type: str) -> str | None:
    """The boundary of a multipart body, None for a body that is one instance. Raises UnsupportedBody."""
    media_type, parameters = parse_media_type(content_type) or ("", {})
    if media_type == "application/dicom":
        return None
    inner = parse_media_type(parameters.get("type", "application/dicom"))
    if media_type != "multipart/related" or inner is None or inner[0] != "application/dicom":
        raise UnsupportedBody(content_type=content_type)
    return parameters.get("boundary", "")


async def _without_end(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Starlette ends its stream with an empty chunk, which would look like the end of a batch."""
    async for chunk in stream:
        if chunk:
            yield chunk
