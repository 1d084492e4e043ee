"""Proves that instances are decoded frame by frame, and a codestream that unfolds to more than is said not at all."""

from __future__ import annotations

import io
import struct

import numpy as np
from pydicom import dcmread
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit
from starlette.testclient import TestClient

from pacs_node.transcoding.encoders import encode
from tests.dicomweb.support import parts_of
from tests.dicomweb.wado.test_instances import DICOM, stored_at
from tests.dicomweb.wado.test_rendered import compressed
from tests.dicomweb.wado.test_uri import asked


def test_a_decompression_bomb_is_refused_before_it_is_decoded(sender: TestClient) -> None:
    samples = np.zeros((4, 4), np.uint16)
    stream = encode(samples, JPEG2000Lossless, 16)
    bomb = stream.replace(struct.pack(">2I", 4, 4), struct.pack(">2I", 22_000, 22_000))
    url = stored_at(sender, compressed(JPEG2000Lossless, bomb, samples=samples))
    for answer in (
        sender.get(url, headers={"Accept": DICOM}),
        sender.get(url, headers={"Accept": "application/dicom"}),
        sender.get("/dicomweb/wado", params=asked(url, contentType="application/dicom")),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "broken_pixel_data")
        assert "another size" in answer.json()["error"]["details"]["reason"]


def test_colour_of_an_odd_size_comes_as_rgb_and_says_that_it_was_lossy(sender: TestClient) -> None:
    samples = np.full((5, 3, 3), (200, 100, 50), np.uint8)
    file = compressed(
        JPEGBaseline8Bit,
        encode(samples, JPEGBaseline8Bit, 8),
        samples=samples,
        SamplesPerPixel=3,
        PhotometricInterpretation="YBR_FULL_422",
        PlanarConfiguration=0,
    )
    ((_, content),) = parts_of(sender.get(stored_at(sender, file), headers={"Accept": DICOM}))
    made = dcmread(io.BytesIO(content))
    assert (made.PhotometricInterpretation, made.LossyImageCompression, len(made.PixelData)) == ("RGB", "01", 46)
    assert np.abs(made.pixel_array.astype(int) - samples).max() <= 6
