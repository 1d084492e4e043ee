"""DICOM JSON of one stored instance, without its bulk data."""

from __future__ import annotations

import zlib

import msgspec
import structlog

from dicomweb.dicom_json.attributes import attribute
from dicomweb.dicom_json.dataset import DatasetWriter
from dicomweb.errors import BrokenPixelData
from dicomweb.http.cache import BoundedCache
from dicomweb.pixels.stored_file import look_into
from pacs_node.model import InstanceRecord

_KEPT_BYTES = 32 * 2**20
_FAST = 1
# Inside a string JSON writes a quotation mark with a backslash before it: these bytes are never a data set's own.
_KEY = b'"BulkDataURI":"'
_PATH = b"/studies/"

log = structlog.get_logger(__name__)


class InstanceJson:
    """Reads stored files; keeps in memory, compressed, what people asked for lately."""

    def __init__(self) -> None:
        self._kept: BoundedCache[bytes] = BoundedCache(_KEPT_BYTES, len)

    def of(self, record: InstanceRecord, *, keep: bool = True) -> tuple[bytes, bool]:
        """One JSON object, its BulkDataURIs beginning `/studies/`; and whether the file could be read.

        A damaged file must not hide its neighbours: it is told by its UIDs alone, and read again the next time.
        """
        kept = self._kept.get(record.path)
        if kept is not None:
            return zlib.decompress(kept), True
        made, readable = _made(record)
        if keep and readable:
            self._kept.put(record.path, zlib.compress(made, _FAST))
        return made, readable


def at_address(text: bytes, address: str, before: str = "") -> bytes:
    """JSON with its BulkDataURIs at a service's address such as `https://hub.example/dicomweb`, instead of `before`."""
    if address == before:
        return text
    return text.replace(_KEY + _written(before) + _PATH, _KEY + _written(address) + _PATH)


def _written(address: str) -> bytes:
    return msgspec.json.encode(address)[1:-1]


def _made(record: InstanceRecord) -> tuple[bytes, bool]:
    base = (
        f"{_PATH.decode()}{record.study_uid}/series/{record.series_uid}/instances/{record.sop_instance_uid}/bulkdata/"
    )
    try:
        # One that was cut off can often be read up to there, which is not all that it should say.
        readable = record.path.stat().st_size == record.size
        stored = look_into(record)
        writer = DatasetWriter(lambda path: base + path, stored.little_endian)
        answer = writer.write(stored.dataset)
        if stored.pixels is not None:
            answer[stored.pixels.tag] = {"vr": stored.pixels.vr, "BulkDataURI": base + stored.pixels.tag}
    except BrokenPixelData as error:
        log.warning("metadata.unreadable_file", sop_instance_uid=record.sop_instance_uid, reason=str(error))
        answer, readable = _identity(record), False
    # Which transfer syntax `transfer-syntax=*` will give; viewers choose their decoder by it.
    answer |= attribute("AvailableTransferSyntaxUID", record.transfer_syntax_uid)
    return msgspec.json.encode(dict(sorted(answer.items()))), readable


def _identity(record: InstanceRecord) -> dict[str, object]:
    return (
        attribute("SOPClassUID", record.sop_class_uid)
        | attribute("SOPInstanceUID", record.sop_instance_uid)
        | attribute("StudyInstanceUID", record.study_uid)
        | attribute("SeriesInstanceUID", record.series_uid)
    )
