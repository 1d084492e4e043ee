"""Retrieve bulk data (PS3.18 section 10.4.1.1.5): the values that metadata names by a BulkDataURI."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.dicom_json.dataset import little_endian
from dicomweb.errors import BrokenPixelData, NotAcceptable
from dicomweb.http.accept import MediaRange, choose
from dicomweb.http.answers import in_part, whole
from dicomweb.http.cache import etag, not_modified, pixel_headers
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.pieces import FileRange, Piece
from dicomweb.http.requests import accepted, service_url
from dicomweb.http.way import Later
from dicomweb.pixels.picture import Pictures
from dicomweb.pixels.stored_file import PixelElement, StoredFile, look_into, opened
from dicomweb.wado.frame_forms import OCTETS, frame_form
from dicomweb.wado.frames import FramesHandler
from pacs_node.model import InstanceRecord
from shared_kernel.errors import NotFound

_STEP = re.compile(r"[0-9A-F]{8}")
_ITEM = re.compile(r"[1-9][0-9]{0,5}")
_PIECE = 1 * 2**20
_NOT_AS_IN_FILE = frozenset({DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian})


class BulkDataHandler:
    """The bytes of one element, in little endian; compressed pixel data frame by frame."""

    def __init__(self, door: Door, pictures: Pictures, frames: FramesHandler) -> None:
        self._door = door
        self._pictures = pictures
        self._frames_handler = frames

    def __call__(self, request: Request, actor: Actor) -> Response | Later:
        """multipart/related with one part, or the bare bytes. Raises NotFound for an element that is not there."""
        (record,) = self._door.asked(request, actor)
        path = request.path_params["path"].upper()
        stored = look_into(record)
        pixels = stored.pixels
        if pixels is not None and path == pixels.tag and pixels.encapsulated:
            return self._frames(request, record)
        multipart = choose(accepted(request), _multipart)
        if multipart is None:
            raise NotAcceptable(offered=[OCTETS, f'multipart/related; type="{OCTETS}"'])
        headers = pixel_headers(etag([record], "bulkdata", path, multipart))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        pieces: list[Piece]
        if pixels is None or path != pixels.tag:
            pieces = [_value(stored, path)]
        elif record.transfer_syntax_uid in _NOT_AS_IN_FILE:
            return _streamed(request, _native_pixels(record, pixels), headers, multipart=multipart)
        else:
            pieces = [FileRange(record.path, pixels.offset, pixels.length)]
        if not multipart:
            return in_part(request, pieces, OCTETS, headers)
        writer = MultipartWriter(OCTETS)
        before = writer.opening(OCTETS, {"Content-Location": _address(request)}, first=True)
        return whole([before, *pieces, writer.closing], writer.content_type, headers)

    def _frames(self, request: Request, record: InstanceRecord) -> Response | Later:
        picture = self._pictures.of(record)
        numbers = list(range(1, picture.description.frames + 1))
        form = choose(accepted(request), lambda accept: frame_form(_stored(accept), picture, len(numbers)))
        if form is None:
            raise NotAcceptable(offered=[f'multipart/related; type="{OCTETS}"; transfer-syntax=*'])
        headers = pixel_headers(etag([record], "bulkdata", form))
        return not_modified(request, headers) or self._frames_handler.in_parts(
            picture, form, numbers, service_url(request), headers
        )


def _streamed(request: Request, pieces: Iterator[bytes], headers: dict[str, str], *, multipart: bool) -> Response:
    """A value that is changed on its way out, and whose length is not told before."""
    if not multipart:
        return StreamingResponse(pieces, media_type=OCTETS, headers=headers)
    writer = MultipartWriter(OCTETS)
    parts = [Part(OCTETS, pieces, {"Content-Location": _address(request)})]
    return StreamingResponse(writer.body(parts), media_type=writer.content_type, headers=headers)


def _address(request: Request) -> str:
    """Where this very value is to be had."""
    path: str = request.scope["path"]
    return service_url(request) + path.removeprefix("/dicomweb")


def _stored(accept: MediaRange) -> MediaRange:
    """Without a transfer syntax the stored one is meant: this is the element as it is stored."""
    return MediaRange(accept.media_type, True, accept.transfer_syntax or "*", accept.q)


def _multipart(accept: MediaRange) -> bool | None:
    return accept.multipart if accept.matches(OCTETS) else None


def _native_pixels(record: InstanceRecord, pixels: PixelElement) -> Iterator[bytes]:
    swapped = record.transfer_syntax_uid == ExplicitVRBigEndian
    with opened(record) as file:
        file.seek(pixels.offset)
        left = pixels.length
        while left and (piece := file.read(min(_PIECE, left))):
            left -= len(piece)
            yield little_endian(piece, pixels.vr, stored_little_endian=not swapped)


def _value(stored: StoredFile, path: str) -> bytes:
    """The value of an element; a path leads through items of sequences, counted from 1."""
    *above, last = path.split("/")
    dataset: Dataset = stored.dataset
    for tag, item in zip(above[::2], above[1::2], strict=False):
        if not _STEP.fullmatch(tag) or not _ITEM.fullmatch(item):
            raise NotFound()
        items = _items(dataset, int(tag, 16))
        if len(items) < int(item):
            raise NotFound()
        dataset = items[int(item) - 1]
    if len(above) % 2 or not _STEP.fullmatch(last):
        raise NotFound()
    place = int(last, 16)
    value: object = None
    vr = "UN"
    try:
        if place in dataset:
            value, vr = dataset[place].value, dataset[place].VR
    except Exception as error:  # whatever pydicom meets in a broken value
        raise BrokenPixelData(tag=last, reason=str(error)[:200]) from error
    if not isinstance(value, bytes):
        raise NotFound()
    return little_endian(value, vr, stored_little_endian=stored.little_endian)


def _items(dataset: Dataset, tag: int) -> list[Dataset]:
    if tag not in dataset or dataset[tag].VR != "SQ":
        return []
    return list(dataset[tag].value or [])
