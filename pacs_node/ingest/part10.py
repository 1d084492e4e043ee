"""The DICOM File Format (PS3.10 section 7): preamble, prefix, file meta information, then the data set."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO, Protocol

from pacs_node.errors import NotDicom

PREAMBLE = bytes(128)
_PREFIX = b"DICM"
_START = len(PREAMBLE) + len(_PREFIX)
# PS3.5 annex B.2: a UUID of ours, which says who wrote the file meta.
IMPLEMENTATION_CLASS_UID = "2.25.192276465092718543290768512339014372906"
IMPLEMENTATION_VERSION_NAME = "DOKUEI_0"
_MEDIA_STORAGE_SOP_CLASS = 0x00020002
_MEDIA_STORAGE_SOP_INSTANCE = 0x00020003
_TRANSFER_SYNTAX = 0x00020010
_LONG_VRS = {b"OB", b"UN", b"UT", b"OW", b"SQ"}
# Goes into headers of HTTP as it is, so nothing but what PS3.5 section 9.1 allows.
_UID = re.compile(r"[0-9.]{1,64}")
_LONGEST_META = 1 * 2**20


class _Out(Protocol):
    def write(self, data: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMeta:
    """What the file meta information says; a UID that it lacks is empty."""

    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    dataset_offset: int
    """Where the data set begins, in bytes from the start of the file."""


def write_header(
    out: _Out, *, transfer_syntax_uid: str, sop_class_uid: str, sop_instance_uid: str, source_ae_title: str = ""
) -> int:
    """Write preamble, prefix and file meta information for a data set that follows; returns their length in bytes."""
    header = header_bytes(transfer_syntax_uid, sop_class_uid, sop_instance_uid, source_ae_title)
    out.write(header)
    return len(header)


def header_bytes(
    transfer_syntax_uid: str, sop_class_uid: str, sop_instance_uid: str, source_ae_title: str = ""
) -> bytes:
    """Preamble, prefix and file meta information for a data set that follows."""
    before, after = _around_instance(transfer_syntax_uid, sop_class_uid, source_ae_title)
    instance = _explicit(0x0003, b"UI", _even(sop_instance_uid, b"\0"))
    length = struct.pack("<I", len(before) + len(instance) + len(after))
    return b"".join((PREAMBLE, _PREFIX, _explicit(0x0000, b"UL", length), before, instance, after))


@lru_cache(maxsize=1024)
def _around_instance(transfer_syntax_uid: str, sop_class_uid: str, source_ae_title: str) -> tuple[bytes, bytes]:
    """The elements before and behind MediaStorageSOPInstanceUID, the same for a whole series."""
    before = _explicit(0x0001, b"OB", b"\x00\x01") + _explicit(0x0002, b"UI", _even(sop_class_uid, b"\0"))
    after = (
        _explicit(0x0010, b"UI", _even(transfer_syntax_uid, b"\0")),
        _explicit(0x0012, b"UI", _even(IMPLEMENTATION_CLASS_UID, b"\0")),
        _explicit(0x0013, b"SH", _even(IMPLEMENTATION_VERSION_NAME, b" ")),
        _explicit(0x0016, b"AE", _even(source_ae_title, b" ")) if source_ae_title else b"",
    )
    return before, b"".join(after)


def read_header(file: BinaryIO) -> FileMeta:
    """Read the file meta information from the start of a Part 10 file.

    The elements themselves say where it ends, a wrong or missing group length does no harm.
    Raises NotDicom, also when the transfer syntax is missing or no UID: then nobody could read the rest.
    """
    file.seek(0)
    start = file.read(_START)
    if start[len(PREAMBLE) :] != _PREFIX:
        raise NotDicom(found="no DICM prefix")
    found: dict[int, str] = {}
    while True:
        offset = file.tell()
        head = file.read(8)
        if head[:2] != b"\x02\x00":
            break
        tag, vr, length = _head(file, head)
        if offset + length > _LONGEST_META:
            raise NotDicom(found="file meta information of unlikely length")
        value = file.read(length)
        if len(value) < length:
            raise NotDicom(found="the file ends inside its file meta information")
        if vr == b"UI":
            found[tag] = value.decode("ascii", "replace").strip("\0 ")
    transfer_syntax_uid = found.get(_TRANSFER_SYNTAX, "")
    if not _UID.fullmatch(transfer_syntax_uid):
        raise NotDicom(found="a transfer syntax that is no UID" if transfer_syntax_uid else "no transfer syntax")
    return FileMeta(
        transfer_syntax_uid=transfer_syntax_uid,
        sop_class_uid=found.get(_MEDIA_STORAGE_SOP_CLASS, ""),
        sop_instance_uid=found.get(_MEDIA_STORAGE_SOP_INSTANCE, ""),
        dataset_offset=offset,
    )


def _head(file: BinaryIO, head: bytes) -> tuple[int, bytes, int]:
    if len(head) < 8:  # noqa: PLR2004 - tag, VR and a short length
        raise NotDicom(found="the file ends inside its file meta information")
    group, element = struct.unpack("<HH", head[:4])
    vr = head[4:6]
    if vr not in _LONG_VRS:
        return group << 16 | element, vr, struct.unpack("<H", head[6:])[0]
    long = file.read(4)
    if len(long) < 4:  # noqa: PLR2004
        raise NotDicom(found="the file ends inside its file meta information")
    return group << 16 | element, vr, struct.unpack("<I", long)[0]


def _explicit(element: int, vr: bytes, value: bytes) -> bytes:
    head = struct.pack("<HH", 0x0002, element) + vr
    if vr == b"OB":
        return head + b"\0\0" + struct.pack("<I", len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def _even(text: str, padding: bytes) -> bytes:
    value = text.encode("ascii", "replace")
    return value + padding * (len(value) % 2)
