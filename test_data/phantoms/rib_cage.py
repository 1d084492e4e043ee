"""The bones of a frontal chest radiograph: ribs, spine, collar bones, shoulder blades."""

import numpy as np

from test_data.geometry import Field
from test_data.phantoms.drawing import Point, ellipse, soft
from test_data.phantoms.sheet import Sheet


def draw(sheet: Sheet) -> Field:
    """Return the thickness of bone in mm of water along the beam."""
    bone = np.zeros(sheet.shape, dtype=np.float32)
    for side in (-1, 1):
        for rib in range(11):
            _tube(sheet, bone, _posterior(side, rib), 5.6 if rib else 6.5, 25.0)
            if rib < 8:
                _tube(sheet, bone, _anterior(side, rib), 6.2, 16.0)
        _tube(sheet, bone, _collar_bone(side), 6.2, 30.0)
        _shoulder(sheet, bone, side)
    _spine(sheet, bone)
    return bone


def _reach(rib: int) -> float:
    return float(np.interp(rib, (0, 1, 2, 4, 7, 10), (56, 84, 104, 124, 136, 134)))


def _posterior(side: int, rib: int) -> list[Point]:
    """From the spine up and outwards, then over the shoulder of the arch and down to the side."""
    top, reach = -170.0 + 25.5 * rib, _reach(rib)
    turn = np.linspace(0, np.pi / 2, 15)
    xs = 16 + (reach - 16) * np.sin(turn)
    ys = top - 8 * np.sin(2 * turn) + (20 + 3.2 * rib) * (1 - np.cos(turn)) ** 1.3
    return [(side * float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _anterior(side: int, rib: int) -> list[Point]:
    """From the side down to where cartilage begins, which casts no shadow."""
    top, reach = -170.0 + 25.5 * rib + 20 + 3.2 * rib, _reach(rib)
    inner = 34 + 6.5 * rib
    turn = np.linspace(0, np.pi / 2, 12)
    xs = inner + (reach - inner) * np.cos(turn)
    ys = top + (44 + 2 * rib) * np.sin(turn) ** 0.9
    return [(side * float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _collar_bone(side: int) -> list[Point]:
    xs = np.linspace(20, 152, 14)
    ys = -128 - 0.13 * (xs - 20) - 7 * np.sin((xs - 20) / 132 * 2 * np.pi)
    return [(side * float(x), float(y)) for x, y in zip(xs, ys, strict=True)]


def _tube(sheet: Sheet, bone: Field, line: list[Point], radius: float, thick: float) -> None:
    """Add a hollow bone: its walls are longest, and whitest, at the borders."""
    window = sheet.box(line, radius + 2)
    across = sheet.distance(line, window) / np.float32(radius)
    outer = np.sqrt(np.clip(1 - across**2, 0, 1))
    inner = np.sqrt(np.clip(np.float32(0.62) - across**2, 0, 1))
    bone[window] += np.float32(thick) * (outer - np.float32(0.72) * inner)


def _shoulder(sheet: Sheet, bone: Field, side: int) -> None:
    x, y = sheet.x, sheet.y
    head = ellipse(x, y, (side * 170, -128), (25, 25))
    bone += 22 * soft(head, 6) + 14 * soft(np.abs(head + 1.5) - 1.5, 1.5)
    _tube(sheet, bone, [(side * 174, -100), (side * 196, -30), (side * 206, 30)], 13, 30)
    _tube(sheet, bone, [(side * 128, -138), (side * 137, -80), (side * 124, -12)], 4.2, 16)
    _tube(sheet, bone, [(side * 92, -126), (side * 106, -60), (side * 124, -12)], 2.6, 9)
    blade = ellipse(x, y, (side * 120, -82), (22, 66), angle=side * 4)
    bone += 5 * soft(blade - 0.5, 6)
    _tube(sheet, bone, [(side * 96, -118), (side * 140, -146), (side * 160, -156)], 5, 14)


def _spine(sheet: Sheet, bone: Field) -> None:
    x, y = sheet.x, sheet.y
    wide = 15 + 3.5 * np.clip((y + 200) / 400, 0, 1)
    column = soft(np.abs(x) - wide, 4)
    tall = np.mod(y + 400, np.float32(25.5))
    body = soft(np.abs(tall - 13) - 9.6, 3)
    bone += column * (15 + 11 * body)
    bone += 9 * soft(np.abs(np.abs(x) - wide + 1.2) - 0.9, 1.5) * body
    bone += 9 * column * soft(np.abs(np.abs(tall - 13) - 9.4) - 0.7, 1.2)
    for side in (-1, 1):
        at = np.hypot((x - side * 9.5) / 3.6, (tall - 9) / 5)
        bone += 13 * soft(np.abs(at - 1) * 3 - 0.8, 1.2)
    bone += 9 * soft(np.hypot(x / 3.2, (tall - 18) / 6) * 3 - 3, 1.5)
