"""Our own JPEG lossless decoder as one of pydicom's."""

from __future__ import annotations

from pydicom.pixels.decoders import base
from pydicom.uid import JPEGLossless, JPEGLosslessSV1

from pacs_node.transcoding.jpeg_lossless import decode

_NAME = "dokuei"
_SYNTAXES = (JPEGLossless, JPEGLosslessSV1)
_BYTE = 8

DECODER_DEPENDENCIES: dict[str, tuple[str, ...]] = dict.fromkeys(_SYNTAXES, ("numpy",))
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
    """Samples of one stream, interleaved; tells the runner how wide they are. Raises ValueError."""
    shape = (runner.rows, runner.columns)
    samples = decode(source, most_samples=runner.rows * runner.columns * runner.samples_per_pixel)
    if samples.shape not in {shape, (*shape, runner.samples_per_pixel)}:
        raise ValueError("the stream is of another size than the data set says")
    runner.set_option("bits_allocated", _BYTE * samples.dtype.itemsize)
    if runner.samples_per_pixel > 1:
        runner.set_option("planar_configuration", 0)
    return bytearray(samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes())
