"""POST /dicomweb/studies and /dicomweb/studies/{study}."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from access_control.gate import AccessGate
from access_control.model import Action, Actor, Resource
from access_control.web.errors import error_response
from dicomweb.errors import BodyTooLarge, BodyTooSlow, BrokenMultipart, UnsupportedBody
from dicomweb.http.accept import parse_media_type
from dicomweb.http.cache import NEVER_KEPT
from dicomweb.http.requests import json_media_type, service_url
from dicomweb.stow.body import PATIENCE_SECONDS, Body
from dicomweb.stow.intake import Intake, Stores, all_refused_alike
from dicomweb.stow.results import Result, status_of, store_instances_response, summary
from dicomweb.stow.room import Room
from pacs_node.errors import InstanceTooLarge, StorageFull
from pacs_node.ingest.service import IngestService
from shared_kernel.errors import Unavailable

# Each holds up to three MiB of the part that is coming in, and no thread.
_REQUESTS_AT_ONCE = 32
_UNAVAILABLE = 503


class StoreHandler:
    """Store Transaction (PS3.18 section 10.5): streamed, each instance stored as soon as it is whole."""

    def __init__(
        self,
        *,
        ingest: IngestService,
        gate: AccessGate,
        authenticate: Callable[[Request], Actor],
        max_body: int,
        max_instance: int,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._stores = Stores(ingest, max_instance=max_instance)
        self._gate = gate
        self._authenticate = authenticate
        self._max_body = max_body
        self._patience = patience
        self._places = Room(_REQUESTS_AT_ONCE)

    async def receive(self, request: Request) -> Response:
        """200, 202 or 409 with what became of each instance; DokueiErrors for the request as a whole."""
        actor = await run_in_threadpool(self._admit, request)
        media_type = json_media_type(request)
        boundary = _boundary(request.headers.get("content-type", ""))
        _require_plain(request.headers.get("content-encoding", ""))
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > self._max_body:
            raise BodyTooLarge(limit_bytes=self._max_body)
        try:
            async with self._place():
                body = Body(request, self._max_body, self._patience)
                results = await self._receive(body, boundary, actor, request.path_params.get("study"))
        except BodyTooSlow as error:
            answer = error_response(request, error)
            answer.headers["Connection"] = "close"  # or the rest would go on coming, a byte at a time
            return answer
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

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the requests that are read at once; the bodies of others wait with their clients."""
        try:
            async with asyncio.timeout(self._patience):
                await self._places.take()
        except TimeoutError:
            raise Unavailable(reason="too many store requests at once") from None
        try:
            yield
        finally:
            self._places.give()

    async def _receive(self, body: Body, boundary: str | None, actor: Actor, study_uid: str | None) -> list[Result]:
        intake = Intake(self._stores, actor, study_uid)
        try:
            if boundary is None:
                await intake.take_single(body.chunks())
            else:
                await intake.take_multipart(body.chunks(), boundary)
        except (BrokenMultipart, BodyTooLarge, BodyTooSlow, InstanceTooLarge) as error:
            await intake.abandon()
            raise type(error)(**error.details, **summary(await intake.results())) from error
        except BaseException:
            await intake.abandon()
            await intake.results()
            raise
        results = await intake.results()
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


def _require_plain(content_encoding: str) -> None:
    """A compressed body is refused: what it unfolds to knows no bound. Raises UnsupportedBody."""
    if content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedBody(content_encoding=content_encoding)
