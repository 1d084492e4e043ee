"""CT of the chest without contrast medium: a 40-year smoker's thorax with a nodule in the right lung."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from test_data.geometry import Field, Plane, Vector, stack
from test_data.phantoms import lung_vessels, thorax
from test_data.phantoms.canvas import Canvas
from test_data.phantoms.drawing import grain, mix, waves
from test_data.uids import random_stream

NODULE: Vector = (-88.0, 14.0, 21.0)
OUTSIDE = -2000
AIR = -1000.0


@dataclass(frozen=True, slots=True)
class CtChest:
    """What differs between two examinations of one chest; lengths in mm.

    `table` is where the patient's own coordinates lie in the scanner's frame of reference that day.
    """

    slices: int = 40
    thickness: float = 6.0
    nodule: float = 9.0
    table: Vector = (0.0, 0.0, 0.0)
    spacing: float = 0.703125
    noise: float = 11.0


def planes(study: CtChest) -> list[Plane]:
    """Return the slices from the apex of the lungs downwards, in the patient's own coordinates."""
    return stack(centre=(0, 6, 0), count=study.slices, step=study.thickness, spacing=study.spacing, matrix=512)


def draw(study: CtChest, seed: str) -> Iterator[tuple[Plane, Field]]:
    """Yield the plane in the scanner's frame of reference and the picture in HU of every slice.

    Pixels outside the round field of view are `OUTSIDE`.
    """
    for number, plane in enumerate(planes(study)):
        hu = _slice(study, plane)
        hu += grain(random_stream(seed, number), hu.shape, study.noise)
        x, y, _ = plane.points
        radius = plane.spacing * plane.columns / 2
        hu[np.hypot(x, y - 6) > radius] = OUTSIDE
        yield plane.moved(study.table), hu


def _slice(study: CtChest, plane: Plane) -> Field:
    x, y, zs = plane.points
    z = float(zs[0, 0])
    image = np.full(x.shape, AIR, dtype=np.float32)
    canvas = Canvas(image, x[:1], y[:, :1], edge=1.1 * plane.spacing)
    thorax.table(canvas)
    lung = thorax.wall_and_mediastinum(canvas, z)
    air = -868 + 0.35 * y + 14 * waves(plane, random_stream("parenchyma"), 9.0)
    mix(image, lung, air.astype(np.float32))
    lung_vessels.paint(canvas, z, study.thickness, lung)
    _nodule(study, x, y, z, image)
    thorax.airways(canvas, z)
    thorax.skeleton(canvas, z, waves(plane, random_stream("marrow"), 4.0))
    return image


def _nodule(study: CtChest, x: Field, y: Field, z: float, image: Field) -> None:
    """Add the nodule, weighted by how much of the slice's thickness it fills at each pixel."""
    dx, dy = x - NODULE[0], y - NODULE[1]
    lobes = 1 + 0.10 * np.cos(3 * np.arctan2(dy, dx) + 0.6)
    radius = np.float32(study.nodule / 2) * lobes
    half_chord = np.sqrt(np.maximum(radius**2 - dx**2 - dy**2, 0))
    low = np.maximum(NODULE[2] - half_chord, z - study.thickness / 2)
    high = np.minimum(NODULE[2] + half_chord, z + study.thickness / 2)
    mix(image, (np.maximum(high - low, 0) / study.thickness).astype(np.float32), 38.0)
