"""DICOM JSON as the Native DICOM Model (PS3.19 annex A.1), which says the same in XML."""

from __future__ import annotations

import re
from functools import cache
from itertools import zip_longest
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from pydicom.datadict import keyword_for_tag

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">'
)
_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
# XML 1.0 section 2.2: these can't be written, not even as references.
_NO_CHARACTERS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CREATORS = range(0x10, 0x100)


def native_xml(dataset: dict[str, Any]) -> bytes:
    """One data set in UTF-8. What XML has no way to write, control characters, stands there as U+FFFD."""
    return "".join((_HEAD, *_attributes(dataset), "</NativeDicomModel>")).encode()


def _attributes(dataset: dict[str, Any]) -> list[str]:
    written = []
    for tag, element in dataset.items():
        content = "".join(_content(element))
        written.append(f"<DicomAttribute{_names(tag, element['vr'], dataset)}>{content}</DicomAttribute>")
    return written


def _names(tag: str, vr: str, dataset: dict[str, Any]) -> str:
    keyword = _keyword(tag)
    creator = _creator(tag, dataset)
    named = f' tag="{tag}" vr="{vr}"'
    if keyword:
        named += f' keyword="{keyword}"'
    return f"{named} privateCreator={quoteattr(_text(creator))}" if creator else named


@cache
def _keyword(tag: str) -> str:
    return keyword_for_tag(int(tag, 16))


def _creator(tag: str, dataset: dict[str, Any]) -> str:
    """Who a private element is of (PS3.5 section 7.8.1); empty for others, and where nobody says it."""
    group, block = int(tag[:4], 16), int(tag[4:6], 16)
    if group % 2 == 0 or block not in _CREATORS:
        return ""
    found = dataset.get(f"{tag[:4]}00{tag[4:6]}", {}).get("Value", [])
    return str(found[0]) if found else ""


def _content(element: dict[str, Any]) -> list[str]:
    if "BulkDataURI" in element:
        return [f"<BulkData uri={quoteattr(_text(element['BulkDataURI']))}/>"]
    if "InlineBinary" in element:
        return [f"<InlineBinary>{element['InlineBinary']}</InlineBinary>"]
    values = enumerate(element.get("Value", ()), start=1)
    if element["vr"] == "SQ":
        return [f'<Item number="{number}">{"".join(_attributes(item or {}))}</Item>' for number, item in values]
    # An empty value among others is the number that is left out.
    if element["vr"] == "PN":
        return [f'<PersonName number="{number}">{_name(name)}</PersonName>' for number, name in values if name]
    return [f'<Value number="{number}">{_value(value)}</Value>' for number, value in values if value is not None]


def _name(name: dict[str, str]) -> str:
    return "".join(f"<{group}>{_parts(text)}</{group}>" for group, text in name.items())


def _parts(text: str) -> str:
    # More parts than a name has are told with the last one, so that none is lost.
    parts = text.split("^", len(_PARTS) - 1)
    return "".join(
        f"<{part}>{escape(_text(value))}</{part}>" for part, value in zip_longest(_PARTS, parts, fillvalue="") if value
    )


def _value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - digits a float keeps
        return str(int(value))
    return escape(_text(str(value)))


def _text(text: str) -> str:
    return _NO_CHARACTERS.sub("\ufffd", text)
