"""Compressed pixels as native ones, frame by frame into a file.

Frames are decoded by the codec pool, and only where the codestream is of the size that the data set says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, BinaryIO

from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.filereader import read_dataset
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import JPEGBaseline8Bit, JPEGExtended12Bit, RLELossless

from pacs_node.transcoding.codec_pool import POOL, CodecsBusy
from pacs_node.transcoding.codestream import size_of
from pacs_node.transcoding.decoders import decodable
from pacs_node.transcoding.errors import BrokenPixels, NoDecoder
from pacs_node.transcoding.rewrite import Encoding, Out, Stream, Value

MOST_FRAME_BYTES = 512 * 2**20
"""A frame that decodes to more may be a bomb."""
_MOST_BYTES = 2**32 - 2
"""What the length field of PixelData can say (PS3.5 section 8.1.1)."""
_BYTE = 8
_ALWAYS_LOSSY = frozenset({str(JPEGBaseline8Bit), str(JPEGExtended12Bit)})
_PIXEL_DATA, _OFFSETS, _LENGTHS = 0x7FE00010, 0x7FE00001, 0x7FE00002
_PHOTOMETRIC, _PLANAR, _BITS_ALLOCATED, _LOSSY = 0x00280004, 0x00280006, 0x00280100, 0x00282110


@dataclass(frozen=True, slots=True)
class Decompressed:
    """Native little-endian frames, one behind the other, and what the Image Pixel module must say of them."""

    pixels: BinaryIO
    length: int
    photometric_interpretation: str
    colour: bool
    bits_allocated: int
    lossy: bool

    def changes(self) -> dict[int, Value | Stream | None]:
        """The elements that change in the data set, for little endian."""
        made: dict[int, Value | Stream | None] = {
            _PHOTOMETRIC: ("CS", self.photometric_interpretation.encode("ascii")),
            _BITS_ALLOCATED: ("US", self.bits_allocated.to_bytes(2, "little")),
            _PIXEL_DATA: ("OB" if self.bits_allocated <= _BYTE else "OW", self.length, self._copy),
            _OFFSETS: None,
            _LENGTHS: None,
        }
        if self.colour:
            made[_PLANAR] = ("US", b"\0\0")
        if self.lossy:
            # Once lossy, always told so (PS3.3 section C.7.6.1.1.5).
            made[_LOSSY] = ("CS", b"01")
        return made

    def _copy(self, out: Out) -> None:
        self.pixels.seek(0)
        while piece := self.pixels.read(2**20):
            out.write(piece)


def decompress(source: BinaryIO, transfer_syntax_uid: str, pixels: BinaryIO) -> Decompressed:
    """Decode all frames of a Part 10 file into `pixels`. Raises NoDecoder, BrokenPixels, CodecsBusy.

    Colour comes as interleaved RGB, whatever transform the codestream had.
    """
    return _decoded(lambda: dcmread(source, force=True), transfer_syntax_uid, pixels)


def decompress_dataset(dataset: Dataset, transfer_syntax_uid: str, pixels: BinaryIO) -> Decompressed:
    """The same for a data set that is in memory, and is not changed."""
    return _decoded(lambda: dataset, transfer_syntax_uid, pixels)


def decompress_icon(item: bytes, encoding: Encoding, transfer_syntax_uid: str) -> Decompressed:
    """Decode the pixels of an item of IconImageSequence, encoded as said. Raises what `decompress` raises."""

    def read() -> Dataset:
        return read_dataset(BytesIO(item), not encoding.explicit, not encoding.big_endian)

    try:
        decoded = _decoded(read, transfer_syntax_uid, BytesIO())
    except BrokenPixels as error:
        raise BrokenPixels(reason=f"its icon: {error.details['reason']}") from error
    # An icon says nothing of how its pixels came about (PS3.3 section C.7.6.1.1.6).
    return replace(decoded, lossy=False)


def _decoded(read: Callable[[], Dataset], transfer_syntax_uid: str, pixels: BinaryIO) -> Decompressed:
    if not decodable(transfer_syntax_uid):
        raise NoDecoder(transfer_syntax_uid=transfer_syntax_uid)
    length = 0
    described: dict[str, Any] = {}
    try:
        dataset = read()
        frames = _frames(dataset)
        for samples, now in _samples(dataset, transfer_syntax_uid, frames):
            data = samples.astype(samples.dtype.newbyteorder("<"), copy=False).tobytes()
            described, length, frames = now, length + len(data), frames - 1
            if length > _MOST_BYTES or frames < 0:
                break
            pixels.write(data)
    except CodecsBusy:
        raise
    except Exception as error:  # whatever pydicom and its decoders meet in a broken codestream
        raise BrokenPixels(reason=f"{type(error).__name__}: {str(error)[:200]}") from error
    if frames or not 0 < length <= _MOST_BYTES:
        raise BrokenPixels(reason="another number of frames than the data set says, or more than PixelData can hold")
    return Decompressed(
        pixels=pixels,
        length=length,
        photometric_interpretation=str(described["photometric_interpretation"]),
        colour=int(described["samples_per_pixel"]) > 1,
        bits_allocated=int(described["bits_allocated"]),
        lossy=transfer_syntax_uid in _ALWAYS_LOSSY or str(dataset.get("LossyImageCompression", "")) == "01",
    )


def _samples(dataset: Dataset, syntax: str, frames: int) -> Iterator[tuple[NDArray[Any], dict[str, Any]]]:
    """Each frame and its `pixel_properties`. Raises ValueError for a codestream of another size than is said."""
    options: dict[str, Any] = dict(
        as_pixel_options(dataset), as_rgb=True, number_of_frames=1, pixel_keyword="PixelData"
    )
    offsets = options.pop("extended_offsets", None)
    said = int(dataset.Rows), int(dataset.Columns)
    described: dict[str, Any] = {}
    for frame in generate_frames(dataset.PixelData, number_of_frames=frames, extended_offsets=offsets):
        # A few bytes can unfold to gigabytes. RLE can't: it says no size, and a byte gives 64 at most.
        found = said if syntax == RLELossless else size_of(frame)
        if found != said:
            raise ValueError(f"the codestream is of another size than the data set says: {found}")
        samples, now = POOL.described(frame, syntax, options)
        described = described or now
        if described != now:
            raise ValueError("frames of different kinds")
        yield samples, described


def _frames(dataset: Dataset) -> int:
    """How many there are to be. Raises ValueError for frames that nobody would want to decode."""
    size = int(dataset.Rows) * int(dataset.Columns) * int(dataset.get("SamplesPerPixel") or 1)
    if size * max(int(dataset.get("BitsAllocated") or _BYTE), _BYTE) > _BYTE * MOST_FRAME_BYTES:
        raise ValueError(f"a frame of more than {MOST_FRAME_BYTES} bytes")
    return int(dataset.get("NumberOfFrames") or 1)
