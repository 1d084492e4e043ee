"""From the stored frame to 8-bit grey or RGB.

Samples of 8 and 16 bits go through one table over all words that there are: the word's unused bits, its sign, the
modality LUT, the window and the inversion are worked out once for each word, and a frame is one look-up for each pixel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomweb.errors import BrokenPixelData
from dicomweb.http.cache import BoundedCache
from dicomweb.pixels.decode import Word, decoded, stored_words
from dicomweb.pixels.picture import Picture
from dicomweb.rendering.display import FrameDisplay
from dicomweb.rendering.window import Window, whole_range

_WHITE = 255
_GREYS = {"MONOCHROME1", "MONOCHROME2"}
_COLOURS = {"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "YBR_PARTIAL_420", "YBR_PARTIAL_422"}
_THREE = 3  # samples of a colour, and axes of a picture in colour

# A series has one window or a few: its frames share the table. 64 kB each.
_TABLES: BoundedCache[NDArray[np.uint8]] = BoundedCache(8 * 2**20, lambda table: table.nbytes)


def eight_bit(picture: Picture, number: int, window: Window | None = None) -> NDArray[np.uint8]:
    """Frame `number` (from 1) as rows × columns, or rows × columns × 3 in RGB.

    `window` replaces what the data set says. Raises NotDecodable, and BrokenPixelData also for a meaning of the samples
    that is not known: a guess could look right and be wrong.
    """
    described = picture.description
    colour, samples = described.photometric_interpretation, described.samples_per_pixel
    if samples == 1 and colour in _GREYS:
        words, word = stored_words(picture, number)
        return _grey(picture, picture.display.of(number), words, word, window)
    if samples == 1 and picture.display.palette is not None:
        words, word = stored_words(picture, number)
        values = word.values()[words] if word.bits else words
        return picture.display.palette.apply(values)
    if samples == _THREE and colour in _COLOURS:
        pixels = decoded(picture, number)
        if pixels.ndim == _THREE and pixels.dtype.kind == "u":
            return (pixels >> max(described.bits_stored - 8, 0)).astype(np.uint8)
    raise BrokenPixelData(photometric_interpretation=colour, samples_per_pixel=samples)


def _grey(
    picture: Picture, display: FrameDisplay, words: NDArray[Any], word: Word, asked: Window | None
) -> NDArray[np.uint8]:
    window = asked or display.window
    if asked is None and display.voi_lut is not None:
        window = None  # the table is the manufacturer's first choice where both are given
    elif window is None:
        window = _automatic(picture, display, words, word)
    inverse = picture.display.inverse
    if not word.bits:
        return _tones(display, words.astype(np.float64), window, inverse=inverse)
    return _table(display, word, window, inverse=inverse).take(words)


def _table(display: FrameDisplay, word: Word, window: Window | None, *, inverse: bool) -> NDArray[np.uint8]:
    """The tone of each word."""
    if window is None or display.modality_lut is not None:
        return _tones(display, word.values(), window, inverse=inverse)
    key = (word, display.slope, display.intercept, window, inverse)
    return _TABLES.get_or_make(key, lambda: _tones(display, word.values(), window, inverse=inverse))


def _tones(display: FrameDisplay, values: NDArray[Any], window: Window | None, *, inverse: bool) -> NDArray[np.uint8]:
    measured = _measured(display, values)
    if window is not None:
        tones = window.apply(measured)
    else:
        assert display.voi_lut is not None  # noqa: S101 - the caller has chosen one of the two
        tones = np.clip(display.voi_lut.apply(measured) / display.voi_lut.largest, 0, 1)
    shown = np.rint(tones * _WHITE).astype(np.uint8)
    return (_WHITE - shown).astype(np.uint8) if inverse else shown


def _measured(display: FrameDisplay, values: NDArray[Any]) -> NDArray[np.float64]:
    """After the modality LUT (PS3.3 section C.11.1)."""
    numbers = np.nan_to_num(values.astype(np.float64), nan=0.0) if values.dtype.kind == "f" else values
    if display.modality_lut is not None:
        return display.modality_lut.apply(numbers.astype(np.float64))
    return np.asarray(numbers * display.slope + display.intercept, dtype=np.float64)


def _automatic(picture: Picture, display: FrameDisplay, words: NDArray[Any], word: Word) -> Window:
    """A window over what occurs in this frame, without padding; single bits keep black and white."""
    if picture.description.bits_stored == 1:
        return whole_range(0, 1)
    if picture.display.largest is not None:
        return whole_range(0, picture.display.largest)
    counted = word.values()[words] if word.bits else words
    if counted.dtype.kind == "f":
        counted = counted[np.isfinite(counted)]
    if picture.display.padding is not None:
        first, last = picture.display.padding
        kept = counted[(counted < first) | (counted > last)]
        counted = kept if kept.size else counted
    if not counted.size:
        return whole_range(0, 1)
    if display.modality_lut is not None:
        table = display.modality_lut.table
        return whole_range(float(table.min()), float(table.max()))
    low, high = sorted(_measured(display, np.array([counted.min(), counted.max()], dtype=np.float64)))
    return whole_range(float(low), float(high))
