"""JPEG with 8 or 12 bits a sample by libjpeg-turbo, as a decoder of pydicom's: Pillow reads 8 bits only."""

from __future__ import annotations

from pydicom.pixels.decoders import base
from pydicom.uid import JPEGExtended12Bit

_NAME = "libjpeg-turbo"
_BYTE = 8

DECODER_DEPENDENCIES: dict[str, tuple[str, ...]] = {JPEGExtended12Bit: ("imagecodecs",)}
"""Asked for by pydicom of every plugin."""


def register() -> None:
    """Make it known to pydicom; harmless when it is already."""
    decoder = base.get_decoder(JPEGExtended12Bit)
    if _NAME not in decoder.available_plugins:
        decoder.add_plugin(_NAME, (__name__, "decode_frame"))


def is_available(uid: str) -> bool:
    """Asked by pydicom: whether this transfer syntax can be decoded."""
    return uid == JPEGExtended12Bit


def decode_frame(source: bytes, runner: base.DecodeRunner) -> bytearray:
    """Samples of one grey frame; tells the runner how wide they are. Raises ValueError and what libjpeg says."""
    # Loaded when it is needed: this one module, not the whole package.
    from imagecodecs._jpeg8 import jpeg8_decode  # noqa: PLC0415

    if runner.samples_per_pixel != 1:
        raise ValueError("12-bit JPEG in colour")
    samples = jpeg8_decode(source)
    if samples.shape != (runner.rows, runner.columns):
        raise ValueError("the stream is of another size than the data set says")
    runner.set_option("bits_allocated", _BYTE * samples.dtype.itemsize)
    return bytearray(samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes())
