"""Retrieve study, series and instance (PS3.18 section 10.4.1.1)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from pydicom.uid import ExplicitVRLittleEndian
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from access_control.model import Actor
from dicomweb.access import Door
from dicomweb.errors import NotAcceptable
from dicomweb.http.accept import MediaRange, choose
from dicomweb.http.cache import etag, not_modified, text_headers
from dicomweb.http.multipart_writer import MultipartWriter, Part
from dicomweb.http.requests import accepted, service_url
from dicomweb.wado.transcode import can_be_explicit, explicit, stored_bytes
from pacs_node.model import InstanceRecord

_DICOM = "application/dicom"
STORED, EXPLICIT, EITHER = "stored", "explicit", "either"


class InstancesHandler:
    """Whole instances as multipart/related, one after another from the disk; never more than one in memory."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def __call__(self, request: Request, actor: Actor) -> Response:
        """Every instance as stored where the client accepts that, else in Explicit VR Little Endian.

        Raises NotAcceptable before the first byte when an instance can't be given in that form.
        """
        records = self._door.asked(request, actor)
        form = choose(accepted(request), lambda accept: _form(accept, records))
        if form is None:
            raise NotAcceptable(offered=offered(records))
        headers = text_headers(etag(records, "instances", form))
        kept = not_modified(request, headers)
        if kept is not None:
            return kept
        service = service_url(request)
        parts = (_part(service, record, _form_of(form, record)) for record in records)
        writer = MultipartWriter(_DICOM)
        return StreamingResponse(_begun(writer.body(parts)), media_type=writer.content_type, headers=headers)


def offered(records: list[InstanceRecord]) -> list[str]:
    """The media types that these instances are to be had in."""
    syntaxes = sorted({record.transfer_syntax_uid for record in records})
    if all(can_be_explicit(record) for record in records):
        syntaxes = sorted({*syntaxes, str(ExplicitVRLittleEndian)})
    exact = syntaxes if len({record.transfer_syntax_uid for record in records}) == 1 else []
    return [f'multipart/related; type="{_DICOM}"; transfer-syntax={syntax}' for syntax in (*exact, "*")]


def _form(accept: MediaRange, records: list[InstanceRecord]) -> str | None:
    """Which form satisfies a range; the default transfer syntax is Explicit VR Little Endian (section 8.7.3.5.2)."""
    if accept.is_anything:
        return EITHER
    if not (accept.multipart and accept.matches(_DICOM)):
        return None
    wanted = accept.transfer_syntax
    if wanted == "*" or (wanted and all(record.transfer_syntax_uid == wanted for record in records)):
        return STORED
    if wanted in (None, ExplicitVRLittleEndian) and all(can_be_explicit(record) for record in records):
        return EXPLICIT
    return None


def _form_of(form: str, record: InstanceRecord) -> str:
    if form == EITHER:
        return EXPLICIT if can_be_explicit(record) else STORED
    return form


def _part(service: str, record: InstanceRecord, form: str) -> Part:
    url = f"{service}/studies/{record.study_uid}/series/{record.series_uid}/instances/{record.sop_instance_uid}"
    syntax = record.transfer_syntax_uid if form == STORED else ExplicitVRLittleEndian
    pieces = stored_bytes(record) if form == STORED else explicit(record)
    return Part(f"{_DICOM}; transfer-syntax={syntax}", pieces, {"Content-Location": url})


def _begun(body: Iterator[bytes]) -> Iterator[bytes]:
    """The body with its first bytes made already: a first instance that can't be changed is an answer of its own.

    A later one can only break the transfer off, which the client sees; a silent gap it would not.
    """
    head = [next(body), next(body, b"")]
    return chain(head, body)
