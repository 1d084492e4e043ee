"""Proves that instances come in as metadata and bulk data, in JSON and XML, and that what does not fit is refused."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import httpx2
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.filebase import DicomBytesIO
from starlette.testclient import TestClient

from test_data.small import small_instance
from tests.dicomweb.stow.test_handler import failures, header
from tests.dicomweb.support import BOUNDARY, Hub

JSON, XML = "application/dicom+json", "application/dicom+xml"
Part = tuple[str, str, bytes]
"""Content-Type, Content-Location, content."""


def send(client: TestClient, *parts: Part, root: str = JSON) -> httpx2.Response:
    body = b""
    for content_type, location, content in parts:
        place = f"Content-Location: {location}\r\n" if location else ""
        body += f"--{BOUNDARY}\r\nContent-Type: {content_type}\r\n{place}\r\n".encode() + content + b"\r\n"
    headers = {"Content-Type": f'multipart/related; type="{root}"; boundary={BOUNDARY}'}
    return client.post("/dicomweb/studies", content=body + f"--{BOUNDARY}--\r\n".encode(), headers=headers)


def model(part10: bytes, **bulk: str) -> tuple[dict[str, Any], Dataset]:
    """The DICOM JSON of an instance by pydicom, Pixel Data told by a URI."""
    dataset = dcmread(DicomBytesIO(part10))
    told = dataset.to_json_dict(bulk_data_threshold=10**9, bulk_data_element_handler=lambda _: "")
    told["7FE00010"] = {"vr": "OW", "BulkDataURI": bulk.get("uri", "pixels/1")}
    return told, dataset


def in_xml(dataset: dict[str, Any], root: Element | None = None) -> bytes:
    """The Native DICOM Model, written apart from the product's own."""
    top = Element("NativeDicomModel") if root is None else root
    for tag, element in dataset.items():
        attribute = SubElement(top, "DicomAttribute", tag=tag, vr=element["vr"])
        for number, value in enumerate(element.get("Value", []), start=1):
            if element["vr"] == "SQ":
                in_xml(value, SubElement(attribute, "Item", number=str(number)))
            elif element["vr"] == "PN":
                name = SubElement(attribute, "PersonName", number=str(number))
                for group, text in value.items():
                    for part, word in zip(("FamilyName", "GivenName"), text.split("^"), strict=False):
                        place = name.find(group)
                        SubElement(SubElement(name, group) if place is None else place, part).text = word
            else:
                SubElement(attribute, "Value", number=str(number)).text = str(value)
        if "BulkDataURI" in element:
            SubElement(attribute, "BulkData", uri=element["BulkDataURI"])
    return tostring(top)


def stored(hub: Hub, uid: str) -> Dataset:
    (record,) = [each for each in hub.catalogue.instances(study_of(hub)) if each.sop_instance_uid == uid]
    return dcmread(record.path)


def study_of(hub: Hub) -> str:
    (study,) = hub.client("sender").get("/dicomweb/studies").json()
    uid: str = study["0020000D"]["Value"][0]
    return uid


@pytest.mark.parametrize("root", [JSON, XML])
def test_metadata_and_pixels_become_the_instance_that_they_describe(hub: Hub, sender: TestClient, root: str) -> None:
    told, dataset = model(small_instance(PatientName="YAMADA^TARO=山田^太郎=やまだ^たろう"))
    content = in_xml(told) if root == XML else json.dumps([told]).encode()
    parts = [(root, "", content), ("application/octet-stream", "pixels/1", dataset.PixelData)]
    answer = send(sender, *parts, root=root)
    assert answer.status_code == 200, answer.text
    found = stored(hub, dataset.SOPInstanceUID)
    assert found.PatientName == dataset.PatientName
    assert found.SpecificCharacterSet == "ISO_IR 192"
    for each in (found, dataset):
        del each.SpecificCharacterSet, each.PatientName
    assert found == dataset
    assert send(sender, *parts, root=root).json() == answer.json()  # once more changes nothing
    assert len(sender.get("/dicomweb/instances").json()) == 1
    assert hub.left_behind() == []


def test_large_bulk_data_goes_by_the_disk(hub: Hub, sender: TestClient) -> None:
    told, dataset = model(small_instance(rows=1200, columns=1200))
    answer = send(
        sender, (JSON, "", json.dumps([told]).encode()), ("application/octet-stream", "pixels/1", dataset.PixelData)
    )
    assert answer.status_code == 200
    assert stored(hub, dataset.SOPInstanceUID).PixelData == dataset.PixelData
    assert hub.left_behind() == []


def jpeg(rows: int, columns: int, filling: bytes) -> bytes:
    """The head of a JPEG and something behind it; nobody decodes it here."""
    start = b"\xff\xd8\xff\xc3\x00\x0b\x10" + rows.to_bytes(2) + columns.to_bytes(2) + b"\x01\x01\x11\x00"
    return start + filling + b"\xff\xd9"


def test_compressed_frames_are_encapsulated(hub: Hub, sender: TestClient) -> None:
    told, dataset = model(small_instance())
    told["00280008"] = {"vr": "IS", "Value": [2]}
    frames = [jpeg(dataset.Rows, dataset.Columns, b"a"), jpeg(dataset.Rows, dataset.Columns, b"bc")]
    kind = "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.57"
    answer = send(sender, (JSON, "", json.dumps([told]).encode()), *((kind, "pixels/1", frame) for frame in frames))
    assert answer.status_code == 200, answer.text
    found = stored(hub, dataset.SOPInstanceUID)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.57"
    for number, frame in enumerate(frames):
        assert get_frame(found.PixelData, number, number_of_frames=2).rstrip(b"\0") == frame


def test_each_instance_fails_alone(hub: Hub, sender: TestClient) -> None:
    good, dataset = model(small_instance(seed=1))
    lost, of_lost = model(small_instance(seed=2), uri="pixels/nowhere")
    wrong, of_wrong = model(small_instance(seed=3))
    wrong["00280010"] = {"vr": "US", "Value": ["many"]}
    parts: list[Part] = [
        (JSON, "", json.dumps([good, lost, wrong, "no object"]).encode()),
        ("application/octet-stream", "pixels/1", dataset.PixelData),
        ("application/octet-stream", "pixels/of/nobody", b"12"),
        ("text/plain", "", b"hello"),
    ]
    answer = send(sender, *parts)
    assert answer.status_code == 202
    told = answer.json()
    assert [each["00081155"]["Value"][0] for each in told["00081198"]["Value"]] == [
        of_lost.SOPInstanceUID,
        of_wrong.SOPInstanceUID,
    ]
    assert failures(told) == [0xC000, 0xC000]
    assert failures(told, "0008119A") == [0xC000] * 3
    assert len(told["00081199"]["Value"]) == 1
    assert hub.left_behind() == []


@pytest.mark.parametrize(
    "element",
    [
        {"Value": ["x"]},
        {"vr": "XX", "Value": ["x"]},
        {"vr": "LO", "Value": "no list"},
        {"vr": "LO", "Value": [1]},
        {"vr": "LO", "Value": ["a\\b"]},
        {"vr": "LO", "Value": ["x" * 70_000]},
        {"vr": "PN", "Value": ["A^B"]},
        {"vr": "US", "Value": [70_000]},
        {"vr": "US", "Value": [1.5]},
        {"vr": "DS", "Value": [True]},
        {"vr": "OW", "InlineBinary": "AA=="},
        {"vr": "OW", "InlineBinary": "?"},
        {"vr": "OB", "InlineBinary": "AA==", "BulkDataURI": "x"},
        {"vr": "SQ", "Value": ["no item"]},
        {"vr": "OB", "BulkDataURI": 5},
        {"vr": "OB", "BulkDataURI": "file:///etc/passwd"},
    ],
)
def test_an_element_that_makes_no_sense(hub: Hub, sender: TestClient, element: dict[str, Any]) -> None:
    told, dataset = model(small_instance())
    told["00181030"] = element
    answer = send(
        sender, (JSON, "", json.dumps([told]).encode()), ("application/octet-stream", "pixels/1", dataset.PixelData)
    )
    assert (answer.status_code, failures(answer.json())) == (409, [0xC000])
    assert hub.left_behind() == []


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000])
def test_metadata_that_is_no_json(hub: Hub, sender: TestClient, content: bytes) -> None:
    answer = send(sender, ("application/octet-stream", "pixels/1", bytes(200_000)), (JSON, "", content))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "broken_multipart")
    assert hub.left_behind() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<x/>",
        b"<NativeDicomModel><Other/></NativeDicomModel>",
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]><NativeDicomModel/>',
        b'<NativeDicomModel><DicomAttribute tag="00100010" vr="LO"><Value number="9999999"/>'
        b"</DicomAttribute></NativeDicomModel>",
    ],
)
def test_metadata_that_is_no_native_model(hub: Hub, sender: TestClient, content: bytes) -> None:
    answer = send(sender, (XML, "", content), root=XML)
    assert (answer.status_code, failures(answer.json(), "0008119A")) == (409, [0xC000])
    assert hub.left_behind() == []


def test_a_body_that_is_cut_off_stores_nothing(hub: Hub, sender: TestClient) -> None:
    told, dataset = model(small_instance(rows=300, columns=300))
    body = f"--{BOUNDARY}\r\nContent-Type: {JSON}\r\n\r\n{json.dumps([told])}\r\n--{BOUNDARY}\r\n".encode()
    body += b"Content-Type: application/octet-stream\r\nContent-Location: pixels/1\r\n\r\n" + dataset.PixelData
    headers = {"Content-Type": f'multipart/related; type="{JSON}"; boundary={BOUNDARY}'}
    for kept in (1.0, 0.6, 0.02):
        answer = sender.post("/dicomweb/studies", content=body[: int(len(body) * kept)], headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "broken_multipart")
        assert answer.json()["error"]["details"]["stored"] == []
    assert sender.get("/dicomweb/instances").json() == []
    assert hub.left_behind() == []


def test_what_is_told_of_a_stored_instance_can_be_stored_again(sender: TestClient) -> None:
    """The metadata that the hub itself gives are understood: it is the same instance, in other bytes."""
    part10 = small_instance()
    sender.post("/dicomweb/studies", content=part10, headers={"Content-Type": "application/dicom"})
    named = header(part10)
    url = f"/dicomweb/studies/{named.StudyInstanceUID}/metadata"
    (told,) = sender.get(url).json()
    told["00080018"]["Value"] = [f"{named.SOPInstanceUID}.1"]
    pixels = told["7FE00010"].get("BulkDataURI", "")
    content = dcmread(DicomBytesIO(part10)).PixelData
    bulk = [("application/octet-stream", pixels, content)] if pixels else []
    assert send(sender, (JSON, "", json.dumps([told]).encode()), *bulk).status_code == 200
