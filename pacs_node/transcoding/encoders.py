"""Frames into compressed transfer syntaxes: one codestream for one frame of samples.

All are lossless but JPEG baseline, which is for who asks for it by name. JPEG 2000 and HTJ2K lie by resolutions: the
beginning of the codestream is a whole picture of fewer pixels.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import (
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

LOSSLESS = (HTJ2KLosslessRPCL, HTJ2KLossless, JPEG2000Lossless, JPEGLSLossless, RLELossless)
"""Transfer syntaxes that give every sample back, the one that viewers are best served by first."""
LOSSY = (JPEGBaseline8Bit,)
JPEG_QUALITY = 90

_BYTE = 8
_GREY, _COLOUR = 2, 3  # axes of a frame
_LEAST_LEVELS, _MOST_LEVELS = 1, 10
_SMALLEST_RESOLUTION = 64  # what HTJ2K RPCL is to begin with at most (PS3.5 section 8.2.14)


def encodable(syntax: str, *, bits_stored: int, colour: bool, signed: bool) -> bool:
    """Whether `encode` takes frames of this kind: grey of up to 16 bits, or RGB of 8."""
    if syntax == JPEGBaseline8Bit:
        return bits_stored <= _BYTE and not signed
    if colour:
        return syntax in LOSSLESS and bits_stored <= _BYTE and not signed
    return syntax in LOSSLESS and 1 < bits_stored <= 2 * _BYTE


def encode(samples: NDArray[Any], syntax: str, bits_stored: int) -> bytes:
    """The codestream of rows × columns, or rows × columns × 3 in RGB, of 8- or 16-bit integers.

    Raises ValueError for what `encodable` denies, and what an encoder raises.
    """
    signed, colour = samples.dtype.kind == "i", samples.ndim == _COLOUR
    if not encodable(syntax, bits_stored=bits_stored, colour=colour, signed=signed):
        raise ValueError(f"frames of this kind do not go into {syntax}")
    return _ENCODERS[syntax](np.ascontiguousarray(samples), bits_stored)


def _htj2k(samples: NDArray[Any], _bits_stored: int) -> bytes:
    # Loaded when it is needed: this one module, not the whole package.
    from imagecodecs._htj2k import HTJ2K, htj2k_encode  # noqa: PLC0415

    # One tile-part for each resolution, and their lengths in TLM: who has the first bytes knows where each one ends.
    return bytes(
        htj2k_encode(
            samples,
            reversible=True,
            resolutions=_levels(samples),
            tlm=True,
            tilepart=HTJ2K.TILEPART.RESOLUTIONS,
        )
    )


def _jpeg_2000(samples: NDArray[Any], bits_stored: int) -> bytes:
    from imagecodecs._jpeg2k import jpeg2k_encode  # noqa: PLC0415

    # No more resolutions than the shorter side can be halved for.
    most = min(samples.shape[:2]).bit_length()
    return bytes(
        jpeg2k_encode(
            samples,
            codecformat="J2K",
            reversible=True,
            bitspersample=bits_stored,
            resolutions=min(_levels(samples) + 1, most),
            mct=samples.ndim == _COLOUR,
        )
    )


def _rle(samples: NDArray[Any], _bits_stored: int) -> bytes:
    colour = samples.ndim == _COLOUR
    options: dict[str, Any] = {
        "rows": samples.shape[0],
        "columns": samples.shape[1],
        "samples_per_pixel": 3 if colour else 1,
        "photometric_interpretation": "RGB" if colour else "MONOCHROME2",
        "bits_allocated": _BYTE * samples.dtype.itemsize,
        # All bits of the words: of samples of up to 8 bits in words of 16 one byte each would be written, which no
        # decoder takes for what the data set says.
        "bits_stored": _BYTE * samples.dtype.itemsize,
        "pixel_representation": int(samples.dtype.kind == "i"),
        "number_of_frames": 1,
    }
    if colour:
        options["planar_configuration"] = 0
    return bytes(get_encoder(RLELossless).encode(samples.tobytes(), index=0, **options))


def _jpeg_ls(samples: NDArray[Any], bits_stored: int) -> bytes:
    from imagecodecs._jpegls import jpegls_encode  # noqa: PLC0415
    from jpeg_ls import encode_buffer  # type: ignore[import-untyped]  # noqa: PLC0415

    rows, columns, *rest = samples.shape
    data, interleaved = samples.tobytes(), 2 if rest else 0
    try:
        return bytes(encode_buffer(data, rows, columns, rest[0] if rest else 1, bits_stored, 0, interleaved))
    except RuntimeError:
        # Its buffer has the size of the samples, which noise and very small frames need more than. The other encoder
        # writes whole words; what it says of their width must be so, or a negative sample would be read as another.
        stream = bytes(jpegls_encode(samples.view(samples.dtype.str.replace("i", "u"))))
        if samples.dtype.kind == "i" and stream[stream.index(b"\xff\xf7") + 4] != _BYTE * samples.dtype.itemsize:
            raise ValueError("signed samples that JPEG-LS would not give back") from None
        return stream


def _jpeg(samples: NDArray[Any], _bits_stored: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(samples.astype(np.uint8)).save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling="4:2:2")
    return buffer.getvalue()


def _levels(samples: NDArray[Any]) -> int:
    """How often to halve: until the longer side is at most 64."""
    longest = max(samples.shape[:2])
    return min(max(math.ceil(math.log2(longest / _SMALLEST_RESOLUTION)), _LEAST_LEVELS), _MOST_LEVELS)


_ENCODERS: dict[str, Callable[[NDArray[Any], int], bytes]] = {
    HTJ2KLosslessRPCL: _htj2k,
    HTJ2KLossless: _htj2k,
    JPEG2000Lossless: _jpeg_2000,
    JPEGLSLossless: _jpeg_ls,
    RLELossless: _rle,
    JPEGBaseline8Bit: _jpeg,
}
