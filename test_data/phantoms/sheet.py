"""A projection: thicknesses add up instead of covering each other."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from test_data.geometry import Field
from test_data.phantoms.drawing import Point, segment, smooth


@dataclass(frozen=True)
class Sheet:
    """Coordinates of a projection in mm: `x` is 1 × columns, `y` is rows × 1."""

    x: Field
    y: Field
    step: float

    @classmethod
    def centred(cls, rows: int, columns: int, step: float) -> "Sheet":
        """Return a sheet with its origin in the middle."""
        x = (np.arange(columns, dtype=np.float32) - np.float32((columns - 1) / 2)) * np.float32(step)
        y = (np.arange(rows, dtype=np.float32) - np.float32((rows - 1) / 2)) * np.float32(step)
        return cls(x[None, :], y[:, None], step)

    @property
    def shape(self) -> tuple[int, int]:
        """Return rows and columns."""
        return self.y.shape[0], self.x.shape[1]

    def box(self, points: list[Point], reach: float) -> tuple[slice, slice]:
        """Return the rows and columns around `points`, cut at the borders."""
        rows, columns = self.shape
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        edges = [
            int((value - float(origin)) / self.step)
            for value, origin in (
                (min(ys) - reach, self.y[0, 0]),
                (max(ys) + reach, self.y[0, 0]),
                (min(xs) - reach, self.x[0, 0]),
                (max(xs) + reach, self.x[0, 0]),
            )
        ]
        low, high, left, right = edges
        return (
            slice(min(max(low, 0), rows), min(max(high + 2, 0), rows)),
            slice(min(max(left, 0), columns), min(max(right + 2, 0), columns)),
        )

    def distance(self, points: list[Point], window: tuple[slice, slice]) -> Field:
        """Return the distance to a line through `points`, in `window`."""
        rows, columns = window
        x, y = self.x[:, columns], self.y[rows]
        nearest = segment(x, y, points[0], points[1], 0)
        for start, end in pairwise(points[1:]):
            nearest = np.minimum(nearest, segment(x, y, start, end, 0))
        return nearest

    def tube(
        self, water: Field, start: Point, end: Point, radius: float, thick: float, *, only: Field | None = None
    ) -> None:
        """Add a straight tube, `thick` in its middle; `only` weakens it."""
        window = self.box([start, end], radius + 1)
        across = self.distance([start, end], window) / np.float32(radius)
        shadow = np.float32(thick) * np.sqrt(np.clip(1 - across * across, 0, 1))
        water[window] += shadow if only is None else shadow * only[window]


def enlarge(coarse: Field, factor: int) -> Field:
    """Return the picture with `factor` times the rows and columns, smoothed between the old pixels."""
    return smooth(np.repeat(np.repeat(coarse, factor, axis=0), factor, axis=1), factor)
