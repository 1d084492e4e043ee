"""Ultrasound Multi-frame Image Storage (PS3.3 A.7)."""

from collections.abc import Iterator
from copy import copy

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UltrasoundMultiFrameImageStorage

from test_data.encoding import set_pixels
from test_data.phantoms import ultrasound
from test_data.phantoms.ultrasound import APEX_COLUMN, APEX_ROW, COLUMNS, DEPTH, SPACING, Ultrasound


def loop(header: Dataset, picture: Ultrasound, seed: str) -> Iterator[Dataset]:
    """Yield one multi-frame instance of a whole heartbeat."""
    ds = copy(header)
    ds.SOPClassUID = UltrasoundMultiFrameImageStorage
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.InstanceNumber = 1
    ds.PatientOrientation = ""
    ds.FrameIncrementPointer = Tag("FrameTime")
    ds.FrameTime = f"{1000 / picture.rate:g}"
    ds.CineRate = round(picture.rate)
    ds.RecommendedDisplayFrameRate = round(picture.rate)
    ds.HeartRate = str(round(60 * picture.rate / picture.frames))
    ds.TransducerType = "SECTOR_PHASED"
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.SequenceOfUltrasoundRegions = [_sector()]
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.WindowCenter, ds.WindowWidth = "128", "256"
    set_pixels(ds, ultrasound.draw(picture, seed), bits_stored=8)
    yield ds


def _sector() -> Dataset:
    """Return the calibration of the sector: centimetres from the transducer (PS3.3 C.8.5.5)."""
    region = Dataset()
    region.RegionSpatialFormat = 1  # 2D
    region.RegionDataType = 1  # tissue
    region.RegionFlags = 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = 0, APEX_ROW
    region.RegionLocationMaxX1 = COLUMNS - 51
    region.RegionLocationMaxY1 = APEX_ROW + round(DEPTH / SPACING)
    region.ReferencePixelX0, region.ReferencePixelY0 = APEX_COLUMN, 0
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3  # cm
    region.ReferencePixelPhysicalValueX = region.ReferencePixelPhysicalValueY = 0.0
    region.PhysicalDeltaX = region.PhysicalDeltaY = SPACING / 10
    return region
