"""From DICOM JSON (PS3.18 annex F) to the bytes of a data set in Explicit VR Little Endian (PS3.5 annex A.2).

Strict: what is not exactly understood is refused, so that nothing is stored that the sender did not mean.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

from pydicom.valuerep import format_number_as_ds

from pacs_node.errors import NotDicom

MOST_ELEMENTS = 200_000
MOST_DEPTH = 32
UTF_8 = {"vr": "CS", "Value": ["ISO_IR 192"]}

_CHARACTER_SET, _PIXEL_DATA = "00080005", "7FE00010"
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
_SHORT_WORDS = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UI"})
_SHORT = _SHORT_WORDS | {"AT", "FL", "FD", "SL", "SS", "UL", "US"}
_WORDS = _SHORT_WORDS | {"UC", "UR", "UT"}
_SINGLE = frozenset({"LT", "ST", "UR", "UT"})
_NUMBERS = {"FL": "<f", "FD": "<d", "SL": "<i", "SS": "<h", "SV": "<q", "UL": "<I", "US": "<H", "UV": "<Q"}
_BYTES = {"OB": 1, "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2, "UN": 1}
_LARGEST_SHORT, _LARGEST_LONG = 0xFFFE, 0xFFFFFFFE
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_UNDEFINED = b"\xff\xff\xff\xff"
_ITEM, _ITEM_END, _SEQUENCE_END = (struct.pack("<HH", 0xFFFE, each) for each in (0xE000, 0xE00D, 0xE0DD))

Bulk = Callable[[str], "tuple[object, int] | None"]
"""Finds what a BulkDataURI stands for: whatever the caller wants to write there, and its length in bytes."""


class Encoder:
    """One data set; `bulk` finds the bytes of a BulkDataURI, `pixels` takes the place of Pixel Data where given."""

    def __init__(self, bulk: Bulk, pixels: tuple[object, ...] | None = None) -> None:
        self._bulk = bulk
        self._pixels = pixels
        self._elements = 0

    def encode(self, dataset: dict[str, Any]) -> list[object]:
        """What to write one behind the other: bytes, and what `bulk` has given. Raises NotDicom."""
        if not _ascii_only(dataset):
            dataset = {**dataset, _CHARACTER_SET: UTF_8}
        return list(self._dataset(dataset, 1))

    def _dataset(self, dataset: Any, depth: int) -> Iterator[object]:
        if not isinstance(dataset, dict) or depth > MOST_DEPTH:
            raise NotDicom(found="an item that is no object" if depth <= MOST_DEPTH else "sequences that go too deep")
        for key in sorted(dataset, key=str.upper):
            if not _TAG.fullmatch(key):
                raise NotDicom(found=f"a tag that is none: {key[:40]}")
            group, number = int(key[:4], 16), int(key[4:], 16)
            # Group lengths say nothing, and file meta information is made anew.
            if number == 0 or group <= 0x0002:  # noqa: PLR2004
                continue
            self._elements += 1
            if self._elements > MOST_ELEMENTS:
                raise NotDicom(found=f"more than {MOST_ELEMENTS} elements")
            yield from self._element(key.upper(), struct.pack("<HH", group, number), dataset[key], depth)

    def _element(self, key: str, tag: bytes, element: Any, depth: int) -> Iterator[object]:
        vr = element.get("vr") if isinstance(element, dict) else None
        given = [each for each in ("Value", "InlineBinary", "BulkDataURI") if each in (element or ())]
        if not isinstance(vr, str) or (vr not in _WORDS | _NUMBERS.keys() | _BYTES.keys() | {"AT", "SQ"}):
            raise NotDicom(found=f"{key} without a VR that is one")
        if len(given) > 1:
            raise NotDicom(found=f"{key} with more than one of Value, InlineBinary and BulkDataURI")
        content = element[given[0]] if given else None
        if key == _PIXEL_DATA and depth == 1 and self._pixels is not None:
            yield from (tag + b"OB\0\0" + _UNDEFINED, *self._pixels, _SEQUENCE_END + bytes(4))
        elif vr == "SQ":
            yield from self._sequence(key, tag, content, given, depth)
        elif given == ["BulkDataURI"]:
            yield from self._bulk_data(key, tag, vr, content)
        elif given == ["InlineBinary"]:
            yield _whole(key, tag, vr, _binary(key, vr, content))
        elif vr in _BYTES and given and content:
            raise NotDicom(found=f"{key} of VR {vr} with Value")
        else:
            yield _whole(key, tag, vr, _value(key, vr, content))

    def _sequence(self, key: str, tag: bytes, items: Any, given: list[str], depth: int) -> Iterator[object]:
        if given not in ([], ["Value"]) or not isinstance(items, list | None):
            raise NotDicom(found=f"{key}: a sequence that is no list of items")
        yield tag + b"SQ\0\0" + _UNDEFINED
        for item in items or []:
            yield _ITEM + _UNDEFINED
            yield from self._dataset(item if item is not None else {}, depth + 1)
            yield _ITEM_END + bytes(4)
        yield _SEQUENCE_END + bytes(4)

    def _bulk_data(self, key: str, tag: bytes, vr: str, uri: Any) -> Iterator[object]:
        found = self._bulk(uri) if isinstance(uri, str) else None
        if found is None:
            raise NotDicom(found=f"{key}: no part has its BulkDataURI as Content-Location")
        content, length = found
        if length % (_BYTES.get(vr) or struct.calcsize(_NUMBERS.get(vr, "<b"))) and vr != "OB":
            raise NotDicom(found=f"{key}: {length} bytes are no values of VR {vr}")
        yield _head(key, tag, vr, length + length % 2)
        yield content
        if length % 2:
            yield b" " if vr in _WORDS and vr != "UI" else b"\0"


def _whole(key: str, tag: bytes, vr: str, value: bytes) -> bytes:
    if len(value) % 2:
        value += b" " if vr in _WORDS and vr != "UI" else b"\0"
    return _head(key, tag, vr, len(value)) + value


def _head(key: str, tag: bytes, vr: str, length: int) -> bytes:
    if length > (_LARGEST_SHORT if vr in _SHORT else _LARGEST_LONG):
        raise NotDicom(found=f"{key} is too long for its VR")
    return tag + vr.encode("ascii") + (struct.pack("<H", length) if vr in _SHORT else struct.pack("<HI", 0, length))


def _binary(key: str, vr: str, text: Any) -> bytes:
    try:
        value = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError, AttributeError) as error:
        raise NotDicom(found=f"{key}: InlineBinary is no base64") from error
    if vr not in _BYTES or len(value) % _BYTES[vr]:
        raise NotDicom(found=f"{key}: InlineBinary does not fit VR {vr}")
    return value


def _value(key: str, vr: str, values: Any) -> bytes:
    if values is None:
        return b""
    if not isinstance(values, list) or (vr in _SINGLE and len(values) > 1):
        raise NotDicom(found=f"{key}: Value is not as VR {vr} wants it")
    try:
        if vr == "AT":
            return b"".join(_tag_value(each) for each in values)
        if vr in _NUMBERS:
            return b"".join(_number(vr, each) for each in values)
        texts = [_text(vr, each) for each in values]
    except (ValueError, TypeError, OverflowError, struct.error) as error:
        raise NotDicom(found=f"{key}: a value that is none of VR {vr}") from error
    return "\\".join(texts).encode()


def _tag_value(value: str) -> bytes:
    if not _TAG.fullmatch(value):
        raise ValueError(value)
    return struct.pack("<HH", int(value[:4], 16), int(value[4:], 16))


def _number(vr: str, value: Any) -> bytes:
    if isinstance(value, bool) or value is None:
        raise ValueError(value)
    if vr in {"FL", "FD"}:
        return struct.pack(_NUMBERS[vr], float(value))
    whole = int(value)
    if whole != (int(value) if isinstance(value, str) else value):
        raise ValueError(value)
    return struct.pack(_NUMBERS[vr], whole)


def _text(vr: str, value: Any) -> str:
    if value is None:
        return ""
    if vr == "PN":
        return _name(value)
    if vr in {"IS", "DS"} and isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):  # noqa: PLR2004 - 16 characters
            return str(int(value))
        if vr == "IS" or not math.isfinite(value):
            raise ValueError(value)
        return format_number_as_ds(value)
    if not isinstance(value, str) or (vr not in _SINGLE and "\\" in value) or "\0" in value:
        raise ValueError(value)
    return value


def _name(value: Any) -> str:
    if not isinstance(value, dict) or not value.keys() <= set(_GROUPS):
        raise ValueError(value)
    groups = [value.get(group) or "" for group in _GROUPS]
    if not all(isinstance(group, str) and not {"\\", "=", "\0"} & set(group) for group in groups):
        raise ValueError(value)
    return "=".join(groups).rstrip("=")


def _ascii_only(value: Any) -> bool:
    """Whether neither a value nor a declaration of a character set asks for one; JSON and XML come in Unicode."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str) and not one.isascii():
            return False
        if isinstance(one, dict):
            if one.get(_CHARACTER_SET):
                return False
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return True
