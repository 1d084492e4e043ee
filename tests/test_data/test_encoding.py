"""Pixel data is padded, little-endian, and the file says which fixed implementation wrote it."""

import io

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from test_data.encoding import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, set_pixels
from test_data.small import small_instance


def test_odd_pixel_data_is_padded_and_frames_are_counted() -> None:
    ds = Dataset()
    set_pixels(ds, np.arange(27, dtype=np.uint8).reshape(3, 3, 3), bits_stored=8)
    assert (3, 3, 3, 8, 8, 7, 0) == (
        *(ds.NumberOfFrames, ds.Rows, ds.Columns),
        *(ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation),
    )
    assert bytes(range(27)) + b"\0" == ds.PixelData


def test_signed_pixels_keep_their_sign() -> None:
    ds = Dataset()
    set_pixels(ds, np.array([[-2000, 1]], dtype=np.int16), bits_stored=16)
    assert ds.PixelRepresentation == 1
    assert np.array([-2000, 1], dtype="<i2").tobytes() == ds.PixelData


def test_the_writer_is_named_and_does_not_change_with_pydicom() -> None:
    meta = pydicom.dcmread(io.BytesIO(small_instance())).file_meta
    assert IMPLEMENTATION_CLASS_UID == meta.ImplementationClassUID
    assert IMPLEMENTATION_VERSION_NAME == meta.ImplementationVersionName
    assert len(IMPLEMENTATION_VERSION_NAME) <= 16
