"""Proves in which form whole instances are given, one part each, and when there is none that suits."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from starlette.testclient import TestClient

from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import Hub, dataset_of, parts_of, store

DICOM = 'multipart/related; type="application/dicom"'
IMPLICIT, EXPLICIT, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
BIG_ENDIAN, RLE, JPEG_LS = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"


def stored_at(sender: TestClient, file: bytes) -> str:
    answer = store(sender, file)
    assert answer.status_code == 200
    url: str = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    return url


def test_a_series_comes_whole_in_order_and_says_where_each_is_from(sender: TestClient) -> None:
    files = small_ct_series()
    url = stored_at(sender, files[2])
    store(sender, *files[:2])
    for path in (url.partition("/series/")[0], url.partition("/instances/")[0]):
        answer = sender.get(path, headers={"Accept": f"{DICOM}; transfer-syntax=*"})
        parts = parts_of(answer)
        assert [dataset_of(content) for _, content in parts] == [dataset_of(file) for file in files]
        assert parts[2][0]["content-location"] == url
        assert parts[2][0]["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN, RLE, JPEG_LS])
def test_every_syntax_becomes_explicit_little_endian_with_equal_values(sender: TestClient, syntax: str) -> None:
    file = small_instance(transfer_syntax=syntax, RedPaletteColorLookupTableDescriptor=[256, 0, 16])
    url = stored_at(sender, file)
    ((headers, content),) = parts_of(sender.get(url, headers={"Accept": DICOM}))
    assert headers["content-type"].endswith(f"transfer-syntax={EXPLICIT}")
    sent, back = dcmread(DicomBytesIO(file)), dcmread(DicomBytesIO(content))
    assert back.file_meta.TransferSyntaxUID == EXPLICIT
    assert np.array_equal(sent.pixel_array, back.pixel_array)
    differing = {element.keyword for element in sent if element != back.get(element.tag)}
    assert differing <= {"PixelData"}


def test_the_stored_syntax_by_its_name(sender: TestClient) -> None:
    file = small_instance(transfer_syntax=RLE)
    url = stored_at(sender, file)
    ((headers, content),) = parts_of(sender.get(url, headers={"Accept": f"{DICOM}; transfer-syntax={RLE}"}))
    assert dataset_of(content) == dataset_of(file)
    assert headers["content-type"].endswith(RLE)
    other = sender.get(url, headers={"Accept": f"{DICOM}; transfer-syntax={JPEG_LS}"})
    assert other.status_code == 406
    assert f"{DICOM}; transfer-syntax={RLE}" in other.json()["error"]["details"]["offered"]


def test_who_accepts_anything_gets_what_every_client_reads(sender: TestClient) -> None:
    url = stored_at(sender, small_instance(transfer_syntax=RLE))
    for headers in ({}, {"Accept": "*/*"}):
        ((part, _),) = parts_of(sender.get(url, headers=headers))
        assert part["content-type"].endswith(EXPLICIT)


@pytest.mark.parametrize("accept", ["image/jpeg", f"{DICOM};q=0", "multipart/related; type=a/b"])
def test_what_is_not_to_be_had(sender: TestClient, accept: str) -> None:
    url = stored_at(sender, small_instance())
    answer = sender.get(url, headers={"Accept": accept})
    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "not_acceptable")


def test_the_accept_parameter_comes_before_the_header(sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    answer = sender.get(url, params={"accept": f"{DICOM}; transfer-syntax=*"}, headers={"Accept": "text/html"})
    assert answer.status_code == 200


def test_who_holds_it_already_is_told_so(sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    tag = sender.get(url).headers["etag"]
    assert sender.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert sender.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_one_alone_comes_without_parts(sender: TestClient) -> None:
    file = small_instance(transfer_syntax=RLE)
    url = stored_at(sender, file)
    stored = sender.get(url, headers={"Accept": "application/dicom; transfer-syntax=*"})
    assert stored.headers["content-type"] == f"application/dicom; transfer-syntax={RLE}"
    assert dataset_of(stored.content) == dataset_of(file)
    explicit = sender.get(url, headers={"Accept": "application/dicom"})
    assert explicit.headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
    assert dcmread(DicomBytesIO(explicit.content)).file_meta.TransferSyntaxUID == EXPLICIT
    several = sender.get(url.partition("/instances/")[0], headers={"Accept": "application/dicom"})
    assert several.status_code == 406


def test_one_alone_comes_in_ranges(sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    accept = {"Accept": "application/dicom; transfer-syntax=*"}
    whole = sender.get(url, headers=accept)
    assert whole.headers["accept-ranges"] == "bytes"
    part = sender.get(url, headers=accept | {"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"


def test_any_multipart_will_do(sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    assert sender.get(url, headers={"Accept": "multipart/*"}).status_code == 200


def test_a_file_that_is_away_is_told_before_anything_is_sent(sender: TestClient, hub: Hub) -> None:
    files = small_ct_series()
    url = stored_at(sender, files[0])
    store(sender, *files[1:])
    records = hub.catalogue.instances(url.split("/")[5])
    records[1].path.rename(records[1].path.with_suffix(".away"))
    for path in (url.partition("/series/")[0], url.replace(records[0].sop_instance_uid, records[1].sop_instance_uid)):
        answer = sender.get(path, headers={"Accept": f"{DICOM}; transfer-syntax=*"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "file_away")
        assert answer.json()["error"]["details"]["sop_instance_uid"] == records[1].sop_instance_uid


def test_a_file_that_was_cut_off_is_told_before_anything_is_sent(sender: TestClient, hub: Hub) -> None:
    url = stored_at(sender, small_instance())
    (record,) = hub.catalogue.instances(url.split("/")[5])
    record.path.write_bytes(record.path.read_bytes()[:-10])
    answer = sender.get(url, headers={"Accept": f"{DICOM}; transfer-syntax=*"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "broken_pixel_data")


def test_a_body_says_its_length(sender: TestClient) -> None:
    url = stored_at(sender, small_instance())
    answer = sender.get(url, headers={"Accept": f"{DICOM}; transfer-syntax=*"})
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize("resource", ["/frames/1", "/rendered", "/metadata", "/bulkdata/7FE00010", ""])
def test_every_resource_of_a_lost_file_is_orderly(sender: TestClient, hub: Hub, resource: str) -> None:
    url = stored_at(sender, small_instance())
    (record,) = hub.catalogue.instances(url.split("/")[5])
    away = record.path.with_suffix(".away")
    record.path.rename(away)
    answer = sender.get(f"{url}{resource}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "file_away")
    away.rename(record.path)
    assert sender.get(f"{url}{resource}").status_code == 200


def test_frames_of_a_file_that_is_lost_later_are_orderly(sender: TestClient, hub: Hub) -> None:
    url = f"{stored_at(sender, small_instance())}/frames/1"
    (record,) = hub.catalogue.instances(url.split("/")[5])
    for _ in range(2):
        assert sender.get(url).status_code == 200
    record.path.rename(record.path.with_suffix(".away"))
    answer = sender.get(url)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "file_away")
