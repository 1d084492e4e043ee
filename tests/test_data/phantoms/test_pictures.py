"""The pictures show what they claim, measured in the pixels that a viewer would show."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import FileDataset

from test_data.phantoms.ct_chest import NODULE, CtChest, draw
from test_data.phantoms.ultrasound import squeeze

Images = Callable[[str], list[FileDataset]]


def values(image: FileDataset) -> NDArray[np.float64]:
    slope, intercept = float(image.get("RescaleSlope", 1)), float(image.get("RescaleIntercept", 0))
    return image.pixel_array.astype(float) * slope + intercept


def at(image: FileDataset, x: float, y: float, reach: int = 2) -> NDArray[np.float64]:
    """Return the values around the patient's (x, y) in mm of a transverse slice."""
    left, top = (float(v) for v in image.ImagePositionPatient[:2])
    spacing = float(image.PixelSpacing[0])
    row, column = round((y - top) / spacing), round((x - left) / spacing)
    return values(image)[row - reach : row + reach + 1, column - reach : column + reach + 1]


def test_windows_tell_lung_from_bone(images_of: Images) -> None:
    image = images_of("ct-chest")[16]
    hu = values(image)
    inside = hu[hu > -1500]
    (mediastinum, lung) = zip(image.WindowCenter, image.WindowWidth, strict=True)
    lung_hu, bone_hu = np.median(inside[(inside > -950) & (inside < -700)]), np.percentile(inside, 99.5)
    assert -900 < lung_hu < -820
    assert bone_hu > 500
    assert lung_hu < mediastinum[0] - mediastinum[1] / 2 < bone_hu
    assert abs(lung_hu - lung[0]) < lung[1] / 2


def test_every_ct_slice_is_padded_outside_its_round_field_of_view(images_of: Images) -> None:
    for image in images_of("ct-chest")[::10]:
        assert image.PixelPaddingValue == image.pixel_array[0, 0] == image.pixel_array[-1, -1]
        assert image.PixelPaddingValue != image.pixel_array[256, 256]


@pytest.mark.parametrize("nodule", [9.0, 5.5])
def test_the_nodule_is_as_wide_as_declared_and_in_the_right_lung(nodule: float) -> None:
    # The first of eight slices of 6 mm is the one through the nodule.
    plane, hu = next(draw(CtChest(slices=8, nodule=nodule, noise=0), "t"))
    _, without = next(draw(CtChest(slices=8, nodule=0, noise=0), "t"))
    assert plane.origin[2] == NODULE[2]
    rows, columns = np.nonzero(hu - without > 300)
    for places in (rows, columns):
        assert nodule == pytest.approx((np.ptp(places) + 1) * plane.spacing, rel=0.25)
    x = plane.origin[0] + columns.mean() * plane.spacing
    assert x == pytest.approx(NODULE[0], abs=1)
    assert x < 0  # x rises to the patient's left


def test_the_nodule_grew_since_the_prior(images_of: Images) -> None:
    volumes = []
    for name, shift in (("ct-chest", (0.0, -152.0)), ("ct-chest-prior", (3.5, -146.0))):
        total = 0.0
        for image in images_of(name):
            patch = at(image, NODULE[0] + shift[0], NODULE[1] + shift[1], reach=9)
            base = float(image.ImagePositionPatient[2])
            table = -412.5 if name == "ct-chest" else -377.0
            if abs(base - table - NODULE[2]) < 8:
                total += float(np.clip((patch + 860) / 900, 0, 1)[patch > -700].sum()) * float(image.SliceThickness)
        volumes.append(total)
    assert volumes[0] > 1.8 * volumes[1]


def test_the_bleed_is_brighter_than_the_other_side_but_not_than_bone(images_of: Images) -> None:
    slices = images_of("ct-head")
    image = min(slices, key=lambda one: abs(float(one.ImagePositionPatient[2]) - 3))
    left, right = at(image, 27, -3).mean(), at(image, -27, -3).mean()
    assert 50 < left < 75
    assert 30 < right < 45
    window = float(image.WindowCenter) + float(image.WindowWidth) / 2
    assert values(image).max() > 900 > window > left


def test_fluid_is_dark_in_t1_and_bright_in_t2(images_of: Images) -> None:
    series = images_of("mr-head")
    by_name = {name: [i for i in series if i.SeriesDescription.startswith(name)] for name in ("T1", "T2")}
    t1 = min(by_name["T1"], key=lambda one: abs(float(one.ImagePositionPatient[2]) - 13))
    fluid, white = at(t1, 8, -24, reach=1).mean(), at(t1, 30, 20, reach=1).mean()
    assert fluid < 0.5 * white
    plain = images_of("yamane-mr-head")
    t2 = min(plain, key=lambda one: abs(float(one.ImagePositionPatient[2]) - 13))
    fluid, white = at(t2, 8, -24, reach=1).mean(), at(t2, 30, 20, reach=1).mean()
    assert fluid > 1.6 * white


@pytest.mark.parametrize("name", ["dx-chest", "cr-chest", "yamane-cr-chest", "shiomi-dx-chest"])
def test_lungs_are_dark_and_the_heart_is_bright_in_both_polarities(name: str, images_of: Images) -> None:
    image = images_of(name)[0]
    shown = values(image)
    if image.PhotometricInterpretation == "MONOCHROME1":
        shown = 4095 - shown
    lung, heart, air = shown[700:760, 400:440].mean(), shown[1180:1240, 800:860].mean(), shown[:40, 300:400].mean()
    assert air < lung < heart
    assert heart - lung > 1200


def test_both_polarities_are_there(images_of: Images) -> None:
    names = ("dx-chest", "cr-chest")
    assert ["MONOCHROME2", "MONOCHROME1"] == [images_of(n)[0].PhotometricInterpretation for n in names]


def test_the_four_mammograms_face_the_right_way(images_of: Images) -> None:
    views = {(i.ImageLaterality, i.ViewPosition): i for i in images_of("mammography")}
    assert {("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO")} == set(views)
    for (side, _), image in views.items():
        columns = values(image).mean(axis=0)
        wall, air = (columns[:100], columns[-100:]) if side == "L" else (columns[-100:], columns[:100])
        assert wall.mean() > 2 * air.mean()


def test_only_the_left_breast_has_calcifications(images_of: Images) -> None:
    for image in images_of("mammography"):
        grey = values(image)
        around = (grey[:-6, 3:-3] + grey[6:, 3:-3] + grey[3:-3, :-6] + grey[3:-3, 6:]) / 4
        specks = np.count_nonzero(grey[3:-3, 3:-3] - around > 500)
        assert (specks > 20) == (image.ImageLaterality == "L")


def test_the_heart_beats_inside_its_sector(images_of: Images) -> None:
    frames = images_of("us-heart")[0].pixel_array.astype(float)
    assert frames.shape == (24, 480, 640)
    assert frames[:, 20:60, 40:200].max() < 3  # nothing is drawn beside the sector
    cavity = np.count_nonzero(frames[:, 100:260, 330:440] < 70, axis=(1, 2))
    assert cavity.argmin() in range(6, 12)
    assert cavity.min() < 0.85 * cavity.max()


def test_a_beat_closes_its_circle() -> None:
    assert squeeze(0.0) == 0
    assert squeeze(0.38) == pytest.approx(1, abs=0.01)
    assert squeeze(1.0) == pytest.approx(0, abs=0.01)
