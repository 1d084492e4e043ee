"""Proves that metadata is valid DICOM JSON whatever the data set holds, and that bulk data is where it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from starlette.testclient import TestClient

from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import Hub, parts_of, store
from tests.dicomweb.wado.test_instances import BIG_ENDIAN, IMPLICIT, stored_at

NAME = "YAMADA^TARO=山田^太郎=やまだ^たろう"


def metadata(client: TestClient, url: str) -> dict[str, Any]:
    answer = client.get(f"{url}/metadata")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    (found,) = json.loads(answer.content, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def test_values_as_annex_f_writes_them(sender: TestClient) -> None:
    inner = Dataset()
    inner.CodeValue = "1"
    file = small_instance(
        PatientName=NAME,
        ReferringPhysicianName="",
        ImageType=["ORIGINAL", "", "AXIAL"],
        FrameIncrementPointer=0x00181063,
        ProcedureCodeSequence=[inner],
        ICCProfile=b"\0\1\2\3",
        RecommendedDisplayFrameRateInFloat=None,
        SliceProgressionDirection=None,
        ExposureTimeInms=float("nan"),
        ReconstructionDiameter="1.5",
        DistanceSourceToDetector="9999999999999999",
        AcquisitionDuration=float("inf"),
    )
    found = metadata(sender, stored_at(sender, file))
    expected = {
        "00100010": {
            "vr": "PN",
            "Value": [{"Alphabetic": "YAMADA^TARO", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}],
        },
        "00080090": {"vr": "PN"},
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]},
        "00280009": {"vr": "AT", "Value": ["00181063"]},
        "00081032": {"vr": "SQ", "Value": [{"00080100": {"vr": "SH", "Value": ["1"]}}]},
        "00282000": {"vr": "OB", "InlineBinary": "AAECAw=="},
        "00189328": {"vr": "FD", "Value": ["NaN"]},
        "00189073": {"vr": "FD", "Value": ["inf"]},
        "00181100": {"vr": "DS", "Value": [1.5]},
        "00181110": {"vr": "DS", "Value": ["9999999999999999"]},
        "00280010": {"vr": "US", "Value": [16]},
        "00083002": {"vr": "UI", "Value": ["1.2.840.10008.1.2.1"]},
    }
    assert expected == {tag: found[tag] for tag in expected}
    assert not any(tag.startswith("0002") for tag in found)


def test_a_broken_number_is_told_as_it_is_and_hides_nothing(sender: TestClient) -> None:
    file = small_instance(SliceThickness="5").replace(b"\x18\0\x50\0DS\x02\x005 ", b"\x18\0\x50\0DS\x02\0?!")
    found = metadata(sender, stored_at(sender, file))
    assert found["00180050"] == {"vr": "DS", "Value": ["?!"]}
    assert found["00280010"] == {"vr": "US", "Value": [16]}


def test_the_reader_of_pydicom_reads_it(sender: TestClient) -> None:
    file = small_instance(PatientName=NAME)
    sent = dcmread(DicomBytesIO(file))
    back = Dataset.from_json(metadata(sender, stored_at(sender, file)), bulk_data_uri_handler=lambda *_: b"")
    differing = {element.keyword for element in sent if element != back.get(element.tag)}
    assert differing == {"PixelData"}


@pytest.mark.parametrize("syntax", [IMPLICIT, "1.2.840.10008.1.2.1", BIG_ENDIAN])
def test_bulk_data_is_where_it_says_in_little_endian(sender: TestClient, syntax: str) -> None:
    profile = bytes(range(256)) * 8
    inner = Dataset()
    inner.ICCProfile = profile
    file = small_instance(transfer_syntax=syntax, ICCProfile=profile, OpticalPathSequence=[inner], rows=32, columns=32)
    found = metadata(sender, stored_at(sender, file))
    pixels = dcmread(DicomBytesIO(small_instance(rows=32, columns=32))).PixelData
    for element, value in (
        (found["00282000"], profile),
        (found["00480105"]["Value"][0]["00282000"], profile),
        (found["7FE00010"], pixels),
    ):
        uri = element["BulkDataURI"]
        assert sender.get(uri, headers={"Accept": "application/octet-stream"}).content == value
        ((_, content),) = parts_of(sender.get(uri, headers={"Accept": "multipart/related"}))
        assert content == value
    base = found["7FE00010"]["BulkDataURI"].removesuffix("7FE00010")
    inside = ("00480105/2/00282000", "00480105", "00480105/1", "00100010/1/00282000")
    for nowhere in ("00080005", "99999999", "x", *inside):
        assert sender.get(base + nowhere).status_code == 404, nowhere


def test_compressed_pixel_data_comes_frame_by_frame(sender: TestClient) -> None:
    found = metadata(sender, stored_at(sender, small_instance(transfer_syntax="1.2.840.10008.1.2.5")))
    ((headers, _),) = parts_of(sender.get(found["7FE00010"]["BulkDataURI"]))
    assert headers["content-type"].endswith("transfer-syntax=1.2.840.10008.1.2.5")


def test_a_study_has_one_object_an_instance(sender: TestClient) -> None:
    store(sender, *small_ct_series())
    url = sender.get("/dicomweb/studies").json()[0]["00081190"]["Value"][0]
    answer = sender.get(f"{url}/metadata")
    assert [found["00200013"]["Value"] for found in answer.json()] == [[1], [2], [3]]
    assert answer.headers["cache-control"] == "no-store"
    assert sender.get(f"{url}/metadata", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_gzip_for_those_who_read_it(sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    zipped = sender.get(f"{url}/metadata", headers={"Accept-Encoding": "gzip"})
    plain = sender.get(f"{url}/metadata", headers={"Accept-Encoding": "gzip;q=0, br"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert zipped.headers["etag"] != plain.headers["etag"]


def test_addresses_are_those_that_this_client_uses(hub: Hub, sender: TestClient) -> None:
    path = stored_at(sender, small_instance()).removeprefix("http://testserver")
    for host in ("hub.example", "other.example:8443"):
        (found,) = sender.get(f"{path}/metadata", headers={"Host": host}).json()
        assert found["7FE00010"]["BulkDataURI"].startswith(f"http://{host}/dicomweb/studies/")


def test_more_instances_than_are_answered_in_one_piece(sender: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicomweb.wado.metadata._MOST_WHOLE", 1)
    store(sender, *small_ct_series())
    url = sender.get("/dicomweb/studies").json()[0]["00081190"]["Value"][0]
    for encoding in ("gzip", "identity"):
        answer = sender.get(f"{url}/metadata", headers={"Accept-Encoding": encoding})
        assert len(answer.json()) == 3
