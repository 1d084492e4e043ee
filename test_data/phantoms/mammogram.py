"""Mammograms: two projections of each breast, with a cluster of fine calcifications in the left one."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from test_data.geometry import Field
from test_data.phantoms.drawing import ellipse, mix, smooth, soft
from test_data.uids import random_stream

ROWS, COLUMNS, SPACING = 1536, 1152, 0.15
_SPECKS = 15


@dataclass(frozen=True, slots=True)
class Mammogram:
    """One view of one breast."""

    laterality: Literal["R", "L"]
    view: Literal["CC", "MLO"]
    calcifications: bool = False


def draw(picture: Mammogram, seed: str) -> Field:
    """Return the picture, 0 for air to 4095; the chest wall is left in a left breast, right in a right one."""
    random = random_stream(seed, picture.laterality, picture.view)
    x = (np.arange(COLUMNS, dtype=np.float32) * np.float32(SPACING))[None, :]
    y = (np.arange(ROWS, dtype=np.float32) * np.float32(SPACING))[:, None]
    oblique = picture.view == "MLO"
    middle = 132.0 if oblique else 115.0
    half = (104.0, 92.0) if oblique else (100.0, 84.0)
    skin = ellipse(x, y, (-4, middle), half, power=2.15)
    if oblique:  # the fold towards the armpit
        armpit = ellipse(x, y, (-18, 30), (84, 130), angle=-14)
        skin = -14 * np.log(np.exp(-skin / 14) + np.exp(-armpit / 14)) + 4
    nipple = (-4 + half[0], middle)
    inside = np.clip(-skin / 17, 0, 1)
    thick = np.sqrt(np.clip(1 - (1 - inside) ** 2, 0, 1)).astype(np.float32)
    level = 760 * thick + _gland(random, x, y, nipple, thick)
    if oblique:
        _pectoral(random, level, x, y)
    _vessels(random, level, x, y, middle)
    cover = soft(skin, 0.3)
    mix(level, cover * soft(np.abs(skin + 0.7) - 0.3, 0.8), 620.0)
    level *= cover
    mix(level, soft(ellipse(x, y, (nipple[0] - 0.5, nipple[1]), (4.6, 4.2), power=2.6), 2.4), 1050.0)
    noise = smooth(random.standard_normal(level.shape, dtype=np.float32)) * np.float32(48)
    level += noise * (0.15 + 0.85 * cover)
    if picture.calcifications:
        _specks(seed, level, x, y, nipple)
    grey: Field = np.clip(level + 90, 0, 4095)
    return grey[:, ::-1] if picture.laterality == "R" else grey


def cloud(random: np.random.Generator, shape: tuple[int, int], slope: float, stretch: float) -> Field:
    """Return a random texture of unit variance whose amplitude falls with frequency to the power `slope`.

    `stretch` above 1 draws it out along the rows.
    """
    white = np.fft.rfft2(random.standard_normal(shape, dtype=np.float32))
    fy = np.fft.fftfreq(shape[0])[:, None]
    fx = np.fft.rfftfreq(shape[1])[None, :] * stretch * shape[1] / shape[0]
    frequency = np.hypot(fx, fy) + 1.5 / shape[0]
    texture = np.fft.irfft2(white / frequency**slope, s=shape).astype(np.float32)
    texture -= texture.mean()
    normalised: Field = texture / texture.std()
    return normalised


def _gland(random: np.random.Generator, x: Field, y: Field, nipple: tuple[float, float], thick: Field) -> Field:
    """Return fibroglandular tissue: a cone that opens from the nipple to the chest wall, with strands."""
    coarse = cloud(random, (ROWS, COLUMNS), 1.75, 1.5)
    fine = cloud(random, (ROWS, COLUMNS), 1.25, 2.2)
    strands = np.exp(-np.abs(cloud(random, (ROWS, COLUMNS), 1.5, 1.7)) * 7)
    cone = ellipse(x, y, (nipple[0] - 50, nipple[1] - 4), (44, 46), power=1.8) + 5 * coarse
    dense = soft(cone.astype(np.float32), 26)
    glandular = dense * (760 + 330 * coarse + 170 * fine) + (120 + 160 * dense) * strands + 45 * fine
    gland: Field = (np.maximum(glandular, -200) * thick).astype(np.float32)
    return gland


def _pectoral(random: np.random.Generator, level: Field, x: Field, y: Field) -> None:
    edge = x - 62 + 0.00245 * (y + 8) ** 2 + 2.5 * np.sin(y / 23)
    fibres = cloud(random, (ROWS, COLUMNS), 1.3, 0.5)
    level += soft(edge.astype(np.float32), 2.2) * (930 + 60 * fibres)


def _vessels(random: np.random.Generator, level: Field, x: Field, y: Field, middle: float) -> None:
    for _ in range(4):
        begin, slope = middle + random.uniform(-55, 55), random.uniform(-0.35, 0.35)
        bend, phase = random.uniform(2, 5), random.uniform(0, 6)
        line = np.abs(y - begin - slope * x - bend * np.sin(x / 14 + phase)) - np.float32(0.9)
        reach = soft(np.abs(x - 45) - 32, 12)
        level += 170 * soft(line.astype(np.float32), 0.9) * reach


def _specks(seed: str, level: Field, x: Field, y: Field, nipple: tuple[float, float]) -> None:
    """Add a cluster of bright specks of 0.2 to 0.5 mm within 9 mm, at one distance behind the nipple."""
    random = random_stream(seed, "specks")
    centre = nipple[0] - 47, nipple[1] - 19
    for _ in range(_SPECKS):
        at = centre + random.normal(0, 2.4, 2)
        wide, tall = random.uniform(0.14, 0.30, 2)
        rows = slice(int(at[1] / SPACING) - 12, int(at[1] / SPACING) + 13)
        columns = slice(int(at[0] / SPACING) - 12, int(at[0] / SPACING) + 13)
        spot = np.exp(-(((x[:, columns] - at[0]) / wide) ** 2) - ((y[rows] - at[1]) / tall) ** 2)
        level[rows, columns] += spot.astype(np.float32) * np.float32(random.uniform(800, 1500))
