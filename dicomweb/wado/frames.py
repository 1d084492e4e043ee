"""Retrieve frames (PS3.18 section 10.4.1.1.6)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.errors import BadFrameNumber, NotAcceptable
from dicomweb.http.accept import choose, parse_accept
from dicomweb.http.answers import in_part, whole
from dicomweb.http.cache import BoundedCache, etag, is_short, not_modified, pixel_headers
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.pieces import LARGEST_AT_ONCE, Piece, read_at_once
from dicomweb.http.requests import accept_header, service_url
from dicomweb.http.way import Later, limited
from dicomweb.pixels.decode import uncompressed_frame
from dicomweb.pixels.picture import Picture, Pictures
from dicomweb.pixels.transcoded import TranscodedFrames
from dicomweb.wado.frame_forms import FrameForm, frame_form, offered
from pacs_node.model import InstanceRecord
from pacs_node.transcoding.codestream import resolutions

_NUMBERS = re.compile(r"[0-9]{1,9}(,[0-9]{1,9})*")
_MOST_FRAMES = 10_000
_MOST_AT_ONCE = 32
_KEPT_FORMS = 500
RESOLUTIONS = "Dokuei-Resolutions"
"""Header of a codestream whose first bytes are a smaller picture: sizes, and the bytes that each of them needs."""


class FramesHandler:
    """Frames as stored, uncompressed, or compressed anew. A stored one is one read at a place that is known already."""

    def __init__(
        self, door: Door, pictures: Pictures, transcoded: TranscodedFrames, transcoding: CapacityLimiter
    ) -> None:
        self._door = door
        self._pictures = pictures
        self._transcoded = transcoded
        self._transcoding = transcoding
        self._forms: BoundedCache[FrameForm] = BoundedCache(_KEPT_FORMS)

    def __call__(self, request: Request, actor: Actor) -> Response | Later:
        """One part a frame, or a bare frame where one was asked for alone and the client accepts no multipart.

        Raises BadFrameNumber, NoSuchFrame, NoPixels, NotAcceptable, and BrokenPixelData.
        """
        (record,) = self._door.asked(request, actor)
        numbers = frame_numbers(request.path_params["frames"])
        picture = self._pictures.of(record)
        form, headers = self._form(request, picture, numbers)
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        if form.multipart:
            return self.in_parts(picture, form, numbers, service_url(request), headers)
        if form.native and _lies_in_file(picture, form):
            return in_part(request, picture.pieces(numbers[0]), form.content_type, headers)

        def alone() -> Response:
            frame = self._frame(picture, form, numbers[0])
            return in_part(request, [frame], form.content_type, headers | resolution_header(frame))

        return Later(alone, self._transcoding) if _needs_codec(picture, form) else alone()

    def at_once(self, request: Request, actor: Actor) -> Response | None:
        """Frames of a picture that is known, as they lie in a file that is in the page cache."""
        records = self._door.known(request, actor)
        picture = self._pictures.known(records[0]) if records else None
        if picture is None or request.path_params["frames"].count(",") >= _MOST_AT_ONCE:
            return None
        numbers = frame_numbers(request.path_params["frames"])
        form, headers = self._form(request, picture, numbers)
        kept = not_modified(request, headers)
        if kept is not None or not _lies_in_file(picture, form):
            return kept
        if form.multipart:
            writer = MultipartWriter(form.media_type)
            pieces = _pieces(writer, picture, form, numbers, service_url(request))
            return whole(pieces, writer.content_type, headers, at_once=True)
        if form.native:
            return in_part(request, picture.pieces(numbers[0]), form.content_type, headers, at_once=True)
        frame = bytes(read_at_once(picture.pieces(numbers[0])))
        return in_part(request, [frame], form.content_type, headers | resolution_header(frame), at_once=True)

    def in_parts(
        self, picture: Picture, form: FrameForm, numbers: list[int], service: str, headers: dict[str, str]
    ) -> Response | Later:
        """Frames as multipart/related; the first is read before the answer begins, so that damage is an error."""
        if _lies_in_file(picture, form):
            writer = MultipartWriter(form.media_type)
            return whole(_pieces(writer, picture, form, numbers, service), writer.content_type, headers)
        if _needs_codec(picture, form):
            return Later(lambda: self._made(picture, form, numbers, service, headers), self._transcoding)
        return self._made(picture, form, numbers, service, headers)

    def _made(
        self, picture: Picture, form: FrameForm, numbers: list[int], service: str, headers: dict[str, str]
    ) -> Response:
        writer = MultipartWriter(form.media_type)
        url = _url(service, picture.record)
        first = self._frame(picture, form, numbers[0])

        def parts() -> Iterator[Part]:
            for place, number in enumerate(numbers):
                data = first if place == 0 else self._frame(picture, form, number)
                said = {"Content-Location": f"{url}/frames/{number}"}
                yield Part(form.content_type, [data], said | resolution_header(data))

        if len(first) * len(numbers) <= LARGEST_AT_ONCE:
            # In one piece: the many small steps of a stream would cost more than the frame itself.
            return Response(b"".join(writer.body(parts())), media_type=writer.content_type, headers=headers)
        made = writer.body(parts())
        body = limited(made, self._transcoding) if _needs_codec(picture, form) else made
        return StreamingResponse(body, media_type=writer.content_type, headers=headers)

    def _frame(self, picture: Picture, form: FrameForm, number: int) -> bytes:
        if form.stored:
            return picture.stored_frame(number)
        if not _needs_codec(picture, form):
            return uncompressed_frame(picture, number)
        return self._transcoded.frame(picture, number, form.transfer_syntax_uid)

    def _form(self, request: Request, picture: Picture, numbers: list[int]) -> tuple[FrameForm, dict[str, str]]:
        """How the frames go out. Raises NoSuchFrame, NotAcceptable."""
        for number in numbers:
            picture.require_frame(number)
        asked = accept_header(request)
        many = len(numbers) > 1
        key = asked, picture.record.transfer_syntax_uid, picture.encapsulated is None, many, picture.description.kind
        form = self._forms.get(key)
        if form is None:
            form = choose(
                parse_accept(asked), lambda accept: frame_form(accept, picture, len(numbers), transcoding=True)
            )
            if form is None:
                raise NotAcceptable(offered=offered(picture))
            if is_short(asked):
                self._forms.put(key, form)
        tag = etag([picture.record], "frames", numbers, form) if many else f'"{picture.tag}-{form.tag}-{numbers[0]}"'
        return form, pixel_headers(tag)


def _needs_codec(picture: Picture, form: FrameForm) -> bool:
    """Whether frames of this form are decoded or compressed."""
    return not form.stored and not (picture.encapsulated is None and form.native)


def _lies_in_file(picture: Picture, form: FrameForm) -> bool:
    """Whether the frames of this form are ranges of the file."""
    return picture.is_in_file and (form.stored or (form.native and picture.is_plain))


def _pieces(
    writer: MultipartWriter, picture: Picture, form: FrameForm, numbers: list[int], service: str
) -> list[Piece]:
    url = _url(service, picture.record)
    pieces: list[Piece] = []
    for place, number in enumerate(numbers):
        headers = {"Content-Location": f"{url}/frames/{number}"}
        pieces.append(writer.opening(form.content_type, headers, first=place == 0))
        pieces += picture.pieces(number)
    pieces.append(writer.closing)
    return pieces


def _url(service: str, record: InstanceRecord) -> str:
    return f"{service}/studies/{record.study_uid}/series/{record.series_uid}/instances/{record.sop_instance_uid}"


def frame_numbers(text: str) -> list[int]:
    """The numbers of a frame list, from 1. Raises BadFrameNumber."""
    if not _NUMBERS.fullmatch(text):
        raise BadFrameNumber()
    numbers = [int(number) for number in text.split(",")]
    if len(numbers) > _MOST_FRAMES or 0 in numbers:
        raise BadFrameNumber(most=_MOST_FRAMES)
    return numbers


def resolution_header(frame: bytes) -> dict[str, str]:
    """Where each resolution of a JPEG 2000 or HTJ2K codestream ends, for clients that ask for a range of it."""
    found = resolutions(frame)
    return {RESOLUTIONS: ", ".join(f"{columns}x{rows}={end}" for rows, columns, end in found)} if found else {}
