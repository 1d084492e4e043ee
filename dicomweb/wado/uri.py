"""WADO-URI (PS3.18 section 9), for clients from before WADO-RS: one instance, as a file or as a picture."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pydicom.uid import UID, ExplicitVRLittleEndian
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.errors import BadParameter, NoSuchFrame, NotAcceptable
from dicomweb.http.cache import etag, not_modified, text_headers
from dicomweb.rendering.encode import JPEG, MEDIA_TYPES
from dicomweb.rendering.parameters import LARGEST_VIEWPORT, RenderParameters, Viewport, parse_render
from dicomweb.rendering.rendition import Renditions
from dicomweb.rendering.window import LINEAR, Window
from dicomweb.wado.rendered import rendition_response, with_patient
from dicomweb.wado.transcode import can_be_explicit, explicit, stored_bytes
from pacs_node.archive.catalogue import Catalogue
from pacs_node.model import InstanceRecord

_DICOM = "application/dicom"
_OF_PICTURES = ("frameNumber", "rows", "columns", "region", "windowCenter", "windowWidth", "imageQuality", "annotation")
_NOT_OFFERED = {
    "anonymize": "not offered: what is stored goes out as it is, or not at all",
    "presentationUID": "not offered: presentation states are applied by viewers",
    "presentationSeriesUID": "not offered: presentation states are applied by viewers",
}
_MOST_DIGITS = 9
_CORNERS = 4


class UriHandler:
    """`GET /dicomweb/wado?requestType=WADO&studyUID=…&seriesUID=…&objectUID=…`."""

    def __init__(self, door: Door, renditions: Renditions, catalogue: Catalogue) -> None:
        self._door = door
        self._renditions = renditions
        self._catalogue = catalogue

    def __call__(self, request: Request, actor: Actor) -> Response:
        """The file or the picture. Raises BadParameter, NotFound, NotAcceptable and what drawing raises."""
        query = request.query_params
        if query.get("requestType") != "WADO":
            raise BadParameter(parameter="requestType", rule="WADO")
        for parameter, rule in _NOT_OFFERED.items():
            if parameter in query:
                raise BadParameter(parameter=parameter, rule=rule)
        uids = [_required(query, parameter) for parameter in ("studyUID", "seriesUID", "objectUID")]
        (record,) = self._door.open(actor, *uids)
        media_type = _media_type(query, record)
        if media_type == _DICOM:
            return _file(request, query, record)
        if "transferSyntax" in query:
            raise BadParameter(parameter="transferSyntax", rule=f"only with contentType={_DICOM}")
        number = _frame_number(query)
        asked = with_patient(_asked(query, record), self._catalogue, record.study_uid)
        try:
            return rendition_response(request, self._renditions, record, number, media_type, asked)
        except NoSuchFrame as error:
            # Section 9.5.2: a value that is no frame of the picture is a malformed request here.
            raise BadParameter(parameter="frameNumber", rule=f"1 to {error.details.get('frames')}") from error


def _required(query: QueryParams, parameter: str) -> str:
    value = query.get(parameter, "").strip()
    if not value:
        raise BadParameter(parameter=parameter, rule="a UID")
    return value


def _media_type(query: QueryParams, record: InstanceRecord) -> str:
    """The first that is asked for and offered; a picture of one frame unasked as JPEG, else the file."""
    asked = [part.partition(";")[0].strip().lower() for part in query.get("contentType", "").split(",")]
    asked = [part for part in asked if part]
    if not asked:
        return JPEG if record.number_of_frames == 1 else _DICOM
    offered = (_DICOM, *MEDIA_TYPES)
    for kind in asked:
        found = next((offer for offer in offered if kind in (offer, "*/*", offer.partition("/")[0] + "/*")), None)
        if found:
            return found
    raise NotAcceptable(offered=list(offered))


def _file(request: Request, query: QueryParams, record: InstanceRecord) -> Response:
    for parameter in _OF_PICTURES:
        if parameter in query:
            raise BadParameter(parameter=parameter, rule="only for pictures")
    wanted, stored = query.get("transferSyntax", "").strip(), record.transfer_syntax_uid
    if wanted not in ("", "*") and not UID(wanted).is_valid:
        raise BadParameter(parameter="transferSyntax", rule="the UID of a transfer syntax")
    as_stored = wanted in ("*", stored) or (not wanted and not can_be_explicit(record))
    if not as_stored and not (wanted in ("", ExplicitVRLittleEndian) and can_be_explicit(record)):
        also = [str(ExplicitVRLittleEndian)] if can_be_explicit(record) else []
        raise NotAcceptable(offered=[f"{_DICOM}; transfer-syntax={syntax}" for syntax in {stored, *also}])
    headers = text_headers(etag([record], "uri", as_stored))
    kept = not_modified(request, headers)
    if kept is not None:
        return kept
    syntax = stored if as_stored else str(ExplicitVRLittleEndian)
    pieces = stored_bytes(record) if as_stored else _begun(explicit(record))
    return StreamingResponse(pieces, media_type=f"{_DICOM}; transfer-syntax={syntax}", headers=headers)


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces with the first one made already: what can't be changed is an answer of its own."""
    first = next(pieces)

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_them()


def _frame_number(query: QueryParams) -> int:
    return _whole(query, "frameNumber", 10**_MOST_DIGITS) or 1


def _asked(query: QueryParams, record: InstanceRecord) -> RenderParameters:
    said = {name: query[name] for name in ("annotation",) if name in query}
    if "imageQuality" in query:
        said["quality"] = str(_whole(query, "imageQuality", 100))
    asked = parse_render(QueryParams(said), _viewport(query, record))
    return RenderParameters(_window(query), asked.viewport, asked.quality, asked.annotation)


def _window(query: QueryParams) -> Window | None:
    names = ("windowCenter", "windowWidth")
    if not any(name in query for name in names):
        return None
    rule = "both windowCenter and windowWidth, the width at least 1"
    try:
        centre, width = (float(query[name]) for name in names)
    except (KeyError, ValueError):
        raise BadParameter(parameter="windowCenter", rule=rule) from None
    window = Window.sensible(centre, width, LINEAR)
    if window is None:
        raise BadParameter(parameter="windowWidth", rule=rule)
    return window


def _viewport(query: QueryParams, record: InstanceRecord) -> Viewport | None:
    """`rows` and `columns` are a box to fit into; one alone leaves the other to the proportions."""
    rows, columns = (_whole(query, name, LARGEST_VIEWPORT) for name in ("rows", "columns"))
    region = _region(query)
    if region is None:
        return Viewport(columns or LARGEST_VIEWPORT, rows or LARGEST_VIEWPORT) if rows or columns else None
    if not record.rows or not record.columns:
        raise BadParameter(parameter="region", rule="a picture whose size is known")
    left, top, right, bottom = region
    part = (
        left * record.columns,
        top * record.rows,
        (right - left) * record.columns,
        (bottom - top) * record.rows,
    )
    if rows or columns:
        return Viewport(columns or LARGEST_VIEWPORT, rows or LARGEST_VIEWPORT, part)
    return Viewport(max(1, math.ceil(part[2])), max(1, math.ceil(part[3])), part)


def _region(query: QueryParams) -> tuple[float, float, float, float] | None:
    if "region" not in query:
        return None
    rule = "xmin,ymin,xmax,ymax from 0 to 1"
    try:
        left, top, right, bottom = (float(part) for part in query["region"].split(",", _CORNERS))
    except ValueError:
        raise BadParameter(parameter="region", rule=rule) from None
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise BadParameter(parameter="region", rule=rule)
    return left, top, right, bottom


def _whole(query: QueryParams, parameter: str, most: int) -> int | None:
    """A whole number from 1 on, None where it is not given."""
    if parameter not in query:
        return None
    text = query[parameter].strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and 1 <= int(text) <= most):
        raise BadParameter(parameter=parameter, rule=f"a whole number, 1 to {most}")
    return int(text)
