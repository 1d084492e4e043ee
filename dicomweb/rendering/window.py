"""VOI windows (PS3.3 section C.11.2.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LINEAR, LINEAR_EXACT, SIGMOID = "LINEAR", "LINEAR_EXACT", "SIGMOID"
FUNCTIONS = (LINEAR, LINEAR_EXACT, SIGMOID)


@dataclass(frozen=True, slots=True)
class Window:
    """A window: centre and width in the units after the modality LUT."""

    centre: float
    width: float
    function: str = LINEAR

    @classmethod
    def sensible(cls, centre: float, width: float, function: str) -> Window | None:
        """The window if the standard allows it: LINEAR wants a width of at least 1, the others more than 0."""
        wide_enough = width >= 1 if function == LINEAR else width > 0
        if function not in FUNCTIONS or not wide_enough or not math.isfinite(centre) or not math.isfinite(width):
            return None
        return cls(centre, width, function)

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Tones from 0 to 1, of the shape of `values`."""
        if self.function == SIGMOID:
            return 1 / (1 + np.exp(np.clip(-4 * (values - self.centre) / self.width, -700, 700)))
        # Section C.11.2.1.2.1: LINEAR counts whole steps, hence the half and the one.
        centre, width = (self.centre - 0.5, self.width - 1) if self.function == LINEAR else (self.centre, self.width)
        if width == 0:
            return (values > centre).astype(np.float64)
        return np.clip((values - centre) / width + 0.5, 0, 1)


def whole_range(low: float, high: float) -> Window:
    """The window that shows everything from `low` to `high`; what is all the same is shown black."""
    if low == high:
        return Window(low + 0.5, 1.0, LINEAR_EXACT)
    return Window((low + high) / 2, max(high - low, np.finfo(np.float64).tiny), LINEAR_EXACT)
