"""Retrieve bulk data (PS3.18 section 10.4.1.1.5): the values that metadata names by a BulkDataURI."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.dicom_json.dataset import little_endian
from dicomweb.errors import BrokenPixelData, NotAcceptable
from dicomweb.http.accept import MediaRange, choose
from dicomweb.http.cache import etag, not_modified, pixel_headers
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.requests import accepted, service_url
from dicomweb.pixels.picture import Pictures
from dicomweb.pixels.stored_file import PixelElement, StoredFile, look_into, opened
from dicomweb.wado.frame_forms import OCTETS, frame_form
from dicomweb.wado.frames import frames_response
from pacs_node.model import InstanceRecord
from shared_kernel.errors import NotFound

_STEP = re.compile(r"[0-9A-F]{8}")
_ITEM = re.compile(r"[1-9][0-9]{0,5}")
_PIECE = 1 * 2**20


class BulkDataHandler:
    """The bytes of one element, in little endian; compressed pixel data frame by frame."""

    def __init__(self, door: Door, pictures: Pictures) -> None:
        self._door = door
        self._pictures = pictures

    def __call__(self, request: Request, actor: Actor) -> Response:
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
        if pixels is not None and path == pixels.tag:
            pieces = _native_pixels(record, pixels)
        else:
            pieces = iter([_value(stored, path)])
        if not multipart:
            return StreamingResponse(pieces, media_type=OCTETS, headers=headers)
        writer = MultipartWriter(OCTETS)
        parts = [Part(OCTETS, pieces, {"Content-Location": str(request.url.replace(query=""))})]
        return StreamingResponse(writer.body(parts), media_type=writer.content_type, headers=headers)

    def _frames(self, request: Request, record: InstanceRecord) -> Response:
        picture = self._pictures.of(record)
        numbers = list(range(1, picture.description.frames + 1))
        form = choose(accepted(request), lambda accept: frame_form(_stored(accept), picture, len(numbers)))
        if form is None:
            raise NotAcceptable(offered=[f'multipart/related; type="{OCTETS}"; transfer-syntax=*'])
        headers = pixel_headers(etag([record], "bulkdata", form))
        return not_modified(request, headers) or frames_response(picture, form, numbers, service_url(request), headers)


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
