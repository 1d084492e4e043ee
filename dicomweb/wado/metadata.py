"""Retrieve metadata (PS3.18 section 10.4.1.1.2): everything but the bulk data, as DICOM JSON."""

from __future__ import annotations

import gzip
import secrets
import zlib
from collections.abc import Iterable, Iterator

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.dicom_json.attributes import attribute
from dicomweb.dicom_json.dataset import DatasetWriter
from dicomweb.errors import BrokenPixelData
from dicomweb.http.cache import BoundedCache, etag, not_modified, text_headers
from dicomweb.http.requests import json_media_type, service_url
from dicomweb.pixels.stored_file import look_into
from pacs_node.model import InstanceRecord

_KEPT_BYTES = 64 * 2**20
_MOST_WHOLE = 1000
_FAST = 1  # gzip level: the time of higher ones costs more than the line saves
_AS_GZIP = 16 + zlib.MAX_WBITS

log = structlog.get_logger(__name__)


class MetadataHandler:
    """Metadata of a study, series or instance.

    The JSON of each instance is made once and kept, compressed, with a placeholder for the address
    under which this client knows us.
    """

    def __init__(self, door: Door) -> None:
        self._door = door
        self._kept: BoundedCache[bytes] = BoundedCache(_KEPT_BYTES, len)
        self._answers: BoundedCache[bytes] = BoundedCache(_KEPT_BYTES, len)
        # Nobody outside knows it, so no text in a data set can pass for it.
        self._placeholder = secrets.token_hex(16)

    def __call__(self, request: Request, actor: Actor) -> Response:
        """A JSON array with one object an instance, gzipped where the client says it can read that."""
        media_type = json_media_type(request)
        records = self._door.asked(request, actor)
        service = service_url(request)
        zipped = _reads_gzip(request)
        headers = text_headers(etag(records, "metadata", service, zipped))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        if zipped:
            headers["Content-Encoding"] = "gzip"
        if len(records) > _MOST_WHOLE:
            pieces = self._pieces(records, service)
            body = _gzipped(pieces) if zipped else pieces
            return StreamingResponse(body, media_type=media_type, headers=headers)

        def whole() -> bytes:
            joined = b"".join(self._pieces(records, service))
            return gzip.compress(joined, _FAST) if zipped else joined

        # Only what is compressed is kept whole: the rest is quick to join, and large.
        content = self._answers.get_or_make(headers["ETag"], whole) if zipped else whole()
        return Response(content, media_type=media_type, headers=headers)

    def _pieces(self, records: Iterable[InstanceRecord], service: str) -> Iterator[bytes]:
        address = msgspec.json.encode(service)[1:-1]
        opening = b"["
        for record in records:
            kept = self._kept.get_or_make(record.path, lambda record=record: self._made(record))  # type: ignore[misc]
            yield opening + zlib.decompress(kept).replace(self._placeholder.encode(), address)
            opening = b","
        yield b"]"

    def _made(self, record: InstanceRecord) -> bytes:
        base = (
            f"{self._placeholder}/studies/{record.study_uid}/series/{record.series_uid}"
            f"/instances/{record.sop_instance_uid}/bulkdata/"
        )
        try:
            stored = look_into(record)
            writer = DatasetWriter(lambda path: base + path, stored.little_endian)
            answer = writer.write(stored.dataset)
            if stored.pixels is not None:
                answer[stored.pixels.tag] = {"vr": stored.pixels.vr, "BulkDataURI": base + stored.pixels.tag}
        except BrokenPixelData as error:
            # One damaged file must not hide its neighbours: it is told by its UIDs alone.
            log.warning("metadata.unreadable_file", sop_instance_uid=record.sop_instance_uid, reason=str(error))
            answer = _identity(record)
        # Which transfer syntax `transfer-syntax=*` will give; viewers choose their decoder by it.
        answer |= attribute("AvailableTransferSyntaxUID", record.transfer_syntax_uid)
        return zlib.compress(msgspec.json.encode(dict(sorted(answer.items()))), _FAST)


def _identity(record: InstanceRecord) -> dict[str, object]:
    return (
        attribute("SOPClassUID", record.sop_class_uid)
        | attribute("SOPInstanceUID", record.sop_instance_uid)
        | attribute("StudyInstanceUID", record.study_uid)
        | attribute("SeriesInstanceUID", record.series_uid)
    )


def _reads_gzip(request: Request) -> bool:
    codings = [item.split(";") for item in request.headers.get("accept-encoding", "").lower().split(",")]
    return any(
        name.strip() == "gzip" and not any(_is_never(item) for item in parameters) for name, *parameters in codings
    )


def _is_never(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip().rstrip("0") in {"", "0."}


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_FAST, wbits=_AS_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
