"""Retrieve study, series and instance (PS3.18 section 10.4.1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

from anyio import CapacityLimiter
from pydicom.uid import ExplicitVRLittleEndian
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.errors import BrokenPixelData, FileAway, NotAcceptable
from dicomweb.http.accept import MediaRange, choose
from dicomweb.http.answers import in_part
from dicomweb.http.cache import etag, not_modified, text_headers
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.pieces import FileRange, Piece, PiecesResponse
from dicomweb.http.requests import accepted, service_url
from dicomweb.http.way import Later, limited
from dicomweb.wado.transcode import can_be_explicit, explicit, stored_bytes
from pacs_node.model import InstanceRecord

_DICOM = "application/dicom"
STORED, EXPLICIT, EITHER = "stored", "explicit", "either"


class _Form(NamedTuple):
    """In which transfer syntax, and whether in parts or bare."""

    syntax: str
    multipart: bool


class InstancesHandler:
    """Whole instances as multipart/related, one after another from the disk, or one alone as it is.

    What goes out as stored is never in memory but for two pieces of 1 MiB; its length is told before. Changing an
    instance takes its memory twice, and is done for as many at once as `changing` says.
    """

    def __init__(self, door: Door, changing: CapacityLimiter) -> None:
        self._door = door
        self._changing = changing

    def __call__(self, request: Request, actor: Actor) -> Response | Later:
        """Every instance as stored where the client accepts that, else in Explicit VR Little Endian.

        Raises NotAcceptable, FileAway and BrokenPixelData before the first byte.
        """
        records = self._door.asked(request, actor)
        alone = "instance" in request.path_params
        form = choose(accepted(request), lambda accept: _form(accept, records, alone=alone))
        if form is None:
            raise NotAcceptable(offered=offered(records, alone=alone))
        headers = text_headers(etag(records, "instances", form.syntax, form.multipart))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        _require_files(records)
        as_stored = all(_syntax_of(form, record) == record.transfer_syntax_uid for record in records)
        if not form.multipart:
            if as_stored:
                return _bare(request, records[0], headers, as_stored=True)
            return Later(lambda: _bare(request, records[0], headers, as_stored=False), self._changing)
        service = service_url(request)
        writer = MultipartWriter(_DICOM)
        if as_stored:
            pieces = _pieces(writer, service, records)
            return PiecesResponse(
                pieces, _length(writer, service, records), media_type=writer.content_type, headers=headers
            )

        def changed() -> Response:
            parts = (_part(service, record, _syntax_of(form, record)) for record in records)
            body = limited(_begun(writer.body(parts)), self._changing)
            return StreamingResponse(body, media_type=writer.content_type, headers=headers)

        return Later(changed, self._changing)


def offered(records: list[InstanceRecord], *, alone: bool = False) -> list[str]:
    """The media types that these instances are to be had in; one `alone` without parts too."""
    syntaxes = sorted({record.transfer_syntax_uid for record in records})
    if all(can_be_explicit(record) for record in records):
        syntaxes = sorted({*syntaxes, str(ExplicitVRLittleEndian)})
    exact = syntaxes if len({record.transfer_syntax_uid for record in records}) == 1 else []
    bare = [f"{_DICOM}; transfer-syntax={syntax}" for syntax in (*exact, "*")] if alone else []
    return [f'multipart/related; type="{_DICOM}"; transfer-syntax={syntax}' for syntax in (*exact, "*")] + bare


def _form(accept: MediaRange, records: list[InstanceRecord], *, alone: bool) -> _Form | None:
    """Which form satisfies a range; the default transfer syntax is Explicit VR Little Endian (section 8.7.3.5.2)."""
    if accept.is_anything:
        return _Form(EITHER, True)
    if not (accept.multipart or alone) or not accept.matches(_DICOM):
        return None
    wanted = accept.transfer_syntax
    if wanted == "*" or (wanted and all(record.transfer_syntax_uid == wanted for record in records)):
        return _Form(STORED, accept.multipart)
    if wanted in (None, ExplicitVRLittleEndian) and all(can_be_explicit(record) for record in records):
        return _Form(EXPLICIT, accept.multipart)
    return None


def _syntax_of(form: _Form, record: InstanceRecord) -> str:
    if form.syntax == STORED or (form.syntax == EITHER and not can_be_explicit(record)):
        return record.transfer_syntax_uid
    return str(ExplicitVRLittleEndian)


def _require_files(records: list[InstanceRecord]) -> None:
    """Look at each file before anything is sent: a gap must be an answer, not a transfer that breaks off."""
    for record in records:
        try:
            size = record.path.stat().st_size
        except OSError as error:
            raise FileAway(sop_instance_uid=record.sop_instance_uid, reason=error.strerror or "") from error
        if size != record.size:
            raise BrokenPixelData(
                sop_instance_uid=record.sop_instance_uid,
                reason=f"the stored file has {size} bytes, and was received with {record.size}",
            )


def _bare(request: Request, record: InstanceRecord, headers: dict[str, str], *, as_stored: bool) -> Response:
    """One instance without parts (table 10.4.4-1), whole or the range that was asked for."""
    syntax = record.transfer_syntax_uid if as_stored else ExplicitVRLittleEndian
    media_type = f"{_DICOM}; transfer-syntax={syntax}"
    pieces: list[Piece] = [FileRange(record.path, 0, record.size)] if as_stored else [*explicit(record)]
    return in_part(request, pieces, media_type, headers)


def _pieces(writer: MultipartWriter, service: str, records: list[InstanceRecord]) -> Iterator[Piece]:
    for place, record in enumerate(records):
        yield writer.opening(*_named(service, record, record.transfer_syntax_uid), first=place == 0)
        yield FileRange(record.path, 0, record.size)
    yield writer.closing


def _length(writer: MultipartWriter, service: str, records: list[InstanceRecord]) -> int:
    between = sum(len(piece) for piece in _pieces(writer, service, records) if isinstance(piece, bytes))
    return between + sum(record.size for record in records)


def _named(service: str, record: InstanceRecord, syntax: str) -> tuple[str, dict[str, str]]:
    """The media type of a part, and its other headers."""
    url = f"{service}/studies/{record.study_uid}/series/{record.series_uid}/instances/{record.sop_instance_uid}"
    return f"{_DICOM}; transfer-syntax={syntax}", {"Content-Location": url}


def _part(service: str, record: InstanceRecord, syntax: str) -> Part:
    content_type, headers = _named(service, record, syntax)
    return Part(content_type, _in(syntax, record), headers)


def _in(syntax: str, record: InstanceRecord) -> Iterator[bytes]:
    if syntax == record.transfer_syntax_uid:
        yield from stored_bytes(record)
        return
    yield from explicit(record)


def _begun(body: Iterator[bytes]) -> Iterator[bytes]:
    """The body with its first bytes made already: a first instance that can't be changed is an answer of its own.

    A later one can only break the transfer off, which the client sees; a silent gap it would not.
    """
    head = [next(body), next(body, b"")]
    return chain(head, body)
