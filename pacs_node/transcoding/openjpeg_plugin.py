"""OpenJPEG as a decoder of pydicom's: for HTJ2K, which nothing else here reads, and where Pillow gives JPEG 2000 up."""

from __future__ import annotations

from typing import Any

from openjpeg.utils import decode_pixel_data
from pydicom.pixels.decoders import base
from pydicom.uid import HTJ2K, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, JPEG2000Lossless

_NAME = "openjpeg"
_SYNTAXES = (HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K, JPEG2000Lossless, JPEG2000)
_CONTAINERS = (8, 16, 32)

DECODER_DEPENDENCIES = dict.fromkeys(_SYNTAXES, ("pylibjpeg-openjpeg",))
"""Asked for by pydicom of every plugin."""


def register() -> None:
    """Make it known to pydicom; harmless when it is already."""
    for syntax in _SYNTAXES:
        decoder = base.get_decoder(syntax)
        if _NAME not in decoder.available_plugins:
            decoder.add_plugin(_NAME, (__name__, "decode_frame"))


def is_available(uid: str) -> bool:
    """Asked by pydicom: whether this transfer syntax can be decoded."""
    return uid in _SYNTAXES


def decode_frame(source: bytes, runner: base.DecodeRunner) -> bytearray:
    """Samples of one codestream; tells the runner what they are by then (OpenJPEG undoes the colour transforms)."""
    options: dict[str, Any] = dict(runner.options)
    frame = bytearray(decode_pixel_data(source, version=2, **options))
    if runner.photometric_interpretation in {"YBR_ICT", "YBR_RCT"}:
        runner.set_option("photometric_interpretation", "RGB")
    precision = runner.get_option("j2k_precision", runner.bits_stored)
    runner.set_option("bits_allocated", next(bits for bits in _CONTAINERS if precision <= bits))
    return frame
