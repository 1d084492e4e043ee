"""Planes in the patient: the same plane draws the picture and fills the header."""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Real = NDArray[np.floating[Any]]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Plane:
    """A grid of pixels in patient coordinates: mm, x to the left, y to the back, z to the head (PS3.3 C.7.6.2).

    `origin` is the centre of the first pixel, `row` the unit vector along a row (rising column index),
    `column` the one down a column, `spacing` the side of a square pixel in mm.
    """

    origin: Vector
    row: Vector
    column: Vector
    spacing: float
    rows: int
    columns: int

    @cached_property
    def points(self) -> tuple[Field, Field, Field]:
        """Return x, y and z of every pixel centre, each rows × columns, in mm."""
        across = np.arange(self.columns, dtype=np.float32) * np.float32(self.spacing)
        down = np.arange(self.rows, dtype=np.float32)[:, None] * np.float32(self.spacing)
        x, y, z = (
            np.float32(o) + np.float32(r) * across + np.float32(c) * down
            for o, r, c in zip(self.origin, self.row, self.column, strict=True)
        )
        return x, y, z

    @property
    def position(self) -> list[str]:
        """Return ImagePositionPatient."""
        return [_decimal(value) for value in self.origin]

    @property
    def orientation(self) -> list[str]:
        """Return ImageOrientationPatient."""
        return [_decimal(value) for value in (*self.row, *self.column)]

    def moved(self, by: Vector) -> "Plane":
        """Return the plane shifted by a vector in mm."""
        x, y, z = (o + d for o, d in zip(self.origin, by, strict=True))
        return replace(self, origin=(x, y, z))


def _decimal(value: float) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def stack(*, centre: Vector, count: int, step: float, spacing: float, matrix: int, tilt: float = 0.0) -> list[Plane]:
    """Return `count` parallel transverse planes from the head downwards, `step` mm apart.

    `centre` is the middle of the stack. `tilt` in degrees turns the stack around the left-right axis:
    positive lifts the front edge, as along the line from the glabella to the occiput.
    """
    angle = math.radians(tilt)
    row = (1.0, 0.0, 0.0)
    column = (0.0, math.cos(angle), -math.sin(angle))
    normal = (0.0, math.sin(angle), math.cos(angle))
    half = (matrix - 1) / 2 * spacing
    planes = []
    for index in range(count):
        along = ((count - 1) / 2 - index) * step
        x, y, z = (c + along * n - half * (r + d) for c, n, r, d in zip(centre, normal, row, column, strict=True))
        planes.append(Plane((x, y, z), row, column, spacing, matrix, matrix))
    return planes
