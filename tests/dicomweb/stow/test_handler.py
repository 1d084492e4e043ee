"""Proves what storing answers and leaves behind: each instance alone, nothing half done, no temporary file."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from pydicom import Dataset, dcmread
from pydicom.filebase import DicomBytesIO
from starlette.testclient import TestClient

from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings
from test_data.small import small_ct_series, small_instance
from tests.dicomweb.support import BOUNDARY, STOW_TYPE, Hub, assemble, dataset_of, multipart, parts_of, store

STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
NOT_DICOM = b"This is no DICOM file. " * 20


def header(part10: bytes) -> Dataset:
    return dcmread(DicomBytesIO(part10), stop_before_pixels=True)


def failures(told: dict[str, Any], tag: str = "00081198") -> list[int]:
    return [item["00081197"]["Value"][0] for item in told.get(tag, {}).get("Value", [])]


def test_what_is_stored_is_named_and_comes_back_as_it_was(hub: Hub, sender: TestClient) -> None:
    files = small_ct_series()
    answer = store(sender, *files)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    told = answer.json()
    study = header(files[0]).StudyInstanceUID
    assert told["00081190"]["Value"] == [f"http://testserver/dicomweb/studies/{study}"]
    items = told["00081199"]["Value"]
    assert [item["00081155"]["Value"][0] for item in items] == [header(file).SOPInstanceUID for file in files]
    for item, file in zip(items, files, strict=True):
        ((_, content),) = parts_of(sender.get(item["00081190"]["Value"][0], headers=STORED))
        assert dataset_of(content) == dataset_of(file)
    assert hub.left_behind() == []


def test_storing_again_is_no_error_and_changes_nothing(sender: TestClient) -> None:
    files = small_ct_series()
    assert store(sender, *files).json() == store(sender, *files).json()
    assert len(sender.get("/dicomweb/instances").json()) == len(files)


def test_a_part_that_is_refused_does_not_stop_its_neighbours(hub: Hub, sender: TestClient) -> None:
    first, second, third = small_ct_series()
    changed = small_instance(seed=1, PatientName="OTHER^NAME")
    answer = store(sender, first, NOT_DICOM, changed, b"", second, third)
    assert answer.status_code == 202
    told = answer.json()
    assert len(told["00081199"]["Value"]) == 3
    assert failures(told) == [0x0111]
    assert told["00081198"]["Value"][0]["00081155"]["Value"] == [header(changed).SOPInstanceUID]
    assert failures(told, "0008119A") == [0xC000, 0xC000]  # nobody knows whose failures these are
    assert hub.left_behind() == []


def test_nothing_stored_is_a_conflict(hub: Hub, sender: TestClient) -> None:
    answer = store(sender, NOT_DICOM)
    assert (answer.status_code, failures(answer.json(), "0008119A")) == (409, [0xC000])
    assert hub.left_behind() == []


def test_the_study_of_the_url_is_the_only_one_taken(sender: TestClient) -> None:
    mine, other = small_instance(seed=1), small_instance(seed=2)
    answer = store(sender, mine, other, study=header(mine).StudyInstanceUID)
    assert answer.status_code == 202
    assert failures(answer.json()) == [0xA900]


def test_another_sites_study_can_not_be_added_to(hub: Hub, sender: TestClient) -> None:
    first, second, _ = small_ct_series()
    assert store(sender, first).status_code == 200
    answer = store(hub.client("other_sender"), second)
    assert (answer.status_code, failures(answer.json())) == (409, [0x0124])
    assert len(sender.get("/dicomweb/instances").json()) == 1


def test_one_instance_without_multipart(sender: TestClient) -> None:
    answer = sender.post("/dicomweb/studies", content=small_instance(), headers={"Content-Type": "application/dicom"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        f"multipart/related; type=application/dicom; boundary={BOUNDARY}",
        f'Multipart/Related; TYPE="application/dicom"; BOUNDARY="{BOUNDARY}"',
        f'multipart/related; boundary="{BOUNDARY}"; type="application/dicom"; start=x',
    ],
)
def test_spellings_of_the_content_type(sender: TestClient, content_type: str) -> None:
    body = b"\r\n" + multipart(small_instance()) + b"\r\n"
    assert sender.post("/dicomweb/studies", content=body, headers={"Content-Type": content_type}).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", 'multipart/related; type="image/jpeg"; boundary=x', "multipart/form-data"],
)
def test_other_bodies_are_not_taken(sender: TestClient, content_type: str) -> None:
    answer = sender.post("/dicomweb/studies", content=b"x", headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_body")


def test_a_part_of_another_type_is_refused_alone(sender: TestClient) -> None:
    body = multipart(b"{}", content_type="application/json").removesuffix(f"--{BOUNDARY}--\r\n".encode())
    body += multipart(small_instance())
    answer = sender.post("/dicomweb/studies", content=body, headers={"Content-Type": STOW_TYPE})
    assert answer.status_code == 202
    assert failures(answer.json(), "0008119A") == [0xC000]


@pytest.mark.parametrize("kept", [0.5, 0.95, 0.999])
def test_a_body_that_is_cut_off(hub: Hub, sender: TestClient, kept: float) -> None:
    files = small_ct_series()
    body = multipart(*files)
    answer = sender.post(
        "/dicomweb/studies", content=body[: int(len(body) * kept)], headers={"Content-Type": STOW_TYPE}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "broken_multipart")
    stored = answer.json()["error"]["details"]["stored"]
    found = sender.get("/dicomweb/instances").json()
    assert stored == [result["00080018"]["Value"][0] for result in found]
    assert 0 < len(stored) < len(files) or kept == 0.999
    assert hub.left_behind() == []


@pytest.mark.parametrize("body", [b"", b"nothing of this is multipart", f"--{BOUNDARY}--".encode()])
def test_a_body_without_parts(hub: Hub, sender: TestClient, body: bytes) -> None:
    answer = sender.post("/dicomweb/studies", content=body, headers={"Content-Type": STOW_TYPE})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "broken_multipart")
    assert hub.left_behind() == []


def test_very_many_parts(hub: Hub, sender: TestClient) -> None:
    answer = store(sender, *[b"x"] * 10_000, small_instance())
    assert answer.status_code == 202
    assert len(failures(answer.json(), "0008119A")) == 10_000
    assert len(answer.json()["00081199"]["Value"]) == 1
    assert hub.left_behind() == []


@pytest.fixture
def small_limits(database: Database, settings: Settings, clock: SetClock) -> Iterator[Hub]:
    """A hub that takes 20 kB in one request and 4 kB in one instance."""
    limits = Settings(data=settings.data, min_free_disk=0, max_stow_body=20_000, max_instance=4_000)
    made, ingest = assemble(database, limits, clock)
    with ingest:
        yield made


def chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 1000):
        yield body[start : start + 1000]


def test_a_body_over_the_limit_is_refused_unread_when_it_says_so(small_limits: Hub) -> None:
    client = small_limits.client("sender")
    answer = store(client, *[small_instance(seed=seed) for seed in range(20)])
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
    assert answer.json()["error"]["details"] == {"limit_bytes": 20_000}
    assert client.get("/dicomweb/instances").json() == []


def test_a_body_that_grows_over_the_limit(small_limits: Hub) -> None:
    client = small_limits.client("sender")
    body = multipart(*[small_instance(seed=seed) for seed in range(20)])
    answer = client.post("/dicomweb/studies", content=chunks(body), headers={"Content-Type": STOW_TYPE})
    assert answer.status_code == 413
    stored = answer.json()["error"]["details"]["stored"]
    assert len(stored) == len(client.get("/dicomweb/instances").json()) < 20
    assert small_limits.left_behind() == []


def test_an_instance_over_the_limit_leaves_nothing(small_limits: Hub) -> None:
    client = small_limits.client("sender")
    answer = store(client, small_instance(seed=1), small_instance(seed=2, rows=64, columns=64), small_instance(seed=3))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "instance_too_large")
    details = answer.json()["error"]["details"]
    assert details["limit_bytes"] == 4_000
    assert len(details["stored"]) == 1
    assert len(client.get("/dicomweb/instances").json()) == 1
    assert small_limits.left_behind() == []


def test_a_client_that_leaves_in_the_middle_leaves_no_file(hub: Hub) -> None:
    """Spoken as plain ASGI: half the body, then the news that the client is gone."""
    body = multipart(*small_ct_series(slices=2))
    half = [body[: len(body) * 3 // 4]]

    async def receive() -> dict[str, Any]:
        if half:
            return {"type": "http.request", "body": half.pop(), "more_body": True}
        assert len(hub.left_behind()) <= 2
        return {"type": "http.disconnect"}

    async def send(_message: object) -> None:
        """Nobody listens."""

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/dicomweb/studies",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"hub"), (b"authorization", b"Bearer sender"), (b"content-type", STOW_TYPE.encode())],
    }
    asyncio.run(hub.app(scope, receive, send))
    assert hub.left_behind() == []
    assert len(hub.client("sender").get("/dicomweb/instances").json()) == 1


def test_other_answers_than_json_and_xml_are_not_made(sender: TestClient) -> None:
    headers = {"Content-Type": STOW_TYPE, "Accept": "text/html"}
    assert sender.post("/dicomweb/studies", content=multipart(small_instance()), headers=headers).status_code == 406
    assert sender.get("/dicomweb/instances").json() == []


def test_an_answer_in_xml(sender: TestClient) -> None:
    headers = {"Content-Type": STOW_TYPE, "Accept": "application/dicom+xml"}
    answer = sender.post("/dicomweb/studies", content=multipart(small_instance(), b"nothing"), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (202, "application/dicom+xml")
    root = fromstring(answer.content)  # noqa: S314 - our own
    space = {"n": "http://dicom.nema.org/PS3.19/models/NativeDICOM"}
    stored = root.findall("n:DicomAttribute[@tag='00081199']/n:Item/n:DicomAttribute[@tag='00081155']/n:Value", space)
    assert [each.text for each in stored] == [header(small_instance()).SOPInstanceUID]
    failed = root.findall("n:DicomAttribute[@keyword='OtherFailuresSequence']/n:Item/n:DicomAttribute/n:Value", space)
    assert [each.text for each in failed] == [str(0xC000)]
