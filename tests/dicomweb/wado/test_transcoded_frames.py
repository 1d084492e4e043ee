"""Proves that frames are compressed anew for who asks, lose nothing by it, and that HTJ2K may be cut short."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imagecodecs._htj2k import htj2k_decode
from PIL import Image
from pydicom.uid import HTJ2KLosslessRPCL, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless
from starlette.testclient import TestClient

from pacs_node.transcoding.codec_process import decoded
from tests.dicomweb.support import parts_of
from tests.dicomweb.wado.test_instances import stored_at
from tests.dicomweb.wado.test_rendered import compressed, picture

SAMPLES = np.random.default_rng(4).integers(-2000, 2000, (200, 300)).astype(np.int16)
OPTIONS: dict[str, Any] = {
    "rows": 200,
    "columns": 300,
    "samples_per_pixel": 1,
    "photometric_interpretation": "MONOCHROME2",
    "bits_allocated": 16,
    "bits_stored": 16,
    "pixel_representation": 1,
    "number_of_frames": 1,
    "pixel_keyword": "PixelData",
}
KINDS = {
    HTJ2KLosslessRPCL: "image/jphc",
    JPEG2000Lossless: "image/jp2",
    JPEGLSLossless: "image/jls",
    RLELossless: "image/dicom-rle",
}


def related(media_type: str, syntax: str | None = None) -> dict[str, str]:
    named = f"; transfer-syntax={syntax}" if syntax else ""
    return {"Accept": f'multipart/related; type="{media_type}"{named}'}


@pytest.mark.parametrize("syntax", KINDS)
def test_a_native_frame_in_every_lossless_syntax(sender: TestClient, syntax: str) -> None:
    url = f"{stored_at(sender, picture(SAMPLES))}/frames/1"
    answers = [
        sender.get(url, headers=related("application/octet-stream", syntax)),
        sender.get(url, headers=related(KINDS[syntax], syntax)),
        sender.get(url, headers=related(KINDS[syntax])),
    ]
    ((first, stream),) = parts_of(answers[0])
    assert first["content-type"] == f"application/octet-stream; transfer-syntax={syntax}"
    assert np.array_equal(decoded(stream, syntax, OPTIONS), SAMPLES)
    for answer in answers[1:]:
        assert [(said["content-type"], data) for said, data in parts_of(answer)] == [
            (f"{KINDS[syntax]}; transfer-syntax={syntax}", stream)
        ]
    bare = sender.get(url, headers={"Accept": f"{KINDS[syntax]}; transfer-syntax={syntax}"})
    assert bare.content == stream


def test_a_compressed_frame_in_another_syntax(sender: TestClient) -> None:
    from pacs_node.transcoding.encoders import encode  # noqa: PLC0415

    file = compressed(JPEGLSLossless, encode(SAMPLES, JPEGLSLossless, 16), samples=SAMPLES, PixelRepresentation=1)
    url = f"{stored_at(sender, file)}/frames/1"
    ((_, stream),) = parts_of(sender.get(url, headers=related("image/jphc")))
    assert np.array_equal(decoded(stream, HTJ2KLosslessRPCL, OPTIONS), SAMPLES)


def test_the_beginning_of_htj2k_is_a_smaller_picture(sender: TestClient) -> None:
    url = f"{stored_at(sender, picture(SAMPLES))}/frames/1"
    answer = sender.get(url, headers={"Accept": f"image/jphc; transfer-syntax={HTJ2KLosslessRPCL}"})
    told = [item.split("=") for item in answer.headers["dokuei-resolutions"].split(", ")]
    assert [size for size, _ in told] == ["38x25", "75x50", "150x100", "300x200"]
    for skipped, (size, end) in zip((3, 2, 1, 0), told, strict=True):
        whole = htj2k_decode(answer.content, skipres=skipped)
        beginning = htj2k_decode(answer.content[: int(end)], skipres=skipped)
        assert f"{whole.shape[1]}x{whole.shape[0]}" == size
        assert np.array_equal(beginning, whole)


def test_what_loses_is_given_by_name_only(sender: TestClient) -> None:
    samples = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)
    url = f"{stored_at(sender, picture(samples))}/frames/1"
    named = sender.get(url, headers={"Accept": f"image/jpeg; transfer-syntax={JPEGBaseline8Bit}"})
    assert np.abs(np.asarray(Image.open(io.BytesIO(named.content))).astype(int) - samples).max() < 6
    assert sender.get(url, headers={"Accept": "image/jpeg"}).status_code == 406
    deep = f"{stored_at(sender, picture(SAMPLES, SOPInstanceUID='1.2.9'))}/frames/1"
    refused = sender.get(deep, headers={"Accept": f"image/jpeg; transfer-syntax={JPEGBaseline8Bit}"})
    assert refused.status_code == 406
    offered = refused.json()["error"]["details"]["offered"]
    assert related("application/octet-stream", HTJ2KLosslessRPCL)["Accept"] in offered


@pytest.mark.parametrize(
    "file",
    [
        picture(np.zeros((4, 4), np.uint16), BitsStored=12, HighBit=15),
        picture(np.zeros((2, 2, 3), np.uint8), SamplesPerPixel=3, PhotometricInterpretation="YBR_FULL",
                PlanarConfiguration=0),
        picture(np.zeros((4, 4), np.uint32)),
    ],
)  # fmt: skip
def test_what_a_client_could_misread_is_not_offered(sender: TestClient, file: bytes) -> None:
    url = f"{stored_at(sender, file)}/frames/1"
    assert sender.get(url, headers=related("image/jphc")).status_code == 406
    assert sender.get(url, headers={"Accept": "application/octet-stream"}).status_code == 200


def test_it_is_made_once(sender: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{stored_at(sender, picture(SAMPLES))}/frames/1"
    first = sender.get(url, headers=related("image/jphc"))

    def never(*_: object) -> Path:
        raise AssertionError("made again")

    monkeypatch.setattr("dicomweb.pixels.transcoded.transcoded_frame", never)
    again = sender.get(url, headers=related("image/jphc"))
    assert parts_of(again)[0][1] == parts_of(first)[0][1]
