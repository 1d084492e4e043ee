"""Proves on real files of many devices that what is stored comes back, reads as JSON, and is drawn or refused."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from tests.dicomweb.support import Hub, Sample, dataset_of, needs_files, parts_of, samples, store

pytestmark = needs_files

STORED = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
FRAME = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}

# Modality Worklist items are no composite instances: they have no Series Instance UID to be kept under.
NOT_COMPOSITE = {f"worklist/wl{number}.wl" for number in range(1, 7)}
NOT_DRAWN = {
    "charset/chrJapMulti.dcm": "no_pixels",  # a header alone
    "modality/ECG_12lead_waveform.dcm": "no_pixels",
    "modality/MR_spectroscopy.dcm": "no_pixels",
}
DOCUMENTS = {"SR", "PR", "KO", "RTPLAN", "RWV", ""}


def only(expected: str) -> list[Sample]:
    return [sample for sample in samples(expected, whole_series=False) if sample.path not in NOT_COMPOSITE]


def instance_url(answer: Any) -> str:
    url: str = answer.json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    return url


def check(client: TestClient, sample: Sample, url: str) -> None:
    """What holds for every stored file, drawn or not."""
    ((_, content),) = parts_of(client.get(url, headers=STORED))
    assert dataset_of(content) == dataset_of(sample.content)
    (found,) = json.loads(client.get(f"{url}/metadata").content)
    assert found["00080018"]["Value"] == [url.rpartition("/")[2]]
    rendered = client.get(f"{url}/rendered")
    if rendered.status_code == 200:
        expected = (found["00280011"]["Value"][0], found["00280010"]["Value"][0])
        assert Image.open(io.BytesIO(rendered.content)).size == expected
        ((_, frame),) = parts_of(client.get(f"{url}/frames/1", headers=FRAME))
        assert frame
    else:
        assert rendered.status_code in {406, 422}
        code = rendered.json()["error"]["code"]
        assert code in {"no_pixels", "not_decodable", "broken_pixel_data"}
        if sample.expected == "ok":
            expected_code = "no_pixels" if sample.modality in DOCUMENTS else NOT_DRAWN.get(sample.path)
            pdf = sample.path == "object/PDF_encapsulated.dcm"
            assert code == ("no_pixels" if pdf else NOT_DRAWN.get(sample.path, expected_code))


@pytest.mark.parametrize("sample", only("ok"), ids=lambda sample: sample.path)
def test_an_ordinary_file(sender: TestClient, sample: Sample) -> None:
    answer = store(sender, sample.content)
    assert answer.status_code == 200, answer.text
    check(sender, sample, instance_url(answer))


@pytest.mark.parametrize("sample", only("tolerate"), ids=lambda sample: sample.path)
def test_a_damaged_file_is_kept_as_it_is_or_refused(hub: Hub, sender: TestClient, sample: Sample) -> None:
    answer = store(sender, sample.content)
    assert answer.status_code in {200, 409}
    if answer.status_code == 200:
        check(sender, sample, instance_url(answer))
    else:
        assert sender.get("/dicomweb/studies").json() == []
    assert hub.left_behind() == []


@pytest.mark.parametrize("sample", only("reject"), ids=lambda sample: sample.path)
def test_what_is_no_instance_leaves_nothing(hub: Hub, sender: TestClient, sample: Sample) -> None:
    assert store(sender, sample.content).status_code == 409
    assert sender.get("/dicomweb/studies").json() == []
    assert hub.left_behind() == []
    assert not list(hub.files.archive.rglob("*.dcm"))


def of_folder(name: str) -> list[Sample]:
    return [sample for sample in samples("ok") if sample.path.startswith(f"series/{name}/")]


@pytest.mark.parametrize(
    "name", sorted({sample.path.split("/")[1] for sample in samples("ok") if sample.path.startswith("series/")})
)
def test_a_whole_series_comes_back_byte_for_byte(sender: TestClient, name: str) -> None:
    files = of_folder(name)
    answer = store(sender, *(file.content for file in files))
    assert answer.status_code == 200
    url = instance_url(answer).partition("/instances/")[0]
    back = {dataset_of(content) for _, content in parts_of(sender.get(url, headers=STORED))}
    assert back == {dataset_of(file.content) for file in files}
    assert len(sender.get(f"{url}/metadata").json()) == len(files)
    assert sender.get(f"{url}/thumbnail").status_code == 200


@pytest.fixture
def same_picture(sender: TestClient) -> dict[str, str]:
    """One MR in nine encodings: from the file's name to where it is."""
    files = [sample for sample in samples("ok") if "/same_mr/" in sample.path]
    assert len(files) == 9
    return {sample.path: instance_url(store(sender, sample.content)) for sample in files}


def test_one_picture_in_nine_encodings(sender: TestClient, same_picture: dict[str, str]) -> None:
    found: dict[str, bytes] = {}
    for path, url in same_picture.items():
        answer = sender.get(f"{url}/frames/1", headers={"Accept": "application/octet-stream"})
        assert answer.status_code == 200, path
        found[path] = answer.content
    assert len(found) == 9
    assert len(set(found.values())) == 1
    assert np.frombuffer(next(iter(found.values())), "<u2").max() > 0
    pictures = {sender.get(f"{same_picture[path]}/rendered", headers={"Accept": "image/png"}).content for path in found}
    assert len(pictures) == 1
