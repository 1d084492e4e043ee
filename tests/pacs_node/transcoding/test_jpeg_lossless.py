"""Proves the JPEG lossless decoder against a plain encoder of our own, and that damage ends in a ValueError.

That real files come out as another program decodes them is proven in tests/dicomweb/test_drawn_like_dcmtk.py.
"""

from __future__ import annotations

import contextlib
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pacs_node.transcoding.jpeg_lossless import decode


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def predicted(x: NDArray[Any], row: int, column: int, predictor: int, start: int) -> int:
    """ITU-T T.81 table H.1, pixel by pixel as it is written there."""
    if row == 0:
        return start if column == 0 else int(x[0, column - 1])
    if column == 0:
        return int(x[row - 1, 0])
    a, b, c = int(x[row, column - 1]), int(x[row - 1, column]), int(x[row - 1, column - 1])
    return [a, b, c, a + b - c, a + ((b - c) >> 1), b + ((a - c) >> 1), (a + b) >> 1][predictor - 1]


def coded(differences: list[int]) -> bytes:
    """Each category in a code of five bits, its bits behind it; padded with ones, 00 stuffed after FF."""
    bits = ""
    for value in differences:
        signed = value - 0x10000 if value > 0x8000 else value
        category = 16 if signed == 0x8000 else abs(signed).bit_length()
        bits += f"{category:05b}"
        if 0 < category < 16:
            bits += f"{signed if signed > 0 else signed + (1 << category) - 1:0{category}b}"
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")


def encoded(
    x: NDArray[Any], precision: int, predictor: int = 1, *, restart_rows: int = 0, shift: int = 0, together: bool = True
) -> bytes:
    """Rows × columns × components as a JPEG stream."""
    rows, columns, count = x.shape
    x = x >> shift
    stream = b"\xff\xd8" + segment(0xE0, b"anything")
    stream += segment(0xC4, b"\0" + bytes([0, 0, 0, 0, 17, *[0] * 11]) + bytes(range(17)))
    parts = b"".join(bytes((number + 1, 0x11, 0)) for number in range(count))
    stream += segment(0xC3, struct.pack(">BHHB", precision, rows, columns, count) + parts)
    if restart_rows:
        stream += segment(0xDD, struct.pack(">H", restart_rows * columns))
    for scan in [list(range(count))] if together else [[number] for number in range(count)]:
        named = b"".join(bytes((number + 1, 0)) for number in scan)
        stream += segment(0xDA, bytes([len(scan)]) + named + bytes((predictor, 0, shift)))
        step = restart_rows or rows
        for number, first in enumerate(range(0, rows, step)):
            part = x[first : first + step]
            differences = [
                (int(part[r, c, k]) - predicted(part[..., k], r, c, predictor, 1 << (precision - shift - 1))) & 0xFFFF
                for r in range(part.shape[0])
                for c in range(columns)
                for k in scan
            ]
            stream += (bytes((0xFF, 0xD0 + (number - 1) % 8)) if number else b"") + coded(differences)
    return stream + b"\xff\xd9"


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 12),
    columns=st.integers(1, 12),
    count=st.sampled_from([1, 3]),
    precision=st.sampled_from([2, 8, 12, 16]),
    predictor=st.integers(1, 7),
    restart_rows=st.integers(0, 3),
    together=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_was_encoded_comes_back(
    *, rows: int, columns: int, count: int, precision: int, predictor: int, restart_rows: int, together: bool, seed: int
) -> None:
    x = np.random.default_rng(seed).integers(0, 1 << precision, (rows, columns, count), np.uint16)
    stream = encoded(x, precision, predictor, restart_rows=restart_rows, together=together)
    found = decode(stream)
    assert found.dtype == (np.uint8 if precision <= 8 else np.uint16)
    assert np.array_equal(found, x[..., 0] if count == 1 else x)


def test_a_point_transform_leaves_the_low_bits_out() -> None:
    x = np.arange(200, dtype=np.uint16).reshape(10, 20, 1) * 20
    assert np.array_equal(decode(encoded(x, 12, shift=3)), (x[..., 0] >> 3) << 3)


def test_more_than_one_stretch_of_bits() -> None:
    """Long enough that the codes are found in many pieces."""
    x = np.random.default_rng(3).integers(0, 4096, (120, 150, 1), np.uint16)
    assert np.array_equal(decode(encoded(x, 12)), x[..., 0])


WHOLE = encoded(np.random.default_rng(5).integers(0, 4096, (16, 16, 1), np.uint16), 12)


@pytest.mark.parametrize("length", range(0, len(WHOLE) - 4, 7))
def test_a_stream_that_is_cut_off(length: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(WHOLE[:length])


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, len(WHOLE) - 1), value=st.integers(0, 255))
def test_any_wrong_byte_is_an_error_or_other_samples(place: int, value: int) -> None:
    broken = WHOLE[:place] + bytes((value,)) + WHOLE[place + 1 :]
    with contextlib.suppress(ValueError):
        assert decode(broken, most_samples=2**16).size <= 2**16


@settings(max_examples=300, deadline=None)
@given(place=st.integers(2, len(WHOLE) - 1), count=st.integers(1, 40))
def test_missing_bytes_are_an_error_or_other_samples(place: int, count: int) -> None:
    with contextlib.suppress(ValueError):
        assert decode(WHOLE[:place] + WHOLE[place + count :], most_samples=2**16).size <= 2**16


def test_a_size_that_nobody_can_mean() -> None:
    huge = WHOLE.replace(struct.pack(">BHH", 12, 16, 16), struct.pack(">BHH", 12, 65535, 65535))
    with pytest.raises(ValueError, match="samples"):
        decode(huge)
    with pytest.raises(ValueError, match=r"segment|last marker|components"):
        decode(b"\xff\xd8" + segment(0xC4, b"\0" + bytes(16)) * 5000)
