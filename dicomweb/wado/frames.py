"""Retrieve frames (PS3.18 section 10.4.1.1.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.errors import BadFrameNumber, NotAcceptable
from dicomweb.http.accept import choose
from dicomweb.http.cache import etag, not_modified, pixel_headers
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.requests import accepted, service_url
from dicomweb.pixels.decode import uncompressed_frame
from dicomweb.pixels.picture import Picture, Pictures
from dicomweb.wado.frame_forms import FrameForm, frame_form, offered

_NUMBERS = re.compile(r"[0-9]{1,9}(,[0-9]{1,9})*")
_MOST_FRAMES = 10_000
_SMALL_BYTES = 8 * 2**20


class FramesHandler:
    """Frames as stored or uncompressed. A stored frame is one read at a place that is known already."""

    def __init__(self, door: Door, pictures: Pictures) -> None:
        self._door = door
        self._pictures = pictures

    def __call__(self, request: Request, actor: Actor) -> Response:
        """One part a frame, or a bare frame where one was asked for alone and the client accepts no multipart.

        Raises BadFrameNumber, NoSuchFrame, NoPixels, NotAcceptable, and BrokenPixelData.
        """
        (record,) = self._door.asked(request, actor)
        numbers = frame_numbers(request.path_params["frames"])
        picture = self._pictures.of(record)
        for number in numbers:
            picture.require_frame(number)
        form = choose(accepted(request), lambda accept: frame_form(accept, picture, len(numbers)))
        if form is None:
            raise NotAcceptable(offered=offered(picture))
        headers = pixel_headers(etag([record], "frames", numbers, form))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        if not form.multipart:
            return Response(_frame(picture, form, numbers[0]), media_type=form.content_type, headers=headers)
        return frames_response(picture, form, numbers, service_url(request), headers)


def frames_response(
    picture: Picture, form: FrameForm, numbers: list[int], service: str, headers: dict[str, str]
) -> Response:
    """Frames as multipart/related; the first is read before the answer begins, so that damage is an error."""
    record = picture.record
    url = f"{service}/studies/{record.study_uid}/series/{record.series_uid}/instances/{record.sop_instance_uid}"
    first = _frame(picture, form, numbers[0])

    def parts() -> Iterator[Part]:
        for place, number in enumerate(numbers):
            data = first if place == 0 else _frame(picture, form, number)
            yield Part(form.content_type, [data], {"Content-Location": f"{url}/frames/{number}"})

    writer = MultipartWriter(form.media_type)
    if len(first) * len(numbers) <= _SMALL_BYTES:
        # In one piece: the many small steps of a stream would cost more than the frame itself.
        return Response(b"".join(writer.body(parts())), media_type=writer.content_type, headers=headers)
    return StreamingResponse(writer.body(parts()), media_type=writer.content_type, headers=headers)


def frame_numbers(text: str) -> list[int]:
    """The numbers of a frame list, from 1. Raises BadFrameNumber."""
    if not _NUMBERS.fullmatch(text):
        raise BadFrameNumber()
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > _MOST_FRAMES or 0 in numbers:
        raise BadFrameNumber(most=_MOST_FRAMES)
    return numbers


def _frame(picture: Picture, form: FrameForm, number: int) -> bytes:
    return picture.stored_frame(number) if form.stored else uncompressed_frame(picture, number)
