"""Brushes: soft-edged shapes, sums of plane waves, and noise. All distances in mm."""

import math

import numpy as np

from test_data.geometry import Field, Plane, Real

Point = tuple[float, float]


def soft(distance: Real, edge: float) -> Field:
    """Return how far inside a shape each pixel is, 0…1, from a signed distance that is negative inside."""
    cover: Field = np.clip(0.5 - distance / edge, 0, 1).astype(np.float32, copy=False)
    return cover


def mix(image: Field, cover: Real, value: Real | float) -> None:
    """Lay `value` over `image` in place, where `cover` is 1; in between it blends."""
    image += cover * (np.asarray(value, dtype=np.float32) - image)


def ellipse(x: Field, y: Field, at: Point, half: Point, *, angle: float = 0.0, power: float = 2.0) -> Field:
    """Return the rough signed distance to an ellipse around `at` with half-axes `half`, turned by `angle` degrees.

    A `power` above 2 makes its corners fuller. `x` and `y` may be broadcastable.
    """
    u, v = turned(x - np.float32(at[0]), y - np.float32(at[1]), angle)
    u, v = np.abs(u / np.float32(half[0])), np.abs(v / np.float32(half[1]))
    radius: Field = np.sqrt(u * u + v * v) if power == 2.0 else (u**power + v**power) ** np.float32(1 / power)
    return (radius - 1) * np.float32(min(half))


def turned(u: Field, v: Field, angle: float) -> tuple[Field, Field]:
    """Return coordinates in a frame turned by `angle` degrees."""
    if angle == 0.0:
        return u, v
    c, s = np.float32(math.cos(math.radians(angle))), np.float32(math.sin(math.radians(angle)))
    return c * u + s * v, c * v - s * u


def segment(x: Field, y: Field, start: Point, end: Point, radius: float) -> Field:
    """Return the signed distance to a stroke with round ends from `start` to `end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    u, v = x - np.float32(start[0]), y - np.float32(start[1])
    t = np.clip((u * np.float32(dx) + v * np.float32(dy)) / np.float32(max(dx * dx + dy * dy, 1e-6)), 0, 1)
    distance: Field = np.hypot(u - t * np.float32(dx), v - t * np.float32(dy))
    return distance - np.float32(radius)


def waves(plane: Plane, random: np.random.Generator, wavelength: float, spread: float = 0.35, count: int = 48) -> Field:
    """Return a smooth random field of about unit variance that continues through space.

    Equal streams give equal fields, so neighbouring slices show neighbouring cuts of one texture. The
    field is a sum of plane waves; as a plane is flat, each wave is an outer product of rows and columns.
    """
    direction = random.normal(size=(count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    k = direction * (2 * np.pi / (wavelength * (1 + spread * random.uniform(-1, 1, (count, 1)))))
    phase = random.uniform(0, 2 * np.pi, count) + k @ np.array(plane.origin)
    across = np.outer(k @ np.array(plane.row), np.arange(plane.columns) * plane.spacing)
    down = np.outer(np.arange(plane.rows) * plane.spacing, k @ np.array(plane.column)) + phase
    total = np.einsum("rw,wc->rc", np.cos(down).astype(np.float32), np.cos(across).astype(np.float32))
    total -= np.einsum("rw,wc->rc", np.sin(down).astype(np.float32), np.sin(across).astype(np.float32))
    field: Field = total * np.float32(math.sqrt(2 / count))
    return field


def smooth(image: Real, passes: int = 1) -> Field:
    """Return `image` under a small binomial blur, 1-2-1 in both directions, `passes` times."""
    blurred = image.astype(np.float32, copy=False)
    for _ in range(passes):
        padded = np.pad(blurred, 1, mode="edge")
        rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
        blurred = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / np.float32(16)
    return blurred


def grain(random: np.random.Generator, shape: tuple[int, int], deviation: float) -> Field:
    """Return noise with the fine correlation of a reconstructed image; `deviation` is its spread."""
    noise = smooth(random.standard_normal(shape, dtype=np.float32))
    return noise * np.float32(deviation / 0.375)
