"""MR of the head: spin echo pictures, T1- or T2-weighted, of one anatomy."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from test_data.geometry import Field, Plane, stack
from test_data.phantoms.drawing import smooth
from test_data.phantoms.head import Tissue, draw_head
from test_data.uids import random_stream

_ORDER = (
    *(Tissue.AIR, Tissue.SKIN, Tissue.FAT, Tissue.MUSCLE, Tissue.CORTEX, Tissue.DIPLOE, Tissue.CSF),
    *(Tissue.GREY, Tissue.WHITE, Tissue.NUCLEI, Tissue.FALX, Tissue.CALCIUM, Tissue.VITREOUS, Tissue.LESION),
)
LOOKS = {
    "T1": dict(zip(_ORDER, (4, 420, 900, 330, 40, 420, 120, 380, 545, 430, 330, 260, 130, 470), strict=True)),
    "T2": dict(zip(_ORDER, (4, 300, 520, 170, 30, 230, 980, 470, 345, 400, 200, 150, 1000, 690), strict=True)),
}


@dataclass(frozen=True, slots=True)
class MrHead:
    """One series; lengths in mm, `tilt` in degrees around the left-right axis."""

    weighting: Literal["T1", "T2"]
    slices: int = 24
    thickness: float = 5.0
    gap: float = 1.0
    tilt: float = 0.0
    spacing: float = 0.859375


def planes(series: MrHead) -> list[Plane]:
    """Return the slices from the vertex downwards."""
    step = series.thickness + series.gap
    return stack(
        centre=(0, 2, 14), count=series.slices, step=step, spacing=series.spacing, matrix=256, tilt=series.tilt
    )


def draw(series: MrHead, seed: str) -> Iterator[tuple[Plane, Field]]:
    """Yield the plane and the signal in arbitrary units of every slice.

    Signal is the magnitude of a noisy complex number, brighter near the coil, as in the real thing.
    """
    for number, plane in enumerate(planes(series)):
        x, y, z = plane.points
        signal = smooth(draw_head(plane, LOOKS[series.weighting], seed))
        signal *= 1 + 0.10 * np.cos(x / 85 + 0.4) * np.cos(y / 100 - 0.3) + 0.0006 * z
        random = random_stream(seed, series.weighting, number)
        real, imaginary = random.standard_normal((2, *signal.shape), dtype=np.float32) * np.float32(9)
        magnitude: Field = np.hypot(signal + real, imaginary).astype(np.float32)
        yield plane, magnitude
