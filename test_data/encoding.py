"""From a data set to the bytes of a Part 10 file."""

import io

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

# Fixed, where pydicom would write its own version: an update of pydicom must not change the bytes.
IMPLEMENTATION_CLASS_UID = UID("2.25.329800735698586629295641978511506172918")
IMPLEMENTATION_VERSION_NAME = "DOKUEI_TESTDATA1"

# One encoder by name for each: "any that is installed" would let the machine choose the bytes.
_ENCODERS = {RLELossless: "pydicom", JPEGLSLossless: "pyjpegls"}


def set_pixels(
    ds: Dataset, pixels: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16], bits_stored: int
) -> None:
    """Put `pixels`, rows × columns or frames × rows × columns, into `ds` as native monochrome pixel data.

    Sets the Image Pixel module (PS3.3 C.7.6.3) except PhotometricInterpretation, and NumberOfFrames where
    there is more than one dimension of frames.
    """
    rows, columns = pixels.shape[-2:]
    bits = pixels.dtype.itemsize * 8
    if pixels.ndim == 3:
        ds.NumberOfFrames = pixels.shape[0]
    ds.SamplesPerPixel = 1
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits_stored, bits_stored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    raw = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"


def part10(ds: Dataset, transfer_syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return `ds` as a Part 10 file (PS3.10 7) in `transfer_syntax`.

    A `ds` with native pixels is compressed first when the syntax is RLE Lossless or JPEG-LS
    Lossless; for any other compressed syntax its pixel data must already be encapsulated.
    """
    syntax = UID(transfer_syntax)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = ds.SOPClassUID
    meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax in _ENCODERS else syntax
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    ds.file_meta = meta
    if syntax in _ENCODERS:
        ds.compress(syntax, encoding_plugin=_ENCODERS[syntax], generate_instance_uid=False)
    elif syntax == ExplicitVRBigEndian and ds.get("BitsAllocated") == 16:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()
