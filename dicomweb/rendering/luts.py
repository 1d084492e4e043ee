"""Lookup tables of a data set: modality and VOI LUTs, palettes (PS3.3 sections C.11.1, C.11.2, C.7.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from dicomweb.errors import BrokenPixelData

_FULL = 65536
_PALETTE_KEYWORDS = tuple(
    f"{colour}PaletteColorLookupTable{part}" for colour in ("Red", "Green", "Blue") for part in ("Descriptor", "Data")
) + tuple(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue"))


@dataclass(frozen=True, slots=True, eq=False)
class Lut:
    """One output for each input from `first` on; inputs outside take the nearest entry."""

    first: int
    table: NDArray[np.float64]
    largest: float
    """The largest output that the table's bits allow."""

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The outputs for `values`, of the same shape."""
        index = np.clip(np.rint(values).astype(np.int64) - self.first, 0, len(self.table) - 1)
        return self.table[index]


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """RGB of 8 bits for each stored value from `first` on; `table` is entries × 3."""

    first: int
    table: NDArray[np.uint8]

    def apply(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Colours, of the shape of `values` and a last axis of 3."""
        index = np.clip(values.astype(np.int64) - self.first, 0, len(self.table) - 1)
        return self.table[index]


def lut_of(item: Dataset) -> Lut:
    """Read LUTDescriptor and LUTData. Raises BrokenPixelData when they do not fit each other."""
    try:
        entries, first, bits = (int(value) for value in item.LUTDescriptor)
        first = _signed(first, entries or _FULL)
        table = _entries(item.LUTData, entries or _FULL)
    except (AttributeError, ValueError, TypeError) as error:
        raise BrokenPixelData(reason="a lookup table can't be read") from error
    return Lut(first, table, float(2**bits - 1))


def palette_of(dataset: Dataset) -> Palette:
    """The palette, plain or segmented. Raises BrokenPixelData when there is none or it can't be read."""
    try:
        entries, first, _bits = (int(value) for value in dataset.RedPaletteColorLookupTableDescriptor)
        only = Dataset()
        for keyword in _PALETTE_KEYWORDS:
            if keyword in dataset:
                only[keyword] = dataset[keyword]
        only.PhotometricInterpretation = "PALETTE COLOR"
        first = _signed(first, entries or _FULL)
        colours = apply_color_lut(np.arange(first, first + (entries or _FULL)), only)[..., :3]
    except Exception as error:  # whatever pydicom meets in a broken table
        raise BrokenPixelData(reason="the palette can't be read") from error
    # Tables that are said to be of 16 bits but hold 8 are common; taken at their word they are all black.
    if colours.dtype.itemsize > 1 and colours.max(initial=0) > 255:  # noqa: PLR2004
        colours = colours >> 8
    return Palette(first, colours.astype(np.uint8))


def _signed(first: int, entries: int) -> int:
    """The first input; one that leads beyond 16 bits is a negative number that was written as US (section C.11.1.1)."""
    return first - _FULL if first > _FULL // 2 - 1 and first + entries > _FULL else first


def _entries(data: Any, entries: int) -> NDArray[np.float64]:
    if isinstance(data, bytes):
        found = np.frombuffer(data, np.uint8 if len(data) < 2 * entries else "<u2")
    else:
        found = np.asarray(data)
    if len(found) < entries:
        raise ValueError("fewer entries than the descriptor says")
    return found[:entries].astype(np.float64)
