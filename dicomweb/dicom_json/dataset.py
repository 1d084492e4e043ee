"""A whole data set as DICOM JSON."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicomweb.dicom_json.values import json_value, values_of

LARGEST_INLINE = 1024
"""Binary values over this many bytes are told as a BulkDataURI."""

_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_WORD_BYTES = {"OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2}
_LARGEST_CONTROL_GROUP = 2

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DatasetWriter:
    """Turns data sets into DICOM JSON (PS3.18 section F.2.1), without group lengths and file meta information.

    `bulk_data` makes the URI of an element's bytes from its path: `7FE00010`, or `54000100/1/54001010`
    for the element of an item. `stored_little_endian` says how the binary values are stored.
    """

    bulk_data: Callable[[str], str]
    stored_little_endian: bool = True

    def write(self, dataset: Dataset, above: str = "") -> dict[str, Any]:
        """The data set; an element that can't be read stands there without a value, the rest is not lost with it."""
        answer: dict[str, Any] = {}
        # The raw elements: asking the data set itself would read values that were left in the file.
        for tag, raw in sorted(dataset.items()):
            if tag.element == 0 or tag.group <= _LARGEST_CONTROL_GROUP:
                continue
            key = f"{tag:08X}"
            try:
                answer[key] = self._element(dataset, tag, raw, f"{above}{key}")
            except Exception as error:  # whatever pydicom meets in a broken value
                log.warning("metadata.unreadable_element", tag=key, error=repr(error)[:200])
                answer[key] = _as_it_stands(raw)
        return answer

    def _element(self, dataset: Dataset, tag: BaseTag, raw: DataElement | RawDataElement, path: str) -> dict[str, Any]:
        if isinstance(raw, RawDataElement) and raw.value is None and raw.length and _vr(raw) in _BINARY:
            return {"vr": _vr(raw), "BulkDataURI": self.bulk_data(path)}
        element = dataset[tag]
        vr = _concrete(element.VR)
        if vr == "SQ":
            items = [self.write(item, f"{path}/{number}/") for number, item in enumerate(element.value or [], start=1)]
            return {"vr": vr, "Value": items} if items else {"vr": vr}
        if vr in _BINARY:
            return self._binary(vr, element.value, path)
        values = [json_value(vr, value) for value in values_of(element.value)]
        if all(value is None for value in values):
            return {"vr": vr}
        return {"vr": vr, "Value": values}

    def _binary(self, vr: str, value: Any, path: str) -> dict[str, Any]:
        if not value:
            return {"vr": vr}
        data = bytes(value) if isinstance(value, bytes | bytearray) else b"".join(values_of(value))
        if len(data) > LARGEST_INLINE:
            return {"vr": vr, "BulkDataURI": self.bulk_data(path)}
        swapped = little_endian(data, vr, stored_little_endian=self.stored_little_endian)
        return {"vr": vr, "InlineBinary": base64.b64encode(swapped).decode("ascii")}


def little_endian(value: bytes, vr: str, *, stored_little_endian: bool) -> bytes:
    """Bytes of a binary VR in the byte order that the web uses (PS3.18 section F.2.7)."""
    width = _WORD_BYTES.get(vr, 1)
    if stored_little_endian or width == 1 or len(value) % width:
        return value
    return np.frombuffer(value, f">u{width}").astype(f"<u{width}").tobytes()


def _as_it_stands(raw: DataElement | RawDataElement) -> dict[str, Any]:
    """A number that is none, as the text that it is (IS and DS may be strings, section F.2.3.1); else no value."""
    vr = _vr(raw)
    if vr in {"IS", "DS"} and isinstance(raw.value, bytes):
        texts = [text.strip(" \0") for text in raw.value.decode("ascii", "replace").split("\\")]
        return {"vr": vr, "Value": [text or None for text in texts]}
    return {"vr": vr}


def _concrete(vr: str | None) -> str:
    """Pydicom leaves `US or SS` where it could not decide; a web client wants one of them."""
    return "UN" if not vr else str(vr).split(" ", maxsplit=1)[0]


def _vr(element: DataElement | RawDataElement) -> str:
    if element.VR:
        return _concrete(element.VR)
    try:
        return _concrete(dictionary_VR(element.tag))
    except KeyError:
        return "UN"
