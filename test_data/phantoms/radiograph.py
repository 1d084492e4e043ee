"""Frontal radiograph of the chest, as sums of thicknesses along the beam.

Everything is in mm of water along the beam: soft tissue adds, air takes away, bone counts more.
x to the patient's left (right in the picture), y down, origin in the middle of the picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from test_data.geometry import Field, Real
from test_data.phantoms import rib_cage
from test_data.phantoms.drawing import Point, ellipse, segment, smooth, soft
from test_data.phantoms.sheet import Sheet, enlarge
from test_data.uids import random_stream

ROWS, COLUMNS, SPACING = 1760, 1456, 0.24
_COARSE = 2
_Shoot = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Radiograph:
    """One exposure; `infiltrate` is the strength of a shadow in the right lower field, 0 for none."""

    modality: Literal["CR", "DX"]
    photometric: Literal["MONOCHROME1", "MONOCHROME2"]
    infiltrate: float = 0.0
    heart: float = 1.0


def draw(picture: Radiograph, seed: str) -> Field:
    """Return the picture, 0 for black air to 4095 for white metal."""
    sheet = Sheet.centred(ROWS // _COARSE, COLUMNS // _COARSE, SPACING * _COARSE)
    water = _soft_tissue(sheet, picture)
    water += rib_cage.draw(sheet)
    _marker(sheet, water)
    fine = enlarge(smooth(water), _COARSE)
    exposure = np.exp(-fine / 75)
    random = random_stream(seed, "quanta")
    noise = smooth(random.standard_normal(fine.shape, dtype=np.float32)) / np.float32(0.375)
    fine += noise * (0.9 + 0.25 / np.sqrt(exposure + 0.01))
    level = 1 / (1 + np.exp(-(fine - 122) / 42))
    grey: Field = np.clip(level * 4095, 0, 4095).astype(np.float32)
    return grey


def _soft_tissue(sheet: Sheet, picture: Radiograph) -> Field:
    x, y = sheet.x, sheet.y
    neck, trunk = np.float32(58), np.float32(162)
    wide = neck + (trunk + 16 - neck) / (1 + np.exp(-(y + 172) / 9)) - 16 / (1 + np.exp(-(y + 60) / 25))
    thick = 115 + 85 / (1 + np.exp(-(y + 130) / 45)) + 40 / (1 + np.exp(-(y - 120) / 25))
    water: Field = (thick * _dome(x / wide) ** 0.8).astype(np.float32)
    for side in (-1, 1):
        arm = segment(x, y, (side * 105, -128), (side * 205, -95), 0)
        low = segment(x, y, (side * 205, -95), (side * 222, 90), 0)
        water = np.maximum(water, 118 * _dome(np.minimum(arm / 58, low / 44)))
    lungs = _lungs(sheet, picture)
    water -= (104 - 0.06 * y) * lungs
    heart = _dome(_radius(sheet, (26, 72), (64 * picture.heart, 48 * picture.heart), 32))
    water += 36 * heart
    water += 22 * _dome(_radius(sheet, (-16, 62), (30, 46), 0)) + 26 * _dome(_radius(sheet, (30, -46), (19, 19), 0))
    water += 20 * soft(np.abs(x - 27) - 9 + 0 * y, 5) * soft(np.abs(y - 50) - 100, 40)
    water -= 26 * soft(np.abs(x + 1) - 8.5 + 0 * y, 3) * soft(y + 42, 25)
    for side in (-1, 1):
        bronchus = soft(segment(x, y, (0, -44), (side * 34, -16 - 6 * side), 6), 3)
        water -= 15 * bronchus
    water -= 75 * _dome(_radius(sheet, (66, 146), (34, 20), -8))
    _vessels(sheet, water, lungs)
    if picture.infiltrate:
        patch = np.exp(-(((x + 82) / 26) ** 2) - ((y - 62) / 24) ** 2)
        cloud = smooth(random_stream("cloud").standard_normal(water.shape, dtype=np.float32), 90)
        water += picture.infiltrate * patch * np.clip(0.9 + cloud / cloud.std() * 0.35, 0, 2) * lungs**0.5
    return water


def _dome(radius: Real) -> Field:
    """Return the thickness of an ellipsoid over its middle's: 1 in the middle, 0 outside."""
    dome: Field = np.sqrt(np.clip(1 - radius * radius, 0, 1)).astype(np.float32, copy=False)
    return dome


def _radius(sheet: Sheet, at: Point, half: Point, angle: float) -> Field:
    return ellipse(sheet.x, sheet.y, at, half, angle=angle) / np.float32(min(half)) + 1


def _lungs(sheet: Sheet, picture: Radiograph) -> Field:
    """Return how much air there is along the beam, 1 in the middle of a lung."""
    x, y = sheet.x, sheet.y
    air = np.zeros(sheet.shape, dtype=np.float32)
    for side, dome in ((-1, 112.0), (1, 124.0)):
        shape = ellipse(x, y, (side * 66, 20), (70, 172), power=2.3)
        shape = np.maximum(shape, -ellipse(x, y, (side * 62, dome + 92), (92, 92)))
        shape = np.maximum(shape, 16 + 12 * np.exp(-(((y + 10) / 40) ** 2)) - side * x)
        if side > 0:
            edge = ellipse(x, y, (26, 72), (60 * picture.heart, 45 * picture.heart), angle=32)
            shape = np.maximum(shape, -edge - 14)
        inside = np.clip(-shape / 46, 0, 1)
        air += np.sqrt(np.clip(1 - (1 - inside) ** 2, 0, 1)).astype(np.float32)
    return air


def _vessels(sheet: Sheet, water: Field, lungs: Field) -> None:
    """Add the shadows of the lung vessels, forking outwards from the hila."""
    for side in (-1, 1):
        random = random_stream("radiograph vessels", side)
        shoots: list[_Shoot] = [
            (side * 30.0, -8.0 - 6 * side, turn + random.normal(0, 0.1), 3.8) for turn in np.linspace(-1.35, 1.45, 11)
        ]
        for _ in range(7):
            shoots = [fork for shoot in shoots for fork in _fork(sheet, water, lungs, shoot, random)]


def _fork(sheet: Sheet, water: Field, lungs: Field, shoot: _Shoot, random: np.random.Generator) -> Iterator[_Shoot]:
    """Add one vessel and yield the two it forks into: x, y, direction and radius of each."""
    x, y, turn, radius = shoot
    side = 1 if x > 0 else -1
    length = (8 + 3.2 * radius) * random.uniform(0.8, 1.2)
    end = x + side * length * np.cos(turn), y + length * np.sin(turn)
    sheet.tube(water, (x, y), end, radius, 2.7 * radius, only=lungs)
    for sign, thinner in ((1, random.uniform(0.74, 0.9)), (-1, random.uniform(0.5, 0.75))):
        yield end[0], end[1], turn + sign * random.uniform(0.12, 0.4), radius * thinner


def _marker(sheet: Sheet, water: Field) -> None:
    """Lay the lead letter R on the patient's right side."""
    left, top, size = -160.0, -196.0, 11.0
    strokes = (
        ((0, 0), (0, 1)),
        ((0, 0), (0.5, 0.05)),
        ((0.5, 0.05), (0.5, 0.45)),
        ((0.5, 0.45), (0, 0.5)),
        ((0.2, 0.5), (0.6, 1)),
    )
    for (x0, y0), (x1, y1) in strokes:
        start, end = (left + size * x0, top + size * y0), (left + size * x1, top + size * y1)
        sheet.tube(water, start, end, 0.9, 260.0)
