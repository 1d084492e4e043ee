"""What the Image Pixel module says of a picture (PS3.3 section C.7.6.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydicom.dataset import Dataset

from dicomweb.errors import BrokenPixelData, NoPixels
from dicomweb.pixels.stored_file import PixelElement

MOST_PIXEL_BYTES = 512 * 2**20
"""A single frame that decodes to more than this is not decoded: it may be a bomb."""

_BITS = {"FloatPixelData": 32, "DoubleFloatPixelData": 64}
_BITS_ALLOWED = {1, 8, 16, 32, 64}


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """Shape and meaning of the samples of every frame."""

    rows: int
    columns: int
    samples_per_pixel: int
    photometric_interpretation: str
    planar_configuration: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    """The highest bit of a sample within its word; BitsStored - 1 where the data set makes no sense (PS3.5 8.1.1)."""
    pixel_representation: int
    frames: int
    keyword: str
    vr: str

    @property
    def frame_bits(self) -> int:
        """Bits of one native frame (PS3.5 section 8.1.1); YBR_FULL_422 holds two samples a pixel."""
        samples = 2 if self.photometric_interpretation == "YBR_FULL_422" else self.samples_per_pixel
        return self.rows * self.columns * samples * self.bits_allocated

    @property
    def kind(self) -> tuple[object, ...]:
        """All but the size: what decides in which forms frames can be given."""
        return (
            self.samples_per_pixel,
            self.photometric_interpretation,
            self.bits_allocated,
            self.bits_stored,
            self.high_bit,
            self.pixel_representation,
            self.keyword,
        )

    @property
    def is_float(self) -> bool:
        """Whether the pixels are Float or Double Float Pixel Data."""
        return self.keyword != "PixelData"

    def options(self) -> dict[str, Any]:
        """The same for one frame, in the words of pydicom's decoders."""
        shared: dict[str, Any] = {
            "rows": self.rows,
            "columns": self.columns,
            "samples_per_pixel": self.samples_per_pixel,
            "photometric_interpretation": self.photometric_interpretation,
            "bits_allocated": self.bits_allocated,
            "number_of_frames": 1,
            "pixel_keyword": self.keyword,
            "pixel_vr": self.vr,
        }
        if self.samples_per_pixel > 1:
            shared["planar_configuration"] = self.planar_configuration
        if not self.is_float:
            shared |= {"bits_stored": self.bits_stored, "pixel_representation": self.pixel_representation}
        return shared


def describe(dataset: Dataset, pixels: PixelElement) -> Description:
    """Read the description. Raises NoPixels for an object without a picture, BrokenPixelData for a senseless one."""
    if "Rows" not in dataset and "Columns" not in dataset:
        raise NoPixels()
    try:
        rows, columns = int(dataset.Rows), int(dataset.Columns)
        bits = int(dataset.get("BitsAllocated") or _BITS.get(pixels.keyword, 0))
        stored = int(dataset.get("BitsStored") or bits)
        high = dataset.get("HighBit")
        found = Description(
            rows=rows,
            columns=columns,
            samples_per_pixel=int(dataset.get("SamplesPerPixel") or 1),
            photometric_interpretation=str(dataset.get("PhotometricInterpretation") or "").strip(),
            planar_configuration=int(dataset.get("PlanarConfiguration") or 0),
            bits_allocated=bits,
            bits_stored=stored,
            high_bit=high if isinstance(high, int) and stored - 1 <= high < bits else stored - 1,
            pixel_representation=int(dataset.get("PixelRepresentation") or 0),
            frames=int(dataset.get("NumberOfFrames") or 1),
            keyword=pixels.keyword,
            vr=pixels.vr,
        )
    except (AttributeError, ValueError, TypeError) as error:
        raise BrokenPixelData(reason=str(error)[:200]) from error
    if rows < 1 or columns < 1 or found.frames < 1 or bits not in _BITS_ALLOWED or not 1 <= stored <= bits:
        raise BrokenPixelData(
            rows=rows, columns=columns, frames=found.frames, bits_allocated=bits, bits_stored=found.bits_stored
        )
    return found
