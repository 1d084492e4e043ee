"""What CT and MR images share: planes in space and stored values under a window."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from test_data.geometry import Field, Plane


def place(ds: Dataset, plane: Plane, thickness: float, step: float) -> None:
    """Fill the Image Plane module (PS3.3 C.7.6.2); lengths in mm.

    SpacingBetweenSlices belongs to MR; CT scanners send it too, as here.
    """
    ds.PatientPosition = "HFS"
    ds.SliceThickness = f"{thickness:g}"
    ds.SpacingBetweenSlices = f"{step:g}"
    ds.ImagePositionPatient = plane.position
    ds.ImageOrientationPatient = plane.orientation
    ds.SliceLocation = f"{_along_normal(plane):.4f}"
    ds.PixelSpacing = [f"{plane.spacing:g}", f"{plane.spacing:g}"]
    ds.PositionReferenceIndicator = ""


def _along_normal(plane: Plane) -> float:
    return float(np.dot(np.cross(plane.row, plane.column), plane.origin))


def unsigned(values: Field, top: int) -> NDArray[np.uint16]:
    """Round to whole numbers between 0 and `top`."""
    return np.clip(np.rint(values), 0, top).astype(np.uint16)


def signed(values: Field) -> NDArray[np.int16]:
    """Round to whole numbers of 16 bits with a sign."""
    return np.clip(np.rint(values), -32768, 32767).astype(np.int16)
