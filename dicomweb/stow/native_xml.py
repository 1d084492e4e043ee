"""The Native DICOM Model (PS3.19 annex A.1) to DICOM JSON, and the answer of a store request the other way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, XMLParser, tostring

from pydicom.datadict import keyword_for_tag

from dicomweb.stow.elements import MOST_DEPTH
from pacs_node.errors import NotDicom

_NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_NUMBERS = frozenset({"FL", "FD", "SL", "SS", "UL", "US"})


class _NoDoctype(TreeBuilder):
    """A tree without a document type: entities could unfold to any size, or name files."""

    def doctype(self, _name: str, _public: str | None, _system: str | None) -> None:
        raise NotDicom(found="XML with a document type")


def read_native(content: bytes) -> dict[str, Any]:
    """One data set. Raises NotDicom for what is no Native DICOM Model."""
    parser = XMLParser(target=_NoDoctype())  # noqa: S314 - it takes no document type, so it knows no entities
    try:
        parser.feed(content)
        root = parser.close()
    except (ParseError, ValueError, LookupError) as error:
        raise NotDicom(found=f"no XML: {str(error)[:80]}") from error
    if _local(root) != "NativeDicomModel":
        raise NotDicom(found="XML that is no NativeDicomModel")
    return _dataset(root, 1)


def _dataset(parent: Element, depth: int) -> dict[str, Any]:
    if depth > MOST_DEPTH:
        raise NotDicom(found="sequences that go too deep")
    dataset: dict[str, Any] = {}
    for attribute in parent:
        tag, vr = attribute.get("tag", "").upper(), attribute.get("vr", "")
        if _local(attribute) != "DicomAttribute" or tag in dataset:
            raise NotDicom(found=f"an element that is no attribute, or one that is there twice: {tag[:8]}")
        dataset[tag] = {"vr": vr} | _content(attribute, tag, vr, depth)
    return dataset


def _content(attribute: Element, tag: str, vr: str, depth: int) -> dict[str, Any]:
    children = list(attribute)
    kinds = {_local(child) for child in children}
    if not kinds:
        return {}
    if len(kinds) > 1:
        raise NotDicom(found=f"{tag} with content of several kinds")
    (kind,) = kinds
    if kind in {"InlineBinary", "BulkData"} and len(children) == 1:
        if kind == "InlineBinary":
            return {"InlineBinary": children[0].text or ""}
        return {"BulkDataURI": children[0].get("uri", children[0].get("uuid", ""))}
    readers: dict[str, Callable[[Element], Any]] = {
        "Value": lambda child: _value(tag, vr, child),
        "PersonName": _name,
        "Item": lambda child: _dataset(child, depth + 1),
    }
    read = readers.get(kind)
    if read is None:
        raise NotDicom(found=f"{tag} with {kind[:40]}")
    try:
        numbered = {int(child.get("number", "")): child for child in children}
    except ValueError as error:
        raise NotDicom(found=f"{tag} with a {kind} without a number") from error
    count = max(numbered)
    if min(numbered) < 1 or len(numbered) != len(children) or count > 2 * len(children) + 100:
        raise NotDicom(found=f"{tag} with numbers that do not count its {kind}s")
    return {"Value": [read(numbered[place]) if place in numbered else None for place in range(1, count + 1)]}


def _value(tag: str, vr: str, child: Element) -> Any:
    text = child.text or ""
    if vr not in _NUMBERS:
        return text or None
    try:
        return float(text) if vr in {"FL", "FD"} else int(text)
    except ValueError as error:
        raise NotDicom(found=f"{tag}: a value that is none of VR {vr}") from error


def _name(child: Element) -> dict[str, str]:
    groups: dict[str, str] = {}
    for group in child:
        parts = {_local(part): part.text or "" for part in group}
        if _local(group) not in _GROUPS or not parts.keys() <= set(_PARTS):
            raise NotDicom(found="a PersonName with other parts than names have")
        groups[_local(group)] = "^".join(parts.get(part, "") for part in _PARTS).rstrip("^")
    return groups


def write_native(dataset: dict[str, Any]) -> bytes:
    """DICOM JSON of texts, numbers and sequences, which is all that answers to store requests hold, as XML."""
    root = Element("NativeDicomModel", {"xmlns": _NAMESPACE, "xml:space": "preserve"})
    _write(root, dataset)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _write(parent: Element, dataset: dict[str, Any]) -> None:
    for tag, element in dataset.items():
        names = {"tag": tag, "vr": element["vr"]}
        if keyword := keyword_for_tag(int(tag, 16)):
            names["keyword"] = keyword
        attribute = SubElement(parent, "DicomAttribute", names)
        for number, value in enumerate(element.get("Value", []), start=1):
            child = SubElement(attribute, "Item" if element["vr"] == "SQ" else "Value", {"number": str(number)})
            if element["vr"] == "SQ":
                _write(child, value)
            else:
                child.text = str(value)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]
