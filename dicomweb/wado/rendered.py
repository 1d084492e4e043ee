"""Retrieve rendered and thumbnail (PS3.18 sections 10.4.1.1.3 and 10.4.1.1.4)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.errors import BadFrameNumber, NoPixels, NotAcceptable
from dicomweb.http.accept import MediaRange, choose
from dicomweb.http.cache import not_modified, pixel_headers
from dicomweb.http.requests import accepted
from dicomweb.rendering.encode import MEDIA_TYPES
from dicomweb.rendering.parameters import Viewport, parse_render
from dicomweb.rendering.rendition import Renditions
from dicomweb.wado.frames import frame_numbers
from pacs_node.model import InstanceRecord

_THUMBNAIL = Viewport(128, 128)


class RenderedHandler:
    """One picture as JPEG or PNG.

    Below an instance that is the frame asked for, else its first (its middle one for a thumbnail).
    A series is shown by its middle picture, a study by that of its first series that has any.
    """

    def __init__(self, door: Door, renditions: Renditions, *, thumbnail: bool = False) -> None:
        self._door = door
        self._renditions = renditions
        self._thumbnail = thumbnail

    def __call__(self, request: Request, actor: Actor) -> Response:
        """The picture. Raises NoPixels, NotDecodable, BrokenPixelData, NotAcceptable, BadParameter, NoSuchFrame."""
        records = self._door.asked(request, actor)
        media_type = choose(accepted(request), _offer)
        if media_type is None:
            raise NotAcceptable(offered=list(MEDIA_TYPES))
        asked = parse_render(request.query_params, _THUMBNAIL if self._thumbnail else None)
        record = _representative(records)
        number = self._frame_number(request, record)
        headers = pixel_headers(Renditions.tag(record, number, media_type, asked))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        content = self._renditions.drawn(record, number, media_type, asked)
        return Response(content, media_type=media_type, headers=headers)

    def _frame_number(self, request: Request, record: InstanceRecord) -> int:
        listed = request.path_params.get("frames")
        if listed is None:
            return (record.number_of_frames or 1) // 2 + 1 if self._thumbnail else 1
        numbers = frame_numbers(listed)
        if len(numbers) != 1:
            raise BadFrameNumber(most=1)
        return numbers[0]


def _offer(accept: MediaRange) -> str | None:
    if accept.multipart:
        return None
    return next((kind for kind in MEDIA_TYPES if accept.matches(kind)), None)


def _representative(records: list[InstanceRecord]) -> InstanceRecord:
    """The picture that stands for several. Raises NoPixels when none is one."""
    if len(records) == 1:
        return records[0]
    with_pixels = [record for record in records if record.number_of_frames]
    if not with_pixels:
        raise NoPixels()
    series = [record for record in with_pixels if record.series_uid == with_pixels[0].series_uid]
    return series[len(series) // 2]
