"""The head as tissues in space; CT and MR each bring a table of what a tissue looks like.

Origin in the middle of the brain, at the level of the basal ganglia; mm; x left, y back, z up.
"""

from collections.abc import Mapping
from enum import StrEnum

import numpy as np

from test_data.geometry import Field, Plane, Vector
from test_data.phantoms import skull_base
from test_data.phantoms.brain import paint_brain
from test_data.phantoms.drawing import mix, soft, waves
from test_data.phantoms.solids import Solids
from test_data.uids import random_stream


class Tissue(StrEnum):
    """What the head is made of here."""

    AIR = "air"
    SKIN = "skin"
    FAT = "fat"
    MUSCLE = "muscle"
    CORTEX = "cortical bone"
    DIPLOE = "diploe"
    CSF = "cerebrospinal fluid"
    GREY = "grey matter"
    WHITE = "white matter"
    NUCLEI = "deep nuclei"
    FALX = "falx"
    CALCIUM = "calcification"
    VITREOUS = "vitreous"
    LESION = "white matter lesion"


Look = Mapping[Tissue, float]
SCALP, BONE = 6.5, 6.5


def depth(x: Field, y: Field, z: Field) -> Field:
    """Return how deep each point lies under the outer table of the skull, in mm; negative outside."""
    half_width = 73.0 + 0.07 * y - 0.0006 * y * y
    height = np.where(z > 0, np.float32(82), np.float32(118))
    radius = np.sqrt((x / half_width) ** 2 + (y / np.float32(91)) ** 2 + (z / height) ** 2)
    under: Field = ((1 - radius) * np.float32(76)).astype(np.float32)
    return under


def draw_head(plane: Plane, look: Look, seed: str) -> Field:
    """Return the picture of a plane through the head; `seed` chooses the person's gyri."""
    x, y, z = plane.points
    edge = plane.spacing * 1.1
    image = np.full(x.shape, look[Tissue.AIR], dtype=np.float32)
    table = {str(tissue): value for tissue, value in look.items()}
    solids = Solids(image, (x, y, z), edge)
    under: Field = depth(x, y, z) + np.float32(0.5) * waves(plane, random_stream(seed, "outline"), 70.0)
    scalp = SCALP + 9 * np.clip((-12 - z) / 30, 0, 1)
    skull_base.paint_face(solids, table)
    mix(image, soft(-under - scalp, edge), look[Tissue.SKIN])
    within = soft(-under - scalp + 1.8, 1.2)
    mix(image, within, look[Tissue.FAT])
    skull_base.paint_muscles(solids, table, within)
    mix(image, soft(-under - 1.2, 1.0), look[Tissue.MUSCLE])
    mix(image, soft(-under, edge), look[Tissue.CORTEX])
    uneven = 0.9 * waves(plane, random_stream(seed, "diploe"), 30.0)
    mix(image, soft(np.abs(under - BONE / 2) - 1.4 - 0.5 * uneven, 1.0), look[Tissue.DIPLOE])
    paint_brain(solids, plane, under - BONE, table, seed)
    skull_base.paint_base(solids, table)
    return image


LEFT_PUTAMEN: Vector = (27.0, -3.0, 3.0)
