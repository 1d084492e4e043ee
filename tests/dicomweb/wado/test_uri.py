"""Proves WADO-URI: the same files and pictures as WADO-RS, by parameters; what is not offered is refused by name."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from starlette.testclient import TestClient

from tests.dicomweb.support import Hub, dataset_of
from tests.dicomweb.wado.test_instances import stored_at
from tests.dicomweb.wado.test_rendered import STEPS, linear, picture

WADO = "/dicomweb/wado"


def asked(url: str, **params: str) -> dict[str, str]:
    parts = url.split("/")
    uids = {"studyUID": parts[-5], "seriesUID": parts[-3], "objectUID": parts[-1]}
    return {"requestType": "WADO", **uids, **params}


def tones(answer: Any) -> list[Any]:
    assert answer.status_code == 200, answer.text
    found: list[Any] = np.asarray(Image.open(io.BytesIO(answer.content))).tolist()
    return found


def test_a_picture(sender: TestClient) -> None:
    url = stored_at(sender, picture())
    answer = sender.get(WADO, params=asked(url))
    assert answer.headers["content-type"] == "image/jpeg"
    png = asked(url, contentType="image/png", windowCenter="350", windowWidth="401")
    assert tones(sender.get(WADO, params=png)) == linear(STEPS, 350, 401)
    assert Image.open(io.BytesIO(sender.get(WADO, params=asked(url, rows="1")).content)).size == (2, 1)
    assert Image.open(io.BytesIO(sender.get(WADO, params=asked(url, rows="4", columns="40")).content)).size == (8, 4)
    part = asked(url, contentType="image/png", region="0.5,0,1,0.5", windowCenter="350", windowWidth="401")
    assert tones(sender.get(WADO, params=part)) == [linear(STEPS, 350, 401)[0][2:]]


def test_the_file(sender: TestClient) -> None:
    file = picture()
    url = stored_at(sender, file)
    for params in ({}, {"transferSyntax": "1.2.840.10008.1.2.1"}, {"transferSyntax": "*"}):
        answer = sender.get(WADO, params=asked(url, contentType="application/dicom", **params))
        assert answer.headers["content-type"] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
        assert dataset_of(answer.content) == dataset_of(file)
        assert answer.headers["cache-control"] == "no-store"
    refused = sender.get(
        WADO, params=asked(url, contentType="application/dicom", transferSyntax="1.2.840.10008.1.2.4.100")
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (406, "not_acceptable")


def test_several_frames_are_a_file_unless_one_is_asked_for(sender: TestClient) -> None:
    frames = np.stack([STEPS, STEPS[::-1]])
    url = stored_at(sender, picture(STEPS, NumberOfFrames=2, PixelData=frames.tobytes()))
    assert dcmread(io.BytesIO(sender.get(WADO, params=asked(url)).content)).NumberOfFrames == 2
    one, two = (
        tones(sender.get(WADO, params=asked(url, contentType="image/png", frameNumber=number))) for number in "12"
    )
    assert one == two[::-1]
    past = sender.get(WADO, params=asked(url, contentType="image/png", frameNumber="3"))
    assert (past.status_code, past.json()["error"]["details"]["parameter"]) == (400, "frameNumber")


@pytest.mark.parametrize(
    "params",
    [
        {"requestType": "Wado"},
        {"anonymize": "yes"},
        {"presentationUID": "1.2"},
        {"objectUID": ""},
        {"frameNumber": "0"},
        {"rows": "none"},
        {"region": "0,0,1"},
        {"region": "0.5,0,0.4,1"},
        {"windowCenter": "1"},
        {"windowWidth": "0", "windowCenter": "3"},
        {"imageQuality": "101"},
        {"annotation": "everything"},
        {"transferSyntax": "1.2.840.10008.1.2.1"},
        {"rows": "5", "contentType": "application/dicom"},
        {"transferSyntax": "JPEG", "contentType": "application/dicom"},
    ],
)
def test_what_is_wrong_or_not_offered_is_named(sender: TestClient, params: dict[str, str]) -> None:
    answer = sender.get(WADO, params=asked(stored_at(sender, picture())) | params)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_parameter")
    assert answer.json()["error"]["details"]["parameter"] in params


def test_who_may_not_see_a_study_finds_nothing(hub: Hub, sender: TestClient) -> None:
    url = stored_at(sender, picture())
    answers = [
        hub.client("stranger").get(WADO, params=asked(url)),
        sender.get(WADO, params=asked("/studies/1.2/series/1.3/instances/1.4")),
    ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(404, "not_found")] * 2
    assert hub.client("nobody").get(WADO, params=asked(url)).status_code == 401
    assert sender.get(WADO, params=asked(url, contentType="image/gif")).status_code == 406
