"""From the samples of a frame to 8-bit grey or RGB."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import BrokenPixelData
from dicomweb.pixels.picture import Picture
from dicomweb.rendering.display import FrameDisplay
from dicomweb.rendering.window import Window, whole_range

_WHITE = 255
_NARROW = 2  # bytes: up to this, a table over all values that occur is quicker than arithmetic on each pixel
_GREY = 2  # axes of a grey frame
_COLOURS = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420", "YBR_PARTIAL_422"}


def eight_bit(picture: Picture, number: int, samples: NDArray[Any], window: Window | None = None) -> NDArray[np.uint8]:
    """Frame `number` as rows × columns, or rows × columns × 3 in RGB.

    `samples` are decoded and, where in colour, RGB. `window` replaces what the data set says. Raises
    BrokenPixelData for a meaning of the samples that is not known: a guess could look right and be wrong.
    """
    colour = picture.description.photometric_interpretation
    if colour in {"MONOCHROME1", "MONOCHROME2"} and samples.ndim == _GREY:
        return _grey(picture, picture.display.of(number), samples, window)
    if picture.display.palette is not None and samples.ndim == _GREY:
        return picture.display.palette.apply(samples)
    if colour in _COLOURS and samples.ndim > _GREY:
        shift = max(picture.description.bits_stored - 8, 0)
        return (samples >> shift).astype(np.uint8)
    raise BrokenPixelData(photometric_interpretation=colour, axes=samples.ndim)


def _grey(picture: Picture, display: FrameDisplay, samples: NDArray[Any], asked: Window | None) -> NDArray[np.uint8]:
    window = asked or display.window
    if window is None and (display.voi_lut is None):
        window = _automatic(picture, display, samples)
    if asked is None and display.voi_lut is not None:
        window = None  # the table is the manufacturer's first choice where both are given
    inverse = picture.display.inverse
    if samples.dtype.kind in "iu" and samples.dtype.itemsize <= _NARROW:
        low, high = int(samples.min()), int(samples.max())
        table = _tones(display, np.arange(low, high + 1, dtype=np.float64), window, inverse=inverse)
        return table[samples.astype(np.int32) - low]
    return _tones(display, samples.astype(np.float64), window, inverse=inverse)


def _tones(
    display: FrameDisplay, values: NDArray[np.float64], window: Window | None, *, inverse: bool
) -> NDArray[np.uint8]:
    values = _measured(display, np.nan_to_num(values, nan=0.0))
    if window is not None:
        tones = window.apply(values)
    else:
        assert display.voi_lut is not None  # noqa: S101 - the caller has chosen one of the two
        tones = np.clip(display.voi_lut.apply(values) / display.voi_lut.largest, 0, 1)
    shown = np.rint(tones * _WHITE).astype(np.uint8)
    return (_WHITE - shown).astype(np.uint8) if inverse else shown


def _measured(display: FrameDisplay, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """After the modality LUT (PS3.3 section C.11.1)."""
    if display.modality_lut is not None:
        return display.modality_lut.apply(values)
    return values * display.slope + display.intercept


def _automatic(picture: Picture, display: FrameDisplay, samples: NDArray[Any]) -> Window:
    """A window over what occurs in this frame, without padding; single bits keep black and white."""
    if picture.description.bits_stored == 1:
        return whole_range(0, 1)
    counted = samples.reshape(-1)
    if counted.dtype.kind == "f":
        counted = counted[np.isfinite(counted)]
    if picture.display.padding is not None:
        first, last = picture.display.padding
        kept = counted[(counted < first) | (counted > last)]
        counted = kept if kept.size else counted
    if not counted.size:
        return whole_range(0, 1)
    ends = np.array([counted.min(), counted.max()], dtype=np.float64)
    if display.modality_lut is not None:
        ends = np.array([display.modality_lut.table.min(), display.modality_lut.table.max()])
        return whole_range(*ends)
    low, high = sorted(_measured(display, ends))
    return whole_range(float(low), float(high))
