"""A sheet to paint on: each stroke touches only the pixels near it, which is what makes a slice cheap."""

import numpy as np

from test_data.geometry import Field
from test_data.phantoms.drawing import Point, ellipse, mix, segment, soft


class Canvas:
    """An image with coordinates in mm: `x` is 1 × columns, `y` is rows × 1.

    `edge` is the width in mm over which a border blends, about one pixel.
    """

    def __init__(self, image: Field, x: Field, y: Field, edge: float) -> None:
        self.image = image
        self.x = x
        self.y = y
        self.edge = edge
        self._step = float(x[0, 1] - x[0, 0])

    def near(self, low: Point, high: Point) -> tuple[slice, slice]:
        """Return the rows and columns of the box from `low` to `high`, cut at the borders."""
        left, top = float(self.x[0, 0]), float(self.y[0, 0])
        rows, columns = self.image.shape
        first_row, last_row = ((v - top) / self._step for v in (low[1], high[1]))
        first_column, last_column = ((v - left) / self._step for v in (low[0], high[0]))
        return (
            slice(int(np.clip(first_row - 1, 0, rows)), int(np.clip(last_row + 2, 0, rows))),
            slice(int(np.clip(first_column - 1, 0, columns)), int(np.clip(last_column + 2, 0, columns))),
        )

    def ellipse(
        self,
        at: Point,
        half: Point,
        value: float,
        *,
        angle: float = 0.0,
        edge: float | None = None,
        only: Field | None = None,
    ) -> None:
        """Fill an ellipse with `value`; `only` is a cover of the whole image that holds the paint back."""
        edge = self.edge if edge is None else edge
        reach = max(half) + edge
        rows, columns = self.near((at[0] - reach, at[1] - reach), (at[0] + reach, at[1] + reach))
        cover = soft(ellipse(self.x[:, columns], self.y[rows], at, half, angle=angle), edge)
        mix(self.image[rows, columns], cover if only is None else cover * only[rows, columns], value)

    def stroke(
        self,
        start: Point,
        end: Point,
        radius: float,
        value: float,
        *,
        strength: float = 1.0,
        only: Field | None = None,
    ) -> None:
        """Draw a line with round ends; `strength` below 1 lets the ground shine through."""
        reach = radius + self.edge
        low = min(start[0], end[0]) - reach, min(start[1], end[1]) - reach
        high = max(start[0], end[0]) + reach, max(start[1], end[1]) + reach
        rows, columns = self.near(low, high)
        cover = soft(segment(self.x[:, columns], self.y[rows], start, end, radius), self.edge)
        cover *= np.float32(strength)
        mix(self.image[rows, columns], cover if only is None else cover * only[rows, columns], value)
