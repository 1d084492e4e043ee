"""Retrieve rendered and thumbnail (PS3.18 sections 10.4.1.1.3 and 10.4.1.1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.errors import BadFrameNumber, NoPixels, NotAcceptable
from dicomweb.http.accept import MediaRange, choose, parse_accept
from dicomweb.http.cache import BoundedCache, etag, is_short, not_modified, pixel_headers, text_headers
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.requests import accept_header, service_url
from dicomweb.http.way import limited
from dicomweb.rendering.captions import patient_lines
from dicomweb.rendering.encode import MEDIA_TYPES, REDUCED, sizes
from dicomweb.rendering.parameters import RenderParameters, Viewport, parse_render
from dicomweb.rendering.rendition import Renditions
from dicomweb.wado.frames import frame_numbers
from pacs_node.archive.catalogue import Catalogue
from pacs_node.model import InstanceRecord
from shared_kernel.errors import NotFound, TooLarge

_THUMBNAIL = Viewport(128, 128)
_KEPT_ANSWERS = 500
_MOST_PICTURES = 5000
LABEL = "Dokuei-Rendition"
"""Header of a rendition that has fewer pixels than what it shows."""


@dataclass(frozen=True, slots=True)
class _Form:
    """What the request says, whichever picture it asks for."""

    media_type: str
    multipart: bool
    asked: RenderParameters


class RenderedHandler:
    """One picture as JPEG or PNG, or all of them as multipart/related.

    Single, it is below an instance the frame asked for, else its first (its middle one for a thumbnail).
    A series is shown by its middle picture, a study by that of its first series that has any.
    """

    def __init__(
        self,
        door: Door,
        renditions: Renditions,
        catalogue: Catalogue,
        drawing: CapacityLimiter,
        *,
        thumbnail: bool = False,
    ) -> None:
        self._door = door
        self._renditions = renditions
        self._catalogue = catalogue
        self._drawing = drawing
        self._thumbnail = thumbnail
        self._forms: BoundedCache[_Form] = BoundedCache(_KEPT_ANSWERS)

    def __call__(self, request: Request, actor: Actor) -> Response:
        """The picture. Raises NoPixels, NotDecodable, BrokenPixelData, NotAcceptable, BadParameter, NoSuchFrame."""
        records = self._door.asked(request, actor)
        form = self._form(request)
        asked = self._named(form.asked, records[0].study_uid)
        if form.multipart:
            return self._all(request, records, replace(form, asked=asked))
        record = _representative(records)
        (number,) = self._numbers(request, record, 1)
        return rendition_response(request, self._renditions, record, number, form.media_type, asked)

    def at_once(self, request: Request, actor: Actor) -> Response | None:
        """A picture that is drawn already."""
        records = self._door.known(request, actor)
        if records is None:
            return None
        form = self._form(request)
        if form.multipart or form.asked.annotation:
            return None
        record = _representative(records)
        (number,) = self._numbers(request, record, 1)
        headers = _headers(record, number, form.media_type, form.asked)
        content = self._renditions.kept(headers["ETag"])
        if content is None:
            return None
        return not_modified(request, headers) or Response(content, media_type=form.media_type, headers=headers)

    def _form(self, request: Request) -> _Form:
        accept, query = accept_header(request), request.scope.get("query_string", b"")
        form = self._forms.get((accept, query))
        if form is None:
            chosen = choose(parse_accept(accept), self._offer)
            if chosen is None:
                multipart = [] if self._thumbnail else [f'multipart/related; type="{kind}"' for kind in MEDIA_TYPES]
                raise NotAcceptable(offered=[*MEDIA_TYPES, *multipart])
            asked = parse_render(request.query_params, _THUMBNAIL if self._thumbnail else None)
            form = _Form(*chosen, asked)
            if is_short(accept, query):
                self._forms.put((accept, query), form)
        return form

    def _offer(self, accept: MediaRange) -> tuple[str, bool] | None:
        if accept.multipart and self._thumbnail:
            return None
        kind = next((kind for kind in MEDIA_TYPES if accept.matches(kind)), None)
        return None if kind is None else (kind, accept.multipart)

    def _named(self, asked: RenderParameters, study_uid: str) -> RenderParameters:
        """With the words of the annotation."""
        return with_patient(asked, self._catalogue, study_uid)

    def _numbers(self, request: Request, record: InstanceRecord, most: int) -> list[int]:
        listed = request.path_params.get("frames")
        if listed is None:
            return [(record.number_of_frames or 1) // 2 + 1 if self._thumbnail else 1]
        numbers = frame_numbers(listed)
        if len(numbers) > most:
            raise BadFrameNumber(most=most)
        return numbers

    def _all(self, request: Request, records: list[InstanceRecord], form: _Form) -> Response:
        """Every frame that the path names, one part each; the first is drawn before the answer begins."""
        targets = list(self._targets(request, records))
        if not targets:
            raise NoPixels()
        service = service_url(request)
        tag = etag(records, "rendered", form, request.path_params.get("frames"))
        headers = text_headers(tag) if form.asked.annotation else pixel_headers(tag)
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        first = self._renditions.drawn(*targets[0], form.media_type, form.asked)

        def parts() -> Iterator[Part]:
            for place, (record, number) in enumerate(targets):
                drawn = first if place == 0 else self._renditions.drawn(record, number, form.media_type, form.asked)
                instance = f"{record.study_uid}/series/{record.series_uid}/instances/{record.sop_instance_uid}"
                said = {"Content-Location": f"{service}/studies/{instance}/frames/{number}/rendered"}
                yield Part(form.media_type, [drawn], said | _label(record, form.asked))

        writer = MultipartWriter(form.media_type)
        body = limited(writer.body(parts()), self._drawing)
        return StreamingResponse(body, media_type=writer.content_type, headers=headers)

    def _targets(self, request: Request, records: list[InstanceRecord]) -> Iterator[tuple[InstanceRecord, int]]:
        listed = request.path_params.get("frames")
        single = len(records) == 1
        if sum(record.number_of_frames or 0 for record in records) > _MOST_PICTURES and listed is None:
            raise TooLarge(most=_MOST_PICTURES)
        for record in records:
            if listed is not None:
                yield from ((record, number) for number in self._numbers(request, record, _MOST_PICTURES))
            elif record.number_of_frames or single:
                yield from ((record, number) for number in range(1, (record.number_of_frames or 1) + 1))


def with_patient(asked: RenderParameters, catalogue: Catalogue, study_uid: str) -> RenderParameters:
    """With the words of the annotation, where it is asked for. Raises NotFound for a study that has just gone."""
    if "patient" not in asked.annotation:
        return asked
    study = catalogue.study(study_uid)
    if study is None:
        raise NotFound()
    return replace(asked, patient=patient_lines(study))


def rendition_response(  # noqa: PLR0917 - what is asked for, in the order of a path
    request: Request,
    renditions: Renditions,
    record: InstanceRecord,
    number: int,
    media_type: str,
    asked: RenderParameters,
) -> Response:
    """One picture, or 304 for who has it. Raises what `Renditions.drawn` raises."""
    headers = _headers(record, number, media_type, asked)
    kept = not_modified(request, headers)
    if kept is not None:
        return kept
    return Response(renditions.drawn(record, number, media_type, asked), media_type=media_type, headers=headers)


def _headers(record: InstanceRecord, number: int, media_type: str, asked: RenderParameters) -> dict[str, str]:
    tag = Renditions.tag(record, number, media_type, asked)
    # A picture that names its patient is text, as far as keeping it goes.
    return (text_headers(tag) if asked.annotation else pixel_headers(tag)) | _label(record, asked)


def _label(record: InstanceRecord, asked: RenderParameters) -> dict[str, str]:
    if asked.viewport is None or not record.rows or not record.columns:
        return {}
    shown, size = sizes(asked.viewport, record.columns, record.rows)
    if size[0] >= shown[0] and size[1] >= shown[1]:
        return {}
    return {LABEL: f"{REDUCED}; {size[0]}x{size[1]} of {shown[0]}x{shown[1]}"}


def _representative(records: list[InstanceRecord]) -> InstanceRecord:
    """The picture that stands for several. Raises NoPixels when none is one."""
    if len(records) == 1:
        return records[0]
    with_pixels = [record for record in records if record.number_of_frames]
    if not with_pixels:
        raise NoPixels()
    series = [record for record in with_pixels if record.series_uid == with_pixels[0].series_uid]
    return series[len(series) // 2]
