"""Retrieve metadata (PS3.18 section 10.4.1.1.2): everything but the bulk data, as DICOM JSON or XML."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.dicom_json.native_xml import native_xml
from dicomweb.errors import NotAcceptable
from dicomweb.http.accept import MediaRange, choose
from dicomweb.http.cache import BoundedCache, etag, not_modified, text_headers
from dicomweb.http.compression import reads_gzip
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.requests import DICOM_JSON, JSON, accepted, service_url
from dicomweb.metadata.gzip_joining import FAST, Packed, join, pack, unpack
from dicomweb.metadata.series import by_series
from dicomweb.metadata.worker import MetadataWorker
from pacs_node.model import InstanceRecord

DICOM_XML = "application/dicom+xml"
_KEPT_BYTES = 64 * 2**20
_KEPT_RECORDS = 10_000
_MOST_WHOLE = 1000
_AS_GZIP = 16 + zlib.MAX_WBITS
_OPEN, _BETWEEN, _CLOSE = (pack([mark]) for mark in (b"[", b",", b"]"))


@dataclass(frozen=True, slots=True)
class _Ready:
    """The headers of an answer that was given before for these very records, and what it holds is kept under."""

    records: list[InstanceRecord]
    headers: dict[str, str]


class MetadataHandler:
    """Metadata of a study, series or instance, from the blocks of its series (`dicomweb/metadata`)."""

    def __init__(self, door: Door, worker: MetadataWorker) -> None:
        self._door = door
        self._worker = worker
        self._series = worker.series
        self._answers: BoundedCache[bytes] = BoundedCache(_KEPT_BYTES, len)
        self._ready: BoundedCache[_Ready] = BoundedCache(_KEPT_RECORDS, lambda ready: len(ready.records))

    def __call__(self, request: Request, actor: Actor) -> Response:
        """A JSON array with one object an instance, gzipped where the client says it can read that; or XML, in parts.

        Raises NotAcceptable.
        """
        media_type = _media_type(request)
        records = self._door.asked(request, actor)
        service = service_url(request)
        if media_type == DICOM_XML:
            return self._as_xml(request, records, service)
        zipped = reads_gzip(request)
        headers = text_headers(etag(records, "metadata", service, zipped))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        if zipped:
            headers["Content-Encoding"] = "gzip"
        if request.path_params.get("instance") is not None:
            content = b"[" + self._series.instance(records[0], service) + b"]"
            return Response(gzip.compress(content, FAST) if zipped else content, media_type=media_type, headers=headers)
        groups = by_series(records)
        if len(records) > _MOST_WHOLE and (pieces := self._streamed(groups, service)) is not None:
            body = _gzipped(pieces) if zipped else pieces
            return StreamingResponse(body, media_type=media_type, headers=headers)
        found = self._answers.get(headers["ETag"]) if zipped else None
        if found is None:
            parts = [self._series.get(group, service) for group in groups]
            packed = [part for part, _ in parts]
            found = join(_array(packed)) if zipped else b"[" + b",".join(map(unpack, packed)) + b"]"
            if not all(complete for _, complete in parts):
                del headers["ETag"]
                return Response(found, media_type=media_type, headers=headers)
        if zipped:  # only what is compressed is kept whole: the rest is quick to make of it, and large
            self._answers.put(headers["ETag"], found)
            self._ready.put(_key(request, service), _Ready(records, headers))
        return Response(found, media_type=media_type, headers=headers)

    def at_once(self, request: Request, actor: Actor) -> Response | None:
        """The gzipped answer of a study or series that was given before, while its images are the same."""
        records = self._door.known(request, actor)
        if records is None or not reads_gzip(request):
            return None
        media_type = _media_type(request)
        if media_type == DICOM_XML:
            return None
        ready = self._ready.get(_key(request, service_url(request)))
        if ready is None or ready.records is not records:
            return None
        tag = ready.headers["ETag"]
        kept = not_modified(request, text_headers(tag))
        if kept is not None:
            return kept
        content = self._answers.get(tag)
        return None if content is None else Response(content, media_type=media_type, headers=ready.headers)

    def _as_xml(self, request: Request, records: list[InstanceRecord], service: str) -> Response:
        """One part an instance (section 8.7.3, Table 8.7.3-4), one after another."""
        headers = text_headers(etag(records, "metadata", service, DICOM_XML))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        alone = request.path_params.get("instance") is not None
        objects = self._objects(by_series(records), service, alone=alone)
        writer = MultipartWriter(DICOM_XML)
        body = writer.body(Part(DICOM_XML, [native_xml(found)]) for found in objects)
        return StreamingResponse(body, media_type=writer.content_type, headers=headers)

    def _streamed(self, groups: list[list[InstanceRecord]], service: str) -> Iterator[bytes] | None:
        """A piece for each instance, for who would wait too long for the whole; None when all is made already."""
        made = [self._series.kept(group, service) for group in groups]
        if None not in made:
            return None
        self._worker.ask(groups[0][0].study_uid)
        return self._pieces(groups, service)

    def _objects(
        self, groups: Iterable[Sequence[InstanceRecord]], service: str, *, alone: bool
    ) -> Iterator[dict[str, Any]]:
        for group in groups:
            kept = None if alone else self._series.kept(group, service)
            if kept is None:
                yield from (msgspec.json.decode(self._series.instance(record, service)) for record in group)
            else:
                yield from msgspec.json.decode(b"[" + unpack(kept) + b"]")

    def _pieces(self, groups: Iterable[Sequence[InstanceRecord]], service: str) -> Iterator[bytes]:
        opening = b"["
        for group in groups:
            kept = self._series.kept(group, service)
            texts = (self._series.instance(record, service) for record in group) if kept is None else [unpack(kept)]
            for text in texts:
                yield opening + text
                opening = b","
        yield b"]"


def _media_type(request: Request) -> str:
    """DICOM JSON, the same as `application/json` where only that is accepted, or XML in parts. Raises NotAcceptable."""

    def offer(accept: MediaRange) -> str | None:
        kinds = (DICOM_XML,) if accept.multipart else (DICOM_JSON, JSON)
        return next((kind for kind in kinds if accept.matches(kind)), None)

    chosen = choose(accepted(request), offer)
    if chosen is None:
        raise NotAcceptable(offered=[DICOM_JSON, JSON, f'multipart/related; type="{DICOM_XML}"'])
    return chosen


def _array(parts: Iterable[Packed]) -> Iterator[Packed]:
    mark = _OPEN
    for part in parts:
        yield mark
        yield part
        mark = _BETWEEN
    yield _CLOSE


def _key(request: Request, service: str) -> tuple[str, str]:
    return request.scope["path"], service


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(FAST, wbits=_AS_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
