"""Proves that what is compressed decodes to the same samples, by decoders that are others than the encoders' own."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.uid import HTJ2KLosslessRPCL, JPEGBaseline8Bit

from pacs_node.transcoding.codec_process import decoded
from pacs_node.transcoding.encoders import LOSSLESS, encodable, encode

# pydicom remarks on streams that are as long as the samples: that is what noise gives.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def back(stream: bytes, samples: NDArray[Any], syntax: str, bits_stored: int) -> NDArray[Any]:
    colour = samples.ndim == 3
    options: dict[str, Any] = {
        "rows": samples.shape[0],
        "columns": samples.shape[1],
        "samples_per_pixel": 3 if colour else 1,
        "photometric_interpretation": "RGB" if colour else "MONOCHROME2",
        "bits_allocated": 8 * samples.dtype.itemsize,
        "bits_stored": bits_stored,
        "pixel_representation": int(samples.dtype.kind == "i"),
        "number_of_frames": 1,
        "pixel_keyword": "PixelData",
    }
    if colour:
        options["planar_configuration"] = 0
    return decoded(stream, syntax, options)


@settings(max_examples=80, deadline=None)
@given(
    syntax=st.sampled_from(LOSSLESS),
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    allocated=st.sampled_from([8, 16]),
    unused=st.integers(0, 6),
    signed=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_grey_comes_back(
    *, syntax: str, rows: int, columns: int, allocated: int, unused: int, signed: bool, seed: int
) -> None:
    stored = allocated - unused
    stored = max(stored, 2)
    low, high = (-(1 << stored - 1), 1 << stored - 1) if signed else (0, 1 << stored)
    samples = np.random.default_rng(seed).integers(low, high, (rows, columns))
    samples = samples.astype(f"{'i' if signed else 'u'}{allocated // 8}")
    found = back(encode(samples, syntax, stored), samples, syntax, stored)
    assert np.array_equal(found.astype(np.int32), samples.astype(np.int32))


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_colour_comes_back(syntax: str) -> None:
    samples = np.random.default_rng(1).integers(0, 256, (33, 50, 3), np.uint8)
    assert np.array_equal(back(encode(samples, syntax, 8), samples, syntax, 8), samples)


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("kind", ["u2", "i2"])
@pytest.mark.parametrize("stored", [8, 5, 2])
def test_few_bits_in_wide_words_come_back(syntax: str, kind: str, stored: int) -> None:
    low, high = (-(1 << stored - 1), 1 << stored - 1) if kind == "i2" else (0, 1 << stored)
    samples = np.random.default_rng(1).integers(low, high, (33, 50)).astype(kind)
    found = back(encode(samples, syntax, stored), samples, syntax, stored)
    assert np.array_equal(found.astype(np.int32), samples.astype(np.int32))


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_colour_in_wide_words_comes_back(syntax: str) -> None:
    samples = np.random.default_rng(1).integers(0, 256, (33, 50, 3), np.uint16)
    assert np.array_equal(back(encode(samples, syntax, 8), samples, syntax, 8), samples)


def test_jpeg_baseline_is_near_and_for_eight_bits_only() -> None:
    samples = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    found = back(encode(samples, JPEGBaseline8Bit, 8), samples, JPEGBaseline8Bit, 8)
    assert np.abs(found.astype(int) - samples).max() <= 4
    assert not encodable(JPEGBaseline8Bit, bits_stored=12, colour=False, signed=False)
    with pytest.raises(ValueError, match="do not go into"):
        encode(samples.astype(np.uint16), JPEGBaseline8Bit, 12)


@pytest.mark.parametrize(("shape", "levels"), [((512, 512), 3), ((3062, 2394), 6), ((10, 10), 1)])
def test_htj2k_lies_by_resolutions_and_says_where(shape: tuple[int, int], levels: int) -> None:
    stream = encode(np.zeros(shape, np.int16), HTJ2KLosslessRPCL, 16)
    coding = stream.index(b"\xff\x52")
    rpcl, decompositions = stream[coding + 5], stream[coding + 9]
    assert (rpcl, decompositions) == (2, levels)
    lengths = stream.index(b"\xff\x55")
    (size,) = struct.unpack_from(">H", stream, lengths + 2)
    assert (size - 4) // 6 == levels + 1
