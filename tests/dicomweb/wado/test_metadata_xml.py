"""Proves that metadata as XML are the Native DICOM Model, and say what the JSON says."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import Dataset
from starlette.testclient import TestClient

from dicomweb.dicom_json.native_xml import native_xml
from dicomweb.stow.native_xml import read_native
from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import parts_of, store
from tests.dicomweb.wado.test_instances import stored_at

XML = 'multipart/related; type="application/dicom+xml"'
SPACE = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"


def model(content: bytes) -> dict[str, ElementTree.Element]:
    root = ElementTree.fromstring(content)  # noqa: S314 - our own
    assert root.tag == f"{SPACE}NativeDicomModel"
    assert root.get("{http://www.w3.org/XML/1998/namespace}space") == "preserve"
    assert [child.get("tag") for child in root] == sorted(str(child.get("tag")) for child in root)
    return {str(child.get("tag")): child for child in root}


def plain(element: ElementTree.Element) -> tuple[Any, ...]:
    """Tag, number, text and children, without the namespace."""
    name = element.tag.removeprefix(SPACE)
    return name, element.get("number"), element.text, [plain(child) for child in element]


def test_an_instance_as_the_native_dicom_model(sender: TestClient) -> None:
    inner = Dataset()
    inner.CodeMeaning = "a < b & c"
    file = small_instance(
        PatientName="YAMADA^TARO^^Dr=山田^太郎=やまだ^たろう",
        ReferringPhysicianName="",
        ImageType=["ORIGINAL", "", "AXIAL"],
        ProcedureCodeSequence=[inner, Dataset()],
        ICCProfile=b"\0\1\2\3",
        SliceThickness="5",
    )
    url = stored_at(sender, file)
    answer = sender.get(f"{url}/metadata", headers={"Accept": XML})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    ((headers, content),) = parts_of(answer)
    assert headers["content-type"] == "application/dicom+xml"
    found = model(content)
    name = found["00100010"]
    assert (name.get("vr"), name.get("keyword")) == ("PN", "PatientName")
    kanji = [("FamilyName", None, "山田", []), ("GivenName", None, "太郎", [])]
    kana = [("FamilyName", None, "やまだ", []), ("GivenName", None, "たろう", [])]
    latin = [("FamilyName", None, "YAMADA", []), ("GivenName", None, "TARO", []), ("NamePrefix", None, "Dr", [])]
    groups = [("Alphabetic", None, None, latin), ("Ideographic", None, None, kanji), ("Phonetic", None, None, kana)]
    assert [plain(child) for child in name] == [("PersonName", "1", None, groups)]
    assert list(found["00080090"]) == []
    values = [("Value", "1", "ORIGINAL", []), ("Value", "3", "AXIAL", [])]
    assert [plain(child) for child in found["00080008"]] == values
    assert [plain(child) for child in found["00180050"]] == [("Value", "1", "5", [])]
    assert [plain(child) for child in found["00282000"]] == [("InlineBinary", None, "AAECAw==", [])]
    items = list(found["00081032"])
    assert [item.get("number") for item in items] == ["1", "2"]
    assert [plain(child)[2:] for child in items[0]] == [(None, [("Value", "1", "a < b & c", [])])]
    (bulk,) = found["7FE00010"]
    json = sender.get(f"{url}/metadata").json()[0]
    assert bulk.get("uri") == json["7FE00010"]["BulkDataURI"]
    assert list(found) == list(json)


def test_private_elements_say_whose_they_are() -> None:
    dataset = {"00091010": {"vr": "LO", "Value": ["x"]}, "00090010": {"vr": "LO", "Value": ['A "B"']}}
    found = model(native_xml(dict(sorted(dataset.items()))))
    assert found["00091010"].get("privateCreator") == 'A "B"'
    assert found["00090010"].get("privateCreator") is None


@pytest.mark.parametrize("accept", [XML, "multipart/related", f"{XML}, application/dicom+json;q=0.5"])
def test_a_study_has_one_part_an_instance(sender: TestClient, accept: str) -> None:
    store(sender, *small_ct_series())
    url = sender.get("/dicomweb/studies").json()[0]["00081190"]["Value"][0]
    for _ in range(2):  # made while one waits, and before
        answer = sender.get(f"{url}/metadata", headers={"Accept": accept})
        numbers = [model(content)["00200013"][0].text for _, content in parts_of(answer)]
        assert numbers == ["1", "2", "3"]
        assert sender.get(f"{url}/metadata").status_code == 200
    held = {"Accept": accept, "If-None-Match": answer.headers["etag"]}
    assert sender.get(f"{url}/metadata", headers=held).status_code == 304


@pytest.mark.parametrize("accept", ["application/dicom+xml", "text/html", 'multipart/related; type="image/jpeg"'])
def test_other_forms_are_refused_with_what_there_is(sender: TestClient, accept: str) -> None:
    answer = sender.get(f"{stored_at(sender, small_instance())}/metadata", headers={"Accept": accept})
    assert answer.status_code == 406
    assert XML in answer.json()["error"]["details"]["offered"]


@given(st.text(), st.text(min_size=1), st.floats(allow_nan=False, allow_infinity=False))
def test_whatever_a_text_holds_it_is_xml(comment: str, name: str, number: float) -> None:
    dataset = {
        "00104000": {"vr": "LT", "Value": [comment]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]},
        "00189073": {"vr": "FD", "Value": [number]},
        "00282000": {"vr": "OB", "BulkDataURI": comment},
    }
    found = model(native_xml(dict(sorted(dataset.items()))))
    assert float(str(found["00189073"][0].text)) == number


def test_what_is_stored_from_xml_reads_it(sender: TestClient) -> None:
    inner = Dataset()
    inner.CodeMeaning = "意味"
    url = stored_at(
        sender, small_instance(PatientName="A^B^^^C=山田^太郎", ProcedureCodeSequence=[inner], ICCProfile=b"\1")
    )
    (found,) = sender.get(f"{url}/metadata").json()
    texts = {"DS", "IS"}  # XML tells all numbers as texts, and the reader knows these two as such
    told = {
        tag: element | {"Value": [f"{value:g}" for value in element["Value"]]}
        if element["vr"] in texts and "Value" in element
        else element
        for tag, element in found.items()
    }
    assert read_native(native_xml(found)) == told
