"""Positions, orientations and spacings in the headers agree with each other in every stack of slices."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import FileDataset

from test_data.geometry import stack

STACKS = ["ct-chest", "ct-chest-prior", "ct-head", "mr-head", "yamane-mr-head", "shiomi-ct-head"]


@pytest.mark.parametrize("name", STACKS)
def test_slices_are_parallel_and_as_far_apart_as_declared(
    name: str, images_of: Callable[[str], list[FileDataset]]
) -> None:
    images = images_of(name)
    assert len({image.FrameOfReferenceUID for image in images}) == 1
    for series in {image.SeriesInstanceUID for image in images}:
        slices = [image for image in images if image.SeriesInstanceUID == series]
        assert len({tuple(image.ImageOrientationPatient) for image in slices}) == 1
        directions = np.array(slices[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
        assert np.allclose(np.eye(2), directions @ directions.T, atol=1e-5)
        normal = np.cross(*directions)
        positions = np.array([image.ImagePositionPatient for image in slices], dtype=float)
        steps = np.diff(positions, axis=0)
        assert np.allclose(-normal * float(slices[0].SpacingBetweenSlices), steps, atol=1e-3)
        assert np.allclose(positions @ normal, [float(image.SliceLocation) for image in slices], atol=1e-3)
        assert all(image.PatientPosition == "HFS" for image in slices)


def test_one_mr_series_is_oblique(images_of: Callable[[str], list[FileDataset]]) -> None:
    orientations = {tuple(map(float, image.ImageOrientationPatient)) for image in images_of("mr-head")}
    assert (1, 0, 0, 0, 1, 0) in orientations
    assert len(orientations) == 2


@given(
    tilt=st.floats(-60, 60),
    count=st.integers(1, 9),
    step=st.floats(0.5, 10),
    centre=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_a_stack_is_centred_and_even(tilt: float, count: int, step: float, centre: tuple[float, float, float]) -> None:
    planes = stack(centre=centre, count=count, step=step, spacing=2.0, matrix=5, tilt=tilt)
    middles = np.array(
        [np.array(plane.origin) + 4.0 * np.array(plane.row) + 4.0 * np.array(plane.column) for plane in planes]
    )
    assert np.allclose(centre, middles.mean(axis=0), atol=1e-6)
    assert np.allclose(step, np.linalg.norm(np.diff(middles, axis=0), axis=1), atol=1e-6)


def test_points_of_a_plane_are_where_its_header_says() -> None:
    plane = stack(centre=(10, 20, 30), count=1, step=1, spacing=0.5, matrix=4, tilt=30)[0]
    x, y, z = plane.points
    row, column = np.array(plane.orientation, dtype=float).reshape(2, 3)
    expected = np.array(plane.position, dtype=float) + 0.5 * (3 * row + 2 * column)
    assert np.allclose(expected, (x[2, 3], y[2, 3], z[2, 3]), atol=1e-4)
