"""Brain: folded cortex, white matter, deep nuclei, ventricles, cerebellum."""

from collections.abc import Mapping

import numpy as np

from test_data.geometry import Field, Plane
from test_data.phantoms.drawing import mix, soft, waves
from test_data.phantoms.solids import Solids
from test_data.uids import random_stream

_FOLD = 21.0  # mm from one sulcus to the next but one
_RIND = 2.2  # mm of fluid between skull and brain


def paint_brain(solids: Solids, plane: Plane, inside: Field, look: Mapping[str, float], seed: str) -> None:
    """Paint what lies `inside` mm under the inner table of the skull."""
    x, y, z = solids.points
    image = solids.image
    cavity = soft(-inside, solids.edge)
    mix(image, cavity, look["cerebrospinal fluid"])
    brain = soft(_RIND - inside, 1.0)
    mix(image, brain, look["white matter"])
    depth = np.minimum(inside - _RIND, np.abs(x) - 0.6 + _bridge(y, z))
    folds = waves(plane, random_stream(seed, "folds"), _FOLD, spread=0.25, count=64)
    _cortex(solids, folds, depth, brain, look)
    _deep(solids, look)
    _posterior_fossa(solids, plane, brain, look)
    falx = np.abs(x + 0.4 * np.sin(y / 25)) - np.float32(0.75)
    falx = np.maximum(falx, _bridge(y, z) - 2)
    mix(image, soft(falx.astype(np.float32), 0.9) * cavity, look["falx"])


def _bridge(y: Field, z: Field) -> Field:
    """Return 0 where the fissure parts the hemispheres, and up to 40 inside what joins them."""
    radius = np.sqrt(((y - 2) / 44) ** 2 + (z / 34) ** 2)
    joined: Field = np.clip(np.maximum((1 - radius) * 70, (-38 - z) * 5), 0, 40)
    return joined


def _cortex(solids: Solids, folds: Field, depth: Field, brain: Field, look: Mapping[str, float]) -> None:
    """Fold the surface: the zero level of a smooth field winds like sulci do, and continues through space."""
    distance = np.abs(folds) * np.float32(_FOLD / 7.5)
    fade = np.clip(1 - depth / np.float32(21), 0, 1)
    ribbon = np.minimum(distance - 3.6 * fade - 0.4 * (fade > 0), depth - 3.2)
    ribbon = np.where(depth > 23, np.float32(9), ribbon).astype(np.float32)
    mix(solids.image, soft(ribbon, 1.4) * brain, look["grey matter"])
    sulcus = (distance - 1.25 * fade**0.7 + 0.25).astype(np.float32)
    sulcus = np.where(depth > 19, np.float32(9), sulcus)
    mix(solids.image, soft(sulcus, 1.0) * brain, look["cerebrospinal fluid"])


def _deep(solids: Solids, look: Mapping[str, float]) -> None:
    white, nuclei, fluid = look["white matter"], look["deep nuclei"], look["cerebrospinal fluid"]
    solids.ellipsoid((0, 2, 2), (40, 47, 27), white, edge=4)
    solids.pair((44, -4, -2), (8, 23, 14), look["grey matter"], angle=8)
    solids.pair((47, -5, -3), (2.6, 21, 13), fluid, angle=8)
    solids.pair((53, -16, -6), (12, 2.2, 10), fluid, angle=-20)
    solids.pair((13, -22, 9), (6.5, 9, 12), nuclei, angle=-18)
    solids.pair((26, -3, 2), (7.5, 18, 11), nuclei, angle=-14, edge=1.5)
    solids.pair((11.5, 13, 4), (9, 14, 10), nuclei, angle=24, edge=1.5)
    solids.pair((7.5, -25, 13), (4.2, 12, 10), fluid, angle=-14)
    solids.pair((10.5, 4, 22), (5.0, 27, 6.5), fluid, angle=-10)
    solids.pair((22, 36, 10), (6, 15, 9), fluid, angle=-20)
    solids.pair((21.5, 33, 10), (2.2, 4.5, 3), look["calcification"], edge=2)
    solids.ellipsoid((0, 6, -3), (2.3, 13, 10), fluid)
    solids.ellipsoid((0, 27, -2), (10, 4, 8), fluid)
    solids.ellipsoid((0.5, 24, 2), (2.4, 2.4, 2.6), look["calcification"], edge=1.5)
    solids.ellipsoid((0, -8, -29), (15, 11, 7), fluid, edge=2)
    for x, y, z, r in _LESIONS:
        solids.ellipsoid((x, y, z), (r, r * 1.4, r), look["white matter lesion"], edge=2)


_LESIONS = ((24, -30, 22, 2.6), (-26, -22, 24, 2.0), (27, 24, 27, 3.0), (-24, 30, 25, 2.4), (-30, 5, 30, 1.8))


def _posterior_fossa(solids: Solids, plane: Plane, brain: Field, look: Mapping[str, float]) -> None:
    """Cerebellum with its fine leaves, brain stem and fourth ventricle."""
    fossa = solids.cover((0, 46, -46), (51.2, 41.2, 29.2), edge=1.5)
    if fossa is None:
        return
    fossa = fossa * brain
    mix(solids.image, fossa, look["cerebrospinal fluid"])
    leaf = solids.cover((0, 46, -46), (50, 40, 28.4), edge=1.5)
    if leaf is not None:
        folia = waves(plane, random_stream("folia"), 7.0, spread=0.15)
        grey, white = look["grey matter"], look["white matter"]
        mix(solids.image, leaf * brain, (grey + (white - grey) * 0.5 * (1 + np.tanh(folia))).astype(np.float32))
        solids.pair((20, 46, -44), (16, 20, 14), white, edge=6)
    solids.ellipsoid((0, 14, -36), (21, 17, 30), look["cerebrospinal fluid"], edge=1.5, only=brain)
    solids.ellipsoid((0, 15, -36), (14.5, 13.5, 30), look["white matter"], edge=2)
    solids.pair((15, 26, -40), (8, 10, 9), look["white matter"], angle=30, edge=3)
    solids.ellipsoid((0, 33, -40), (7.5, 4.5, 8), look["cerebrospinal fluid"])
    solids.ellipsoid((0, 2, -40), (1.9, 1.9, 16), look["grey matter"])
