"""Instances that come as metadata and bulk data (PS3.18 section 10.5.2): put together once the body has ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import structlog

from access_control.model import Actor
from dicomweb.errors import BrokenMultipart
from dicomweb.http.accept import parse_media_type
from dicomweb.stow.bulk import EXPLICIT_LITTLE, BulkPart, BulkParts, encapsulated, transfer_syntax_of
from dicomweb.stow.elements import Encoder
from dicomweb.stow.intake import MOST_PARTS, Gathered, Stores, outcome_of
from dicomweb.stow.multipart_reader import MultipartReader, PartBegun, PartData, PartEnded, Told
from dicomweb.stow.native_xml import read_native
from dicomweb.stow.reception import FileReception
from dicomweb.stow.results import Result, not_dicom, refused
from pacs_node.archive.staging import STAGED
from pacs_node.errors import InstanceTooLarge, MissingIdentifier, NotDicom
from pacs_node.ingest.part10 import header_bytes
from shared_kernel.errors import DokueiError

DICOM_XML = "application/dicom+xml"
MOST_METADATA = 32 * 2**20
"""Bytes of all metadata of a request: they are read in memory."""
_SOP_CLASS, _SOP_INSTANCE, _PIXEL_DATA = "00080016", "00080018", "7FE00010"

log = structlog.get_logger(__name__)


class DescribedIntake:
    """The parts of one request whose root is metadata; used by one task, stores nothing before the body is whole."""

    def __init__(self, stores: Stores, sender: Actor, study_uid: str | None, media_type: str) -> None:
        self._stores = stores
        self._sender = sender
        self._study_uid = study_uid
        self._media_type = media_type
        self._bulk = BulkParts(stores.ingest)
        self._gathered = Gathered()
        self._part: BulkPart | bytearray | None = None
        self._instances: list[dict[str, Any] | Exception] = []
        self._metadata_bytes = 0
        self._parts = 0
        self._results: list[Result] = []

    async def take_multipart(self, chunks: AsyncIterator[bytes], boundary: str) -> None:
        """Read the body to its end and store what it describes. Raises what reading and spooling raise."""
        reader = MultipartReader(boundary)
        async for chunk in chunks:
            for told in reader.feed(chunk):
                await self._take(told)
        reader.close()
        for instance in self._instances:
            await self._stores.room.take()
            self._results.append(await self._on_thread(self._store, instance))
        unused = self._bulk.parts.keys() - self._bulk.used
        self._results += [not_dicom("bulk data that no metadata names") for _ in unused]

    async def results(self) -> list[Result]:
        """What became of each instance, in the order of the metadata; then parts that belong to none."""
        return self._results

    async def abandon(self) -> None:
        """Leave no file of bulk data."""
        await self._on_thread(self._bulk.discard)

    async def _on_thread(self, work: Any, *arguments: Any, **named: Any) -> Any:
        return await outcome_of(self._stores.pool.submit(work, *arguments, **named))

    async def _take(self, told: Told) -> None:
        match told:
            case PartBegun(headers):
                self._begin(headers)
            case PartData(data) if isinstance(self._part, bytearray):
                self._metadata_bytes += len(data)
                if self._metadata_bytes > MOST_METADATA:
                    raise BrokenMultipart(reason=f"more than {MOST_METADATA} bytes of metadata")
                self._part += data
            case PartData(data) if self._part is not None:
                self._gathered.add(data)
                if self._gathered.size > self._stores.max_instance:
                    raise InstanceTooLarge(limit_bytes=self._stores.max_instance)
                if self._gathered.held >= STAGED:
                    await self._on_thread(self._bulk.write, self._part, self._gathered.take(), last=False)
            case PartEnded() if isinstance(self._part, bytearray):
                part, self._part = self._part, None
                self._instances += await self._on_thread(_read, bytes(part), self._media_type)
            case PartEnded() if self._part is not None:
                part_of_bulk, self._part = self._part, None
                await self._on_thread(self._bulk.write, part_of_bulk, self._gathered.take(), last=True)

    def _begin(self, headers: dict[str, str]) -> None:
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise BrokenMultipart(reason=f"more than {MOST_PARTS} parts")
        content_type, location = headers.get("content-type", ""), headers.get("content-location", "")
        parsed = parse_media_type(content_type)
        syntax = transfer_syntax_of(content_type)
        if parsed is not None and parsed[0] == self._media_type:
            self._part = bytearray()
        elif location and syntax is not None:
            self._gathered = Gathered()
            self._part = self._bulk.begin(location, syntax)
        else:
            self._results.append(not_dicom(content_type))

    def _store(self, instance: dict[str, Any] | Exception) -> Result:
        """On a worker thread."""
        if isinstance(instance, Exception):
            self._stores.room.give()
            return refused(instance)
        reception = FileReception(self._stores.ingest, self._sender, self._study_uid)
        named = ("", "")
        try:
            named = (_uid(instance, _SOP_CLASS), _uid(instance, _SOP_INSTANCE))
            self._write(reception, instance, *named)
            return reception.store()
        except DokueiError as error:
            return refused(error, *named)
        except Exception as error:
            log.exception("stow.store_failed", sop_instance_uid=named[1])
            return refused(error, *named)
        finally:
            reception.discard()
            self._stores.room.give()

    def _write(self, reception: FileReception, instance: dict[str, Any], class_uid: str, instance_uid: str) -> None:
        for uid, keyword in ((class_uid, "SOPClassUID"), (instance_uid, "SOPInstanceUID")):
            if not uid:
                raise MissingIdentifier(keyword=keyword)
        syntax, pixels = self._pixels(instance)
        pieces = Encoder(self._bulk.find, pixels).encode(instance)
        waiting = bytearray(header_bytes(syntax, class_uid, instance_uid))
        size = 0
        for piece in pieces:
            for chunk in piece.chunks() if isinstance(piece, BulkPart) else (piece,):
                assert isinstance(chunk, bytes)  # noqa: S101  # the encoder gives what it makes and what `find` gave
                waiting += chunk
                size += len(chunk)
                if size > self._stores.max_instance:
                    raise InstanceTooLarge(limit_bytes=self._stores.max_instance)
                if len(waiting) >= STAGED:
                    reception.write([waiting])
                    waiting = bytearray()
        reception.write([waiting])

    def _pixels(self, instance: dict[str, Any]) -> tuple[str, tuple[object, ...] | None]:
        """The transfer syntax, and the encapsulated frames where it is a compressed one."""
        element = instance.get(_PIXEL_DATA)
        uri = element.get("BulkDataURI") if isinstance(element, dict) else None
        frames = self._bulk.frames(uri) if isinstance(uri, str) else []
        if not frames:
            return EXPLICIT_LITTLE, None
        self._bulk.used.add(str(uri))
        rows, columns = _whole(instance, "00280010"), _whole(instance, "00280011")
        if rows is None or columns is None:
            raise NotDicom(found="compressed pixels without Rows and Columns")
        return frames[0].transfer_syntax_uid, encapsulated(frames, _whole(instance, "00280008") or 1, (rows, columns))


def _read(content: bytes, media_type: str) -> list[dict[str, Any] | Exception]:
    """The instances of a metadata part: an array in JSON, one in XML. Raises BrokenMultipart for what is no JSON."""
    if media_type == DICOM_XML:
        try:
            return [_upper(read_native(content))]
        except NotDicom as error:
            return [error]
    try:
        told = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BrokenMultipart(reason=f"the metadata is no JSON: {str(error)[:80]}") from error
    instances = told if isinstance(told, list) else [told]
    if len(instances) > MOST_PARTS:
        raise BrokenMultipart(reason=f"more than {MOST_PARTS} instances")
    no_object = NotDicom(found="metadata that is no object")
    return [_upper(each) if isinstance(each, dict) else no_object for each in instances]


def _upper(instance: dict[str, Any]) -> dict[str, Any]:
    """Tags as the standard writes them; small letters are understood."""
    return {key.upper(): value for key, value in instance.items()}


def _first(instance: dict[str, Any], tag: str) -> Any:
    element = instance.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return values[0] if isinstance(values, list) and values else None


def _uid(instance: dict[str, Any], tag: str) -> str:
    value = _first(instance, tag)
    return value.strip(" \0")[:64] if isinstance(value, str) else ""


def _whole(instance: dict[str, Any], tag: str) -> int | None:
    value = _first(instance, tag)
    try:
        return int(value) if isinstance(value, int | str) else None
    except ValueError:
        return None
