"""A brush for ellipsoids cut by any plane."""

import numpy as np

from test_data.geometry import Field, Vector
from test_data.phantoms.drawing import mix, soft, turned


class Solids:
    """An image of a plane and the x, y and z of its pixels in mm."""

    def __init__(self, image: Field, points: tuple[Field, Field, Field], edge: float) -> None:
        self.image = image
        self.points = points
        self.edge = edge

    def cover(self, at: Vector, half: Vector, *, angle: float = 0.0, edge: float | None = None) -> Field | None:
        """Return the cover of an ellipsoid turned by `angle` degrees around z, or None where the plane misses it."""
        x, y, z = self.points
        reach = max(half) + 3
        flat = z[:, 0]
        if flat.min() > at[2] + reach or flat.max() < at[2] - reach:
            return None
        u, v = turned(x - np.float32(at[0]), y - np.float32(at[1]), angle)
        w = z - np.float32(at[2])
        radius = np.sqrt((u / half[0]) ** 2 + (v / half[1]) ** 2 + (w / half[2]) ** 2)
        shape: Field = ((radius - 1) * min(half)).astype(np.float32)
        return soft(shape, self.edge if edge is None else edge)

    def ellipsoid(
        self,
        at: Vector,
        half: Vector,
        value: float,
        *,
        angle: float = 0.0,
        edge: float | None = None,
        only: Field | None = None,
    ) -> None:
        """Fill an ellipsoid with `value`; `only` is a cover that holds the paint back."""
        cover = self.cover(at, half, angle=angle, edge=edge)
        if cover is not None:
            mix(self.image, cover if only is None else cover * only, value)

    def pair(
        self,
        at: Vector,
        half: Vector,
        value: float,
        *,
        angle: float = 0.0,
        edge: float | None = None,
        only: Field | None = None,
    ) -> None:
        """Fill an ellipsoid on the left and its mirror image on the right."""
        self.ellipsoid(at, half, value, angle=angle, edge=edge, only=only)
        self.ellipsoid((-at[0], at[1], at[2]), half, value, angle=-angle, edge=edge, only=only)
