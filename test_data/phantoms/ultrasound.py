"""Ultrasound of a beating heart: an apical view of four chambers in a sector, one heartbeat.

Millimetres with the transducer at (0, 0), x to the right, y away from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from test_data.geometry import Field
from test_data.phantoms.drawing import ellipse, mix, segment, smooth, soft
from test_data.uids import random_stream

ROWS, COLUMNS = 480, 640
DEPTH = 165.0
SPACING = 0.375
APEX_COLUMN, APEX_ROW = 320, 16
HALF_ANGLE = 0.72
_HEART = (6.0, 66.0)


@dataclass(frozen=True, slots=True)
class Ultrasound:
    """One loop of a whole heartbeat."""

    frames: int = 24
    rate: float = 25.0


@dataclass(frozen=True, slots=True)
class _Probe:
    """The sector and the interference pattern that sticks to the tissue."""

    x: Field
    y: Field
    depth: Field
    cover: Field
    speckle: Field


def draw(picture: Ultrasound, seed: str) -> NDArray[np.uint8]:
    """Return the frames of one beat, frames × rows × columns, 8 bits."""
    probe = _probe(seed)
    frames = np.empty((picture.frames, ROWS, COLUMNS), dtype=np.uint8)
    for number, echo in enumerate(_frames(probe, picture, seed)):
        frames[number] = echo
        _annotate(frames[number], number / picture.frames)
    return frames


def squeeze(phase: float) -> float:
    """Return how far the ventricles are contracted at a `phase` of the beat, 0…1."""
    if phase < 0.38:
        return float(np.sin(np.pi * phase / 0.76) ** 2)
    return float(np.exp(-(((phase - 0.38) / 0.16) ** 2)))


def _probe(seed: str) -> _Probe:
    x = ((np.arange(COLUMNS, dtype=np.float32) - APEX_COLUMN) * np.float32(SPACING))[None, :]
    y = ((np.arange(ROWS, dtype=np.float32) - APEX_ROW) * np.float32(SPACING))[:, None]
    depth: Field = np.hypot(x, y)
    angle = np.arctan2(x + 0 * y, y + 0 * x)
    edge = np.maximum(np.abs(angle) - HALF_ANGLE, 0) * depth
    cover = soft((edge - 0.3).astype(np.float32), 0.6) * soft(depth - np.float32(DEPTH), 0.6)
    cover *= soft(4 - depth, 0.6)
    # Speckle has the resolution of the beam: fine along it, coarser across it.
    random = random_stream(seed, "speckle")
    beams = random.standard_normal((2, 900, 200), dtype=np.float32)
    wave = np.stack([smooth(part, 2) for part in beams])
    amplitude = np.hypot(wave[0], wave[1])
    speckle: Field = (amplitude / amplitude.mean()).astype(np.float32)
    return _Probe(x, y, depth, cover, speckle)


def _frames(probe: _Probe, picture: Ultrasound, seed: str) -> Iterator[NDArray[np.uint8]]:
    for number in range(picture.frames):
        phase = number / picture.frames
        x, y = _undeformed(probe, squeeze(phase))
        echo = _tissue(x, y)
        _valves(echo, probe, phase)
        depth, angle = np.hypot(x, y), np.arctan2(x, y)
        row = np.clip(depth / DEPTH * 820, 0, 898).astype(np.intp)
        column = np.clip((angle / HALF_ANGLE + 1.15) / 2.3 * 198, 0, 198).astype(np.intp)
        amplitude = echo * probe.speckle[row, column]
        amplitude *= np.exp(-probe.depth / 260) * (1 + 0.8 * np.exp(-probe.depth / 9))
        noise = random_stream(seed, "noise", number).standard_normal(amplitude.shape, dtype=np.float32)
        amplitude += np.abs(noise) * np.float32(0.006) * (1 + probe.depth / 60)
        decibels = 20 * np.log10(amplitude + 1e-4)
        grey = np.clip((decibels + 47) / 50, 0, 1) ** 1.15 * 235 * probe.cover
        yield smooth(grey.astype(np.float32)).astype(np.uint8)


def _undeformed(probe: _Probe, contracted: float) -> tuple[Field, Field]:
    """Return where the tissue seen at each pixel lies when the heart is at rest.

    Walls move towards the long axis and the valves' plane towards the apex, fading out with distance.
    """
    dx, dy = probe.x - np.float32(_HEART[0]), probe.y - np.float32(_HEART[1])
    near = np.exp(-((dx / 62) ** 2) - (dy / 60) ** 2)
    x = _HEART[0] + dx * (1 + 0.34 * contracted * near)
    y = probe.y + 13 * contracted * near * np.clip((probe.y - 20) / 60, 0, 1.2)
    return x.astype(np.float32), y.astype(np.float32)


def _tissue(x: Field, y: Field) -> Field:
    """Return the strength of the echo of the heart at rest."""
    echo = np.full(x.shape, 0.05, dtype=np.float32)
    mix(echo, soft(y - 22, 10), 0.22)
    outer = np.minimum(ellipse(x, y, (4, 78), (54, 62), power=2.2), ellipse(x, y, (2, 118), (50, 34), power=2.4))
    mix(echo, soft(np.abs(outer - 1.5) - 1.3, 1.5), 0.7)
    mix(echo, soft(outer, 1.5), 0.24)
    for at, half, angle in (
        ((24.0, 68.0), (19.0, 39.0), 6.0),  # left ventricle
        ((-24.0, 74.0), (14.0, 31.0), -12.0),  # right ventricle
        ((26.0, 124.0), (20.0, 18.0), 0.0),  # left atrium
        ((-21.0, 123.0), (19.0, 18.0), 0.0),  # right atrium
    ):
        cavity = ellipse(x, y, at, half, angle=-angle, power=2.3)
        mix(echo, soft(np.abs(cavity - 0.6) - 0.7, 1.0), 0.5)
        mix(echo, soft(cavity, 1.2), 0.011)
    mix(echo, soft(segment(x, y, (3, 108), (2, 142), 1.6), 1.0), 0.42)
    for side in (-52.0, -3.0, 5.0, 49.0):
        mix(echo, soft(ellipse(x, y, (side, 106), (4.0, 3.0)), 1.5), 0.85)
    return echo


def _valves(echo: Field, probe: _Probe, phase: float) -> None:
    """Draw the leaflets: shut while the ventricles contract, open afterwards."""
    opened = float(np.clip(1 - 2.2 * squeeze(phase), 0, 1)) * (0.75 + 0.25 * float(np.cos(4 * np.pi * phase)))
    lift = 13 * squeeze(phase) * 0.75
    hinge = 106.0 - lift
    for left, right in ((6.0, 45.0), (-44.0, -4.0)):
        for end, sign in ((left, 1), (right, -1)):
            swing = 1.25 * opened
            length = (right - left) / 2 - 1
            tip = end + sign * length * np.cos(swing), hinge + 3 - length * np.sin(swing)
            leaflet = segment(probe.x, probe.y, (end, hinge), (float(tip[0]), float(tip[1])), 0.8)
            mix(echo, soft(leaflet, 0.8), 0.55)


def _annotate(frame: NDArray[np.uint8], phase: float) -> None:
    """Add the grey scale, the depth marks and the trace of the heartbeat up to this moment."""
    frame[60:300, 612:624] = np.linspace(255, 0, 240).astype(np.uint8)[:, None]
    for mark in range(17):
        row = APEX_ROW + round(mark * 10 / SPACING)
        frame[row : row + 1, 594 : 604 if mark % 5 == 0 else 599] = 190
    time = np.linspace(0, 1, 200)
    beat = (
        0.12 * np.exp(-(((time - 0.90) / 0.03) ** 2))
        - 0.15 * np.exp(-(((time - 0.985) / 0.008) ** 2))
        + np.exp(-(((time - 0.012) / 0.010) ** 2))
        - 0.25 * np.exp(-(((time - 0.04) / 0.010) ** 2))
        + 0.28 * np.exp(-(((time - 0.34) / 0.05) ** 2))
    )
    seen = time <= phase
    rows = (462 - 34 * beat).astype(np.intp)
    for column, (row, shown) in enumerate(zip(rows, seen, strict=True)):
        before = rows[max(column - 1, 0)]
        frame[min(row, before) : max(row, before) + 1, 20 + column] = 210 if shown else 70
