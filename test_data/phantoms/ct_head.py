"""CT of the head without contrast medium, with a small fresh bleed in the left putamen."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from test_data.geometry import Field, Plane, stack
from test_data.phantoms.drawing import grain, mix, soft, waves
from test_data.phantoms.head import LEFT_PUTAMEN, Tissue, draw_head
from test_data.phantoms.solids import Solids
from test_data.uids import random_stream

LOOK = {
    Tissue.AIR: -1000.0,
    Tissue.SKIN: 40.0,
    Tissue.FAT: -75.0,
    Tissue.MUSCLE: 55.0,
    Tissue.CORTEX: 1150.0,
    Tissue.DIPLOE: 560.0,
    Tissue.CSF: 7.0,
    Tissue.GREY: 40.0,
    Tissue.WHITE: 29.0,
    Tissue.NUCLEI: 38.0,
    Tissue.FALX: 52.0,
    Tissue.CALCIUM: 190.0,
    Tissue.VITREOUS: 12.0,
    Tissue.LESION: 27.0,
}


@dataclass(frozen=True, slots=True)
class CtHead:
    """One examination; lengths in mm, `bleed` is the largest half-axis of the bleed, 0 for none."""

    slices: int = 24
    thickness: float = 5.5
    bleed: float = 11.0
    spacing: float = 0.46875
    noise: float = 3.2


def planes(study: CtHead) -> list[Plane]:
    """Return the slices from the vertex to the orbits."""
    return stack(centre=(0, 3, 19), count=study.slices, step=study.thickness, spacing=study.spacing, matrix=512)


def draw(study: CtHead, seed: str) -> Iterator[tuple[Plane, Field]]:
    """Yield the plane and the picture in HU of every slice, from the vertex downwards."""
    for number, plane in enumerate(planes(study)):
        hu = draw_head(plane, LOOK, seed)
        if study.bleed:
            _bleed(study, plane, hu, seed)
        _head_rest(plane, hu)
        yield plane, hu + grain(random_stream(seed, number), hu.shape, study.noise)


def _bleed(study: CtHead, plane: Plane, hu: Field, seed: str) -> None:
    """Lay fresh blood and its dark rim of oedema into the left putamen."""
    solids = Solids(hu, plane.points, plane.spacing)
    r = study.bleed
    solids.ellipsoid(LEFT_PUTAMEN, (0.95 * r, 1.35 * r, 1.1 * r), 21.0, angle=-14, edge=4)
    x, y, z = plane.points
    dx, dy, dz = x - LEFT_PUTAMEN[0], y - LEFT_PUTAMEN[1], z - LEFT_PUTAMEN[2]
    ragged = 1 + 0.12 * waves(plane, random_stream(seed, "bleed"), 11.0)
    radius = np.sqrt((dx / 0.62) ** 2 + dy**2 + (dz / 0.8) ** 2) / ragged
    mix(hu, soft((radius - np.float32(r)).astype(np.float32), 2.5), 59.0)


def _head_rest(plane: Plane, hu: Field) -> None:
    x, y, _ = plane.points
    shell = np.abs(np.hypot(x / 0.92, y - 6) - np.float32(109)) - np.float32(2.2)
    shell = np.maximum(shell, 42 - y).astype(np.float32)
    mix(hu, soft(shell, 1.0), -640.0)
