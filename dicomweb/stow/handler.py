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
from dicomweb.errors import BodyTooLarge, BodyTooSlow, BrokenMultipart, NotAcceptable, UnsupportedBody
from dicomweb.http.accept import MediaRange, choose, parse_media_type
from dicomweb.http.cache import NEVER_KEPT
from dicomweb.http.requests import DICOM_JSON, JSON, accepted, service_url
from dicomweb.stow.body import PATIENCE_SECONDS, Body
from dicomweb.stow.described import DICOM_XML, DescribedIntake
from dicomweb.stow.intake import DICOM, Intake, Stores, all_refused_alike
from dicomweb.stow.native_xml import write_native
from dicomweb.stow.results import Result, status_of, store_instances_response, summary
from dicomweb.stow.room import Room
from pacs_node.errors import InstanceTooLarge, StorageFull
from pacs_node.ingest.service import IngestService
from shared_kernel.errors import Unavailable

# Each holds up to three MiB of the part that is coming in, and no thread.
_REQUESTS_AT_ONCE = 32
# Metadata is read in memory.
_DESCRIBED_AT_ONCE = 4
_UNAVAILABLE = 503
_ANSWERS = (DICOM_JSON, JSON, DICOM_XML)


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
        self._described = Room(_DESCRIBED_AT_ONCE)

    async def receive(self, request: Request) -> Response:
        """200, 202 or 409 with what became of each instance; DokueiErrors for the request as a whole."""
        actor = await run_in_threadpool(self._admit, request)
        media_type = _answer_type(request)
        root, boundary = _root(request.headers.get("content-type", ""))
        _require_plain(request.headers.get("content-encoding", ""))
        declared = request.headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > self._max_body:
            raise BodyTooLarge(limit_bytes=self._max_body)
        try:
            async with self._place(self._places if root == DICOM else self._described):
                body = Body(request, self._max_body, self._patience)
                results = await self._receive(body, root, boundary, actor, request.path_params.get("study"))
        except BodyTooSlow as error:
            answer = error_response(request, error)
            answer.headers["Connection"] = "close"  # or the rest would go on coming, a byte at a time
            return answer
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it; what was whole is stored
        told = store_instances_response(service_url(request), results)
        return Response(
            write_native(told) if media_type == DICOM_XML else msgspec.json.encode(told),
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
    async def _place(self, room: Room) -> AsyncIterator[None]:
        """One of the requests that are read at once; the bodies of others wait with their clients."""
        try:
            async with asyncio.timeout(self._patience):
                await room.take()
        except TimeoutError:
            raise Unavailable(reason="too many store requests at once") from None
        try:
            yield
        finally:
            room.give()

    async def _receive(
        self, body: Body, root: str, boundary: str | None, actor: Actor, study_uid: str | None
    ) -> list[Result]:
        intake: Intake | DescribedIntake
        if root == DICOM:
            intake = Intake(self._stores, actor, study_uid)
        else:
            intake = DescribedIntake(self._stores, actor, study_uid, root)
        try:
            async with body:
                if boundary is not None:
                    await intake.take_multipart(body.chunks(), boundary)
                elif isinstance(intake, Intake):
                    await intake.take_single(body.chunks())
        except (BrokenMultipart, BodyTooLarge, BodyTooSlow, InstanceTooLarge) as error:
            await intake.abandon()
            raise type(error)(**error.details, **summary(await intake.results())) from error
        except BaseException:
            await intake.abandon()
            await intake.results()
            raise
        await intake.abandon()
        results = await intake.results()
        if not results:
            raise BrokenMultipart(reason="the body has no part", **summary(results))
        if all_refused_alike(results) == _UNAVAILABLE:
            raise StorageFull(**summary(results))
        return results


def _root(content_type: str) -> tuple[str, str | None]:
    """The media type of what describes the instances, and the boundary. Raises UnsupportedBody.

    The boundary is None for a body that is one instance.
    """
    media_type, parameters = parse_media_type(content_type) or ("", {})
    if media_type == DICOM:
        return DICOM, None
    inner = parse_media_type(parameters.get("type", DICOM))
    if media_type != "multipart/related" or inner is None or inner[0] not in (DICOM, DICOM_JSON, DICOM_XML):
        raise UnsupportedBody(content_type=content_type)
    return inner[0], parameters.get("boundary", "")


def _answer_type(request: Request) -> str:
    """The media type of the answer. Raises NotAcceptable, also 406 before a byte of the body is read."""

    def offer(accept: MediaRange) -> str | None:
        return next((kind for kind in _ANSWERS if not accept.multipart and accept.matches(kind)), None)

    chosen = choose(accepted(request), offer)
    if chosen is None:
        raise NotAcceptable(offered=list(_ANSWERS))
    return chosen


def _require_plain(content_encoding: str) -> None:
    """A compressed body is refused: what it unfolds to knows no bound. Raises UnsupportedBody."""
    if content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedBody(content_encoding=content_encoding)
