"""A branching tree of vessels for each lung, as tubes in space."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from test_data.geometry import Field
from test_data.phantoms.canvas import Canvas
from test_data.uids import random_stream

_HILA = ((-34.0, 4.0, 18.0), (38.0, 8.0, 24.0))
_GENERATIONS = 8


@dataclass(frozen=True, slots=True)
class _Shoot:
    start: NDArray[np.float64]
    direction: NDArray[np.float64]
    radius: float


@cache
def tubes() -> Field:
    """Return all tubes of both lungs: one row per tube, x y z of its two ends and its radius, in mm."""
    found: list[tuple[float, ...]] = []
    for side, hilum in zip((-1.0, 1.0), _HILA, strict=True):
        random = random_stream("lung vessels", int(side))
        shoots = []
        for index in range(28):
            turn = 2 * np.pi * (index / 14)
            away = np.array((side * (0.5 if index < 14 else 1.3), 0.85 * np.cos(turn), 1.45 * np.sin(turn) - 0.35))
            away += random.normal(0, 0.25, 3)
            shoots.append(_Shoot(np.array(hilum), away / np.linalg.norm(away), 3.4))
        for _ in range(_GENERATIONS):
            shoots = [fork for shoot in shoots for fork in _grow(found, random, shoot)]
    return np.array(found, dtype=np.float32)


def _grow(found: list[tuple[float, ...]], random: np.random.Generator, shoot: _Shoot) -> list[_Shoot]:
    """Note down the tube of one shoot and return the two it forks into, one of them thinner."""
    end = shoot.start + shoot.direction * (9.5 + 4.2 * shoot.radius) * random.uniform(0.7, 1.2)
    found.append((*shoot.start, *end, shoot.radius))
    aside = np.cross(shoot.direction, random.normal(size=3))
    aside /= np.linalg.norm(aside)
    forks = []
    for sign, thinner in ((1, random.uniform(0.74, 0.9)), (-1, random.uniform(0.55, 0.78))):
        turned = shoot.direction + sign * aside * random.uniform(0.2, 0.55)
        forks.append(_Shoot(end, turned / np.linalg.norm(turned), shoot.radius * thinner))
    return forks


def paint(canvas: Canvas, z: float, thickness: float, lung: Field) -> None:
    """Draw what a slice of `thickness` mm around `z` shows of the tubes, inside the cover `lung`."""
    every = tubes()
    z0, z1, radius = every[:, 2], every[:, 5], every[:, 6]
    low, high = z - thickness / 2, z + thickness / 2
    hit = (np.minimum(z0, z1) - radius < high) & (np.maximum(z0, z1) + radius > low) & (radius > 0.35)
    for x0, y0, z_start, x1, y1, z_end, r in every[hit].tolist():
        dz = z_end - z_start or 1e-6
        enter, leave = sorted(float(np.clip((v - z_start) / dz, 0, 1)) for v in (low, high))
        start = x0 + enter * (x1 - x0), y0 + enter * (y1 - y0)
        end = x0 + leave * (x1 - x0), y0 + leave * (y1 - y0)
        steepness = abs(dz) / max(float(np.hypot(np.hypot(x1 - x0, y1 - y0), dz)), 1e-6)
        # A thin tube lying in the slice fills only part of its thickness; one that crosses it fills it all.
        filled = min(1.0, max(steepness, 1.5 * r / thickness))
        canvas.stroke(start, end, max(r, 0.5), 35.0, strength=filled, only=lung)
