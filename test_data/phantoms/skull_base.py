"""Skull base and face as far as a scan of the head shows them: petrous bones, sinuses, orbits."""

from collections.abc import Mapping

from test_data.geometry import Field
from test_data.phantoms.solids import Solids


def paint_face(solids: Solids, look: Mapping[str, float]) -> None:
    """Paint the soft parts before and below the skull: cheeks, nose and neck."""
    for at, half in (((0, -62, -66), (61, 46, 42)), ((0, 40, -90), (66, 62, 48)), ((0, -104, -66), (12, 14, 20))):
        solids.ellipsoid(at, half, look["skin"])
        inner = half[0] - 1.8, half[1] - 1.8, half[2] - 1.8
        solids.ellipsoid(at, inner, look["fat"])


def paint_muscles(solids: Solids, look: Mapping[str, float], within: Field) -> None:
    """Paint the temporal and neck muscles, inside the cover `within`."""
    solids.pair((72, -26, -36), (10, 30, 34), look["muscle"], angle=-8, edge=2, only=within)
    solids.pair((22, 92, -64), (24, 12, 28), look["muscle"], edge=2, only=within)


def paint_base(solids: Solids, look: Mapping[str, float]) -> None:
    """Paint bone and air of the base and the orbits."""
    bone, air, fat = look["cortical bone"], look["air"], look["fat"]
    solids.pair((42, 28, -52), (30, 9, 10), bone, angle=34)
    solids.pair((60, 40, -54), (11, 12, 12), bone, angle=20)
    for dx, dy, dz in ((0, 0, 0), (5, 5, 2), (-4, 5, -3), (4, -4, -2), (-6, -1, 3), (1, 8, 4)):
        solids.pair((60 + dx, 40 + dy, -53 + dz), (2.6, 2.2, 3), air, edge=1.5)
    solids.pair((38, 25, -52), (3, 1.4, 2), air, edge=1)
    solids.pair((40, -38, -42), (25, 3.6, 8), bone, angle=24)
    solids.ellipsoid((0, -28, -52), (18, 16, 9), bone)
    solids.ellipsoid((0, -30, -53), (14, 12, 7), air)
    solids.ellipsoid((0, -30, -53), (0.9, 12, 8), bone)
    solids.ellipsoid((0, -12, -46), (8, 3, 8), bone)
    solids.ellipsoid((0, -84, -42), (20, 9, 22), bone)
    solids.pair((8, -84, -36), (7.5, 3.6, 12), air)
    solids.pair((33, -66, -52), (21, 24, 18), bone)
    solids.pair((33, -70, -53), (18.5, 26, 16), fat)
    solids.pair((30, -50, -54), (2.2, 20, 2.2), look["muscle"], angle=-18)
    solids.pair((46, -58, -54), (2.0, 18, 7), look["muscle"], angle=26)
    solids.pair((21, -60, -54), (2.0, 18, 7), look["muscle"], angle=-4)
    solids.pair((33, -80, -53), (12.6, 12.6, 12.6), look["muscle"])
    solids.pair((33, -80, -53), (11.6, 11.6, 11.6), look["vitreous"])
    solids.pair((33, -88.5, -53), (4.6, 2.0, 4.6), look["skin"])
    solids.ellipsoid((0, -64, -54), (12.5, 22, 16), bone)
    for side in (-1, 1):
        for y in (-78, -69, -60, -51):
            solids.ellipsoid((side * 6, y, -54), (4.6, 3.7, 13), air)
