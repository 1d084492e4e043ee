"""Proves in which form whole instances are given, one part each, and when there is none that suits."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from starlette.testclient import TestClient

from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import dataset_of, parts_of, store

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


@pytest.mark.parametrize("accept", ["application/dicom", "image/jpeg", f"{DICOM};q=0", "multipart/related; type=a/b"])
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
