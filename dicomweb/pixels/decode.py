"""Decoding single frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    RLELossless,
)

from dicomweb.errors import BrokenPixelData, NotDecodable
from dicomweb.pixels.description import MOST_PIXEL_BYTES, Description
from dicomweb.pixels.picture import Picture
from dicomweb.pixels.stored_file import is_the_systems
from pacs_node.transcoding.codec_pool import POOL
from pacs_node.transcoding.codestream import size_of
from pacs_node.transcoding.decoders import decodable
from shared_kernel.errors import DokueiError

_BYTE = 8


@dataclass(frozen=True, slots=True)
class Word:
    """Where in a word a sample lies (PS3.5 section 8.1.1); `bits` 0 says that the samples are numbers already."""

    bits: int
    stored: int
    lowest: int
    signed: bool

    @classmethod
    def of(cls, described: Description) -> Word:
        """As the Image Pixel module says."""
        stored = described.bits_stored
        lowest = described.high_bit + 1 - stored
        return cls(described.bits_allocated, stored, lowest, signed=described.pixel_representation == 1)

    def values(self) -> NDArray[np.int32]:
        """The sample in each possible word: overlays and other bits beside it are gone, its sign is there."""
        values = (np.arange(1 << self.bits, dtype=np.int32) >> self.lowest) & ((1 << self.stored) - 1)
        if self.signed:
            values -= (values >> (self.stored - 1)) << self.stored
        return values


def require_decodable(picture: Picture) -> None:
    """Raise NotDecodable where no decoder will do, BrokenPixelData for a frame of unlikely size."""
    syntax = picture.record.transfer_syntax_uid
    if picture.encapsulated is not None and not decodable(syntax):
        raise NotDecodable(transfer_syntax_uid=syntax, offered=["application/dicom; transfer-syntax=*"])
    described = picture.description
    if described.rows * described.columns * described.samples_per_pixel * described.bits_allocated > (
        _BYTE * MOST_PIXEL_BYTES
    ):
        raise BrokenPixelData(reason=f"a frame of more than {MOST_PIXEL_BYTES} bytes")


def uncompressed_frame(picture: Picture, number: int) -> bytes:
    """One frame as native little-endian bytes.

    Native frames keep their layout. Compressed colour comes as interleaved RGB: that is what a
    client can show without knowing which transform the codestream had.
    """
    if picture.encapsulated is None:
        return _native(picture, number)
    samples = decoded(picture, number)
    return samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()


def decoded(picture: Picture, number: int) -> NDArray[Any]:
    """The samples of frame `number`: rows × columns, or rows × columns × 3 as RGB.

    Raises NotDecodable and BrokenPixelData; never returns samples of another shape than described.
    """
    return _samples(picture, number)


def _samples(picture: Picture, number: int, **options: Any) -> NDArray[Any]:
    require_decodable(picture)
    options = picture.description.options() | options
    try:
        if picture.encapsulated is None:
            data = _native(picture, number)
            source = data + b"\0" * (len(data) % 2)
            samples, _ = get_decoder(ExplicitVRLittleEndian).as_array(source, index=0, **options)
        else:
            frame = picture.stored_frame(number)
            _require_size(picture, frame)
            samples = POOL.decoded(frame, picture.record.transfer_syntax_uid, options)
    except DokueiError:
        raise
    except Exception as error:  # whatever a decoder meets in a broken codestream
        if is_the_systems(error):
            raise
        raise BrokenPixelData(frame=number, reason=str(error)[:200]) from error
    described = picture.description
    expected = (described.rows, described.columns)
    if samples.shape not in {expected, (*expected, described.samples_per_pixel)}:
        raise BrokenPixelData(frame=number, shape=list(samples.shape))
    return samples


def stored_words(picture: Picture, number: int) -> tuple[NDArray[Any], Word]:
    """The samples of a grey or palette frame as they lie in their words, and how a word is to be read.

    Rows × columns. Nothing is masked, shifted or extended yet: who draws does that with a table. Raises what
    `decoded` raises, and for samples of more than 16 bits gives what `decoded` gives.
    """
    described = picture.description
    bits = described.bits_allocated
    in_words = described.samples_per_pixel == 1 and not described.is_float and bits in {_BYTE, 2 * _BYTE}
    if in_words and picture.encapsulated is None:
        require_decodable(picture)
        data = _native(picture, number)
        words = np.frombuffer(data, f"<u{bits // _BYTE}", count=described.rows * described.columns)
        return words.reshape(described.rows, described.columns), Word.of(described)
    if in_words and picture.record.transfer_syntax_uid == RLELossless:
        # RLE packs the words as they are, with whatever lies above the samples (PS3.5 annex G).
        words = _samples(picture, number, raw=True, correct_unused_bits=False)
        return words.view(words.dtype.str.replace("i", "u")), Word.of(described)
    samples = decoded(picture, number)
    if samples.dtype.kind not in "iu" or samples.dtype.itemsize > 2:  # noqa: PLR2004 - bytes
        return samples, Word(0, 0, 0, signed=False)
    stored = _BYTE * samples.dtype.itemsize
    return samples.view(f"u{samples.dtype.itemsize}"), Word(stored, stored, 0, signed=samples.dtype.kind == "i")


def _require_size(picture: Picture, frame: bytes) -> None:
    if picture.record.transfer_syntax_uid == RLELossless:
        return
    described = (picture.description.rows, picture.description.columns)
    found = size_of(frame)
    if found != described:
        raise BrokenPixelData(reason="the codestream is of another size than the data set says", found=found)


def _native(picture: Picture, number: int) -> bytes:
    """A native frame in little endian; a frame of single bits that begins inside a byte is moved to its start."""
    data = picture.stored_frame(number)
    described = picture.description
    if picture.record.transfer_syntax_uid == ExplicitVRBigEndian:
        # 8-bit samples in OW are words too, and were swapped with them (PS3.5 annex A.3).
        width = 2 if described.bits_allocated == _BYTE and described.vr == "OW" else described.bits_allocated // _BYTE
        if width > 1:
            if len(data) % width:
                raise NotDecodable(reason="an odd number of bytes in words", offered=[])
            data = np.frombuffer(data, f">u{width}").astype(f"<u{width}").tobytes()
    if described.bits_allocated > 1:
        return data
    first, last = picture.bit_range(number)
    if first % _BYTE == 0:
        return data
    bits = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")
    inside = bits[first % _BYTE : first % _BYTE + (last - first)]
    return np.packbits(inside, bitorder="little").tobytes()
