"""The thorax from the skin inwards, slice by slice: z is mm above the middle of the heart-lung stack."""

import numpy as np

from test_data.geometry import Field
from test_data.phantoms.canvas import Canvas
from test_data.phantoms.drawing import Point, ellipse, mix, soft

FAT, MUSCLE, BLOOD, LIVER, SKIN = -102.0, 54.0, 42.0, 60.0, 15.0
CORTEX, MARROW, CARTILAGE = 780.0, 230.0, 110.0
_LEVELS = (-125.0, -40.0, 40.0, 90.0, 125.0)


def _at(z: float, *values: float) -> float:
    return float(np.interp(z, _LEVELS, values))


def cage(x: Field, y: Field, z: float) -> Field:
    """Return the signed distance to the surface on which the ribs lie."""
    half = _at(z, 136, 136, 126, 98, 62), _at(z, 92, 93, 87, 70, 50)
    ring: Field = ellipse(x, y, (0, _at(z, 0, 0, 4, 14, 20)), half, power=2.25)
    return ring


def table(canvas: Canvas) -> None:
    """Draw the curved table top under the patient."""
    arc = np.hypot(canvas.x, canvas.y + np.float32(322)) - np.float32(460)
    low = soft(np.maximum(np.abs(arc) - 9, np.abs(canvas.x) - 190), canvas.edge)
    mix(canvas.image, low, -880.0)
    mix(canvas.image, soft(np.maximum(np.abs(np.abs(arc) - 9) - 0.9, np.abs(canvas.x) - 190), 1.2), -420.0)


def wall_and_mediastinum(canvas: Canvas, z: float) -> Field:
    """Paint everything but bone and air, and return the cover that the lungs will fill."""
    x, y, image = canvas.x, canvas.y, canvas.image
    body = ellipse(x, y, (0, 8), (_at(z, 164, 168, 171, 170, 168), _at(z, 116, 117, 113, 107, 102)), power=2.5)
    mix(image, soft(body, canvas.edge), SKIN)
    mix(image, soft(body + 2.2, 1.5), FAT)
    ring = cage(x, y, z)
    mix(image, soft(np.maximum(ring - 9, body + 7), 2.0), MUSCLE)
    _muscles(canvas, z)
    mix(image, soft(ring - 1.5, 1.2), FAT + 40)
    mix(image, soft(np.abs(ring + 1) - 3.2, 1.2), MUSCLE)
    inner = soft(ring + 5.5, canvas.edge)
    mix(image, inner, FAT + 6)
    middle = _mediastinum(x, y, z)
    lung = inner * (1 - soft(middle, canvas.edge))
    lung *= 1 - _below_diaphragm(canvas, z, inner)
    _organs(canvas, z)
    return lung


def _mirrored(at: Point) -> tuple[Point, Point]:
    return at, (-at[0], at[1])


def _muscles(canvas: Canvas, z: float) -> None:
    front = _at(z, -96, -92, -82, -52, -28)
    for at in _mirrored((62.0, front)):
        if z > -45:
            canvas.ellipse(at, (54, _at(z, 5, 6, 12, 15, 14)), MUSCLE, angle=18 if at[0] > 0 else -18)
    for at in _mirrored((27.0, 88.0)):
        canvas.ellipse(at, (25, 18), MUSCLE + 4, angle=8 if at[0] > 0 else -8)
    for at in _mirrored((_at(z, 140, 142, 138, 128, 120), 38.0)):
        canvas.ellipse(at, (13, 46), MUSCLE, angle=14 if at[0] > 0 else -14)
    for at in _mirrored((108.0, 72.0)):
        if z > 0:
            canvas.ellipse(at, (48, 19), MUSCLE, angle=-38 if at[0] > 0 else 38)


def _mediastinum(x: Field, y: Field, z: float) -> Field:
    """Return the signed distance to what lies between the lungs, with the heart's bulge to the left."""
    column = ellipse(x, y, (2, -14), (_at(z, 34, 32, 30, 34, 40), _at(z, 84, 84, 78, 62, 56)))
    spine = ellipse(x, y, (2, 56), (25, 36), power=3)
    both = np.minimum(column, spine)
    size = heart_size(z)
    if size > 0:
        both = np.minimum(both, ellipse(x, y, (24, -28), (72 * size, 54 * size), angle=-32))
    waist = np.minimum(both, ellipse(x, y, (2, 5), (42, 26))) if -10 < z < 40 else both
    result: Field = waist
    return result


def heart_size(z: float) -> float:
    """Return the half-width of the heart at `z` as a fraction of its largest."""
    return float(np.sqrt(max(0.0, 1 - ((z + 42) / 62) ** 2)))


def _below_diaphragm(canvas: Canvas, z: float, inner: Field) -> Field:
    """Paint liver, spleen and stomach under the domes and return the cover of the domes."""
    cover = np.zeros_like(canvas.image)
    for at, half, middle, height in (
        ((-66.0, -4.0), (74.0, 92.0), -128.0, 66.0),
        ((66.0, 4.0), (70.0, 88.0), -138.0, 64.0),
    ):
        size = float(np.sqrt(max(0.0, 1 - ((z - middle) / height) ** 2)))
        if size <= 0.05:
            continue
        dome = soft(ellipse(canvas.x, canvas.y, at, (half[0] * size, half[1] * size)), 2.5) * inner
        np.maximum(cover, dome, out=cover)
        if at[0] < 0:
            mix(canvas.image, dome, LIVER)
            canvas.ellipse((-70, 12), (3.2 * size, 9 * size), BLOOD, angle=40, edge=3)
            canvas.ellipse((-50, -20), (2.6 * size, 12 * size), BLOOD, angle=-30, edge=3)
            continue
        mix(canvas.image, dome, FAT + 10)
        canvas.ellipse((96, 44), (34 * size, 46 * size), 50.0, angle=-24, only=dome)
        canvas.ellipse((54, -26), (46 * size, 48 * size), MUSCLE - 10, only=dome)
        canvas.ellipse((54, -26), (42 * size, 44 * size), 18.0, only=dome)
        canvas.ellipse((52, -42), (36 * size, 24 * size), -960.0, only=dome)
    return cover


def _organs(canvas: Canvas, z: float) -> None:
    size = heart_size(z)
    if size > 0.25:
        canvas.ellipse((24, -28), (66 * size, 48 * size), 52.0, angle=-32)
        canvas.ellipse((38, -34), (34 * size, 21 * size), 40.0, angle=-32, edge=4)
        canvas.ellipse((2, -44), (24 * size, 20 * size), 40.0, angle=-32, edge=4)
        if z > -60:
            canvas.ellipse((12, 0), (30 * size, 18 * size), 41.0, angle=-12, edge=4)
            canvas.ellipse((-24, -22), (19 * size, 24 * size), 41.0, edge=4)
    for at, radius, top, bottom in _VESSELS:
        if bottom <= z <= top:
            canvas.ellipse(at, (radius, radius), BLOOD)
    if 60 <= z <= 80:
        canvas.stroke((-14, -26), (6, -6), 12.5, BLOOD)
        canvas.stroke((6, -6), (25, 34), 12.5, BLOOD)
        canvas.ellipse((30, 20), (1.4, 5), 620.0, angle=20)
    if 12 <= z <= 34:
        canvas.stroke((14, -32), (-36, -4), 9.5, BLOOD)
    if 22 <= z <= 44:
        canvas.stroke((18, -30), (38, 4), 10.0, BLOOD)
    canvas.ellipse((9, 31), (8, 5.5), 38.0)
    if z > 112:
        for at in _mirrored((17.0, -2.0)):
            canvas.ellipse(at, (9, 13), 105.0)


# Centre, radius, and the levels between which a vessel runs straight down.
_VESSELS: tuple[tuple[Point, float, float, float], ...] = (
    ((-14, -27), 16.5, 66, -8),  # ascending aorta
    ((25, 38), 12.5, 70, -200),  # descending aorta
    ((-31, -18), 9.0, 72, -12),  # superior vena cava
    ((14, -36), 14.0, 36, 2),  # pulmonary trunk
    ((-15, -16), 7.0, 140, 80),  # brachiocephalic artery
    ((5, -13), 5.0, 140, 80),  # left common carotid artery
    ((21, 2), 5.5, 140, 80),  # left subclavian artery
    ((-26, -30), 8.0, 140, 72),  # brachiocephalic veins
    ((22, -30), 7.0, 140, 80),
    ((-14, 42), 4.0, 60, -120),  # azygos vein
    ((-26, -2), 12.0, -72, -125),  # inferior vena cava
)


def airways(canvas: Canvas, z: float) -> None:
    """Draw the trachea, the main bronchi and a trace of air in the oesophagus."""
    if z > 48:
        canvas.ellipse((-2, 4), (10, 10.5), MUSCLE)
        canvas.ellipse((-2, 4), (8.4, 9.0), -1000.0)
    elif z > 2:
        for side, spread in ((-1, 0.62), (1, 0.85)):
            at = side * (8 + (48 - z) * spread), 8 + (48 - z) * 0.1
            canvas.ellipse(at, (8.6, 7.4), 30.0, angle=side * 20)
            canvas.ellipse(at, (7.0, 5.8), -995.0, angle=side * 20)
    canvas.ellipse((9, 31), (2.2, 1.3), -500.0)


def skeleton(canvas: Canvas, z: float, texture: Field) -> None:
    """Draw ribs, spine, sternum, shoulder blades and collar bones; `texture` roughens the marrow."""
    marrow: Field = (MARROW + 45 * texture).astype(np.float32)
    _ribs(canvas, z, marrow)
    _vertebra(canvas, z, marrow)
    if -70 < z < 85:
        at = (0.0, _at(z, -92, -91, -80, -54, -30))
        _bone(canvas, at, (19.0 if z > 40 else 15.0, 6.5), marrow)
    for side in (-1, 1):
        if z > 5:
            _blade(canvas, side, z)
        if 78 < z < 122:
            inner = (side * 22.0, _at(z, 0, 0, -60, -50, -34))
            canvas.stroke(inner, (side * (22 + (z - 70) * 1.7), inner[1] - 2 + (z - 78) * 0.5), 6, CORTEX)
            canvas.stroke(inner, (side * (20 + (z - 70) * 1.7), inner[1] - 2 + (z - 78) * 0.5), 3.5, MARROW)


def _bone(canvas: Canvas, at: Point, half: Point, marrow: Field, angle: float = 0.0) -> None:
    shape = ellipse(canvas.x, canvas.y, at, half, angle=angle, power=2.6)
    mix(canvas.image, soft(shape, canvas.edge), CORTEX - 120)
    mix(canvas.image, soft(shape + 2.0, 1.2), marrow)


def _ribs(canvas: Canvas, z: float, marrow: Field) -> None:
    """Each rib falls from the spine to the front, so that a slice cuts it into an oblique piece."""
    x, y = canvas.x, canvas.y
    ring = cage(x, y, z) + 0.5
    turn = np.arctan2(np.abs(x), y - np.float32(18)) / np.float32(np.pi)  # 0 at the spine, 1 at the breastbone
    fall = 86 * np.clip(turn / np.float32(0.85), 0, 1) ** np.float32(1.4)
    step = np.float32(23.5)
    order = (np.float32(136) - fall - z) / step
    nearest = np.clip(np.round(order), 0, 11)
    height = (order - nearest) * step
    shape: Field = (np.hypot(ring / 4.6, height / 8.0) - 1) * 4.6
    shape[(turn < 0.06) | (turn > 0.97)] = 9
    front = np.clip((turn - 0.78) * 25, 0, 1).astype(np.float32)
    mix(canvas.image, soft(shape, canvas.edge), CORTEX + front * (CARTILAGE - CORTEX))
    mix(canvas.image, soft(shape + 1.7, 1.2), marrow + front * (CARTILAGE - marrow))


def _vertebra(canvas: Canvas, z: float, marrow: Field) -> None:
    centre = _at(z, 54, 54, 52, 48, 44)
    phase = (z + 300) % 25.0
    if phase < 4.5:
        canvas.ellipse((0, centre), (17, 14), 85.0)
    else:
        _bone(canvas, (0, centre), (17.5, 14.5), marrow)
        if phase < 7.5 or phase > 22.5:  # the end plates
            canvas.ellipse((0, centre), (15.5, 12.5), 420.0, edge=4)
    back = centre + 23
    if 8 < phase < 20:
        for side in (-1, 1):
            canvas.stroke((side * 11, centre + 10), (side * 12, back + 2), 4.2, CORTEX - 200)
            canvas.stroke((side * 13, back), (side * 33, back + 9), 4.6, CORTEX - 180)
            canvas.stroke((side * 13, back), (side * 32, back + 9), 2.6, MARROW)
    for side in (-1, 1):
        canvas.stroke((side * 11, back + 4), (0, back + 12), 3.2, CORTEX - 140)
    canvas.stroke((0, back + 12), (0, back + 27 if phase > 10 else back + 17), 2.8, CORTEX - 200)
    canvas.ellipse((0, back - 2), (9.0, 8.2), -60.0)
    canvas.ellipse((0, back - 2), (7.6, 7.0), 12.0)
    canvas.ellipse((0, back - 2), (5.0, 3.9), 38.0)


def _blade(canvas: Canvas, side: int, z: float) -> None:
    reach = min(1.0, (z - 5) / 60)
    start, end = (side * 74.0, 92.0), (side * (74 + 62 * reach), 92 - 46 * reach)
    canvas.stroke(start, end, 3.4 if z < 95 else 5.5, CORTEX - 80)
    canvas.stroke(start, end, 1.4 if z < 95 else 3.4, MARROW + 80)
    if z > 70:
        canvas.stroke((side * 112, 66), (side * 126, 92), 3.2, CORTEX - 120)
