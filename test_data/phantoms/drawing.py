"""Brushes: soft-edged shapes, sums of plane waves, and noise. All distances in mm."""

import math

import numpy as np

from test_data.geometry import Field, Plane


def soft(distance: Field, edge: float) -> Field:
    """Return how far inside a shape each pixel is, 0…1, from a signed distance that is negative inside."""
    return np.clip(np.float32(0.5) - distance / np.float32(edge), 0, 1)


def mix(image: Field, cover: Field, value: Field | float) -> None:
    """Lay `value` over `image` in place, where `cover` is 1; in between it blends."""
    image += cover * (np.asarray(value, dtype=np.float32) - image)


def ellipse(
    x: Field, y: Field, cx: float, cy: float, a: float, b: float, angle: float = 0.0, power: float = 2.0
) -> Field:
    """Return the rough signed distance to an ellipse with half-axes `a` and `b`, turned by `angle` degrees.

    A `power` above 2 makes its corners fuller. `x` and `y` may be broadcastable.
    """
    u, v = turned(x - np.float32(cx), y - np.float32(cy), angle)
    u, v = np.abs(u / np.float32(a)), np.abs(v / np.float32(b))
    radius = np.sqrt(u * u + v * v) if power == 2.0 else (u**power + v**power) ** np.float32(1 / power)
    return (radius - 1) * np.float32(min(a, b))


def turned(u: Field, v: Field, angle: float) -> tuple[Field, Field]:
    """Return coordinates in a frame turned by `angle` degrees."""
    if angle == 0.0:
        return u, v
    c, s = np.float32(math.cos(math.radians(angle))), np.float32(math.sin(math.radians(angle)))
    return c * u + s * v, c * v - s * u


def segment(x: Field, y: Field, x0: float, y0: float, x1: float, y1: float, radius: float) -> Field:
    """Return the signed distance to a stroke with round ends from (x0, y0) to (x1, y1)."""
    dx, dy = x1 - x0, y1 - y0
    length2 = max(dx * dx + dy * dy, 1e-6)
    t = np.clip(((x - x0) * dx + (y - y0) * dy) / np.float32(length2), 0, 1)
    return np.hypot(x - x0 - t * dx, y - y0 - t * dy) - np.float32(radius)


def waves(
    plane: Plane, random: np.random.Generator, wavelength: float, spread: float = 0.35, count: int = 48
) -> Field:
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
    return total * np.float32(math.sqrt(2 / count))


def smooth(image: Field, passes: int = 1) -> Field:
    """Return `image` under a small binomial blur, 1-2-1 in both directions, `passes` times."""
    for _ in range(passes):
        padded = np.pad(image, 1, mode="edge")
        rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
        image = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / np.float32(16)
    return image


def grain(random: np.random.Generator, shape: tuple[int, int], deviation: float) -> Field:
    """Return noise with the fine correlation of a reconstructed image; `deviation` is its standard deviation."""
    noise = smooth(random.standard_normal(shape, dtype=np.float32))
    return noise * np.float32(deviation / 0.375)
