"""CT Image Storage (PS3.3 A.3)."""

from collections.abc import Iterator
from copy import copy

from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage

from test_data.encoding import set_pixels
from test_data.images.sliced import place, signed, unsigned
from test_data.phantoms import ct_chest, ct_head
from test_data.phantoms.ct_chest import CtChest
from test_data.phantoms.ct_head import CtHead


def chest(header: Dataset, picture: CtChest, seed: str) -> Iterator[Dataset]:
    """Yield the slices: signed HU with padding outside the round field of view, two windows."""
    for number, (plane, hu) in enumerate(ct_chest.draw(picture, seed), 1):
        ds = _ct(header, number)
        place(ds, plane, picture.thickness, picture.thickness)
        ds.ReconstructionDiameter = f"{plane.spacing * plane.columns:g}"
        ds.ConvolutionKernel = "FC07"
        ds.WindowCenter, ds.WindowWidth = ["40", "-600"], ["400", "1500"]
        ds.WindowCenterWidthExplanation = ["MEDIASTINUM", "LUNG"]
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
        set_pixels(ds, signed(hu), bits_stored=16)
        ds.PixelPaddingValue = ct_chest.OUTSIDE
        yield ds


def head(header: Dataset, picture: CtHead, seed: str) -> Iterator[Dataset]:
    """Yield the slices: 12 unsigned bits with an intercept of -1024, one narrow window."""
    for number, (plane, hu) in enumerate(ct_head.draw(picture, seed), 1):
        ds = _ct(header, number)
        place(ds, plane, picture.thickness, picture.thickness)
        ds.ReconstructionDiameter = f"{plane.spacing * plane.columns:g}"
        ds.ConvolutionKernel = "FC21"
        ds.WindowCenter, ds.WindowWidth = "35", "90"
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "-1024", "1", "HU"
        set_pixels(ds, unsigned(hu + 1024, 4095), bits_stored=12)
        yield ds


def _ct(header: Dataset, number: int) -> Dataset:
    ds = copy(header)
    ds.SOPClassUID = CTImageStorage
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.InstanceNumber = number
    ds.AcquisitionNumber = 1
    ds.KVP = "120"
    ds.XRayTubeCurrent = 220
    ds.ExposureTime = 500
    ds.GantryDetectorTilt = "0"
    ds.TableHeight = "140"
    ds.RotationDirection = "CW"
    ds.PhotometricInterpretation = "MONOCHROME2"
    return ds
