"""One attribute of DICOM JSON from a DICOM keyword and Python values."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR, tag_for_keyword

from dicomweb.dicom_json.values import json_value, values_of


@cache
def tag_and_vr(keyword: str) -> tuple[str, str]:
    """The tag as eight hexadecimal digits and the VR of a keyword. Raises KeyError for one that DICOM lacks."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise KeyError(keyword)
    return f"{tag:08X}", dictionary_VR(tag).split(" ", maxsplit=1)[0]


def attribute(keyword: str, value: Any) -> dict[str, Any]:
    """`{"GGGGEEEE": {"vr": …, "Value": […]}}`; without `Value` where there is none (PS3.18 section F.2.5).

    The items of a sequence are DICOM JSON already.
    """
    tag, vr = tag_and_vr(keyword)
    values = values_of(value) if vr == "SQ" else [json_value(vr, item) for item in values_of(value)]
    if all(item is None for item in values):
        return {tag: {"vr": vr}}
    return {tag: {"vr": vr, "Value": values}}
