"""Computed Radiography (PS3.3 A.2) and Digital X-Ray Image Storage - For Presentation (PS3.3 A.26)."""

from collections.abc import Iterator
from copy import copy

from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, DigitalXRayImageStorageForPresentation

from test_data.encoding import set_pixels
from test_data.images.codes import CHEST, VIEWS, code
from test_data.images.sliced import unsigned
from test_data.phantoms import radiograph
from test_data.phantoms.radiograph import SPACING, Radiograph


def frontal(header: Dataset, picture: Radiograph, seed: str) -> Iterator[Dataset]:
    """Yield one posteroanterior view; stored values run the other way round in MONOCHROME1."""
    ds = copy(header)
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.InstanceNumber = 1
    ds.AcquisitionNumber = 1
    ds.ViewPosition = "PA"
    ds.PatientOrientation = ["L", "F"]
    ds.KVP = "120"
    ds.DistanceSourceToDetector = "1800"
    ds.Exposure = "3"
    ds.ImagerPixelSpacing = [str(SPACING), str(SPACING)]
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.WindowCenter, ds.WindowWidth = "2048", "4096"
    ds.PhotometricInterpretation = picture.photometric
    inverse = picture.photometric == "MONOCHROME1"
    grey = unsigned(radiograph.draw(picture, seed), 4095)
    set_pixels(ds, 4095 - grey if inverse else grey, bits_stored=12)
    if picture.modality == "CR":
        ds.SOPClassUID = ComputedRadiographyImageStorage
        ds.PlateType = "PHOSPHOR"
        ds.CassetteSize = "35CMX43CM"
    else:
        ds.SOPClassUID = DigitalXRayImageStorageForPresentation
        for_presentation(ds, inverse=inverse)
        ds.ImageLaterality = "U"
        ds.AnatomicRegionSequence = [code(*CHEST)]
        ds.PixelSpacing = ds.ImagerPixelSpacing
        ds.ViewCodeSequence = [code(*VIEWS["PA"])]
        ds.PositionerType = "COLUMN"
    yield ds


def for_presentation(ds: Dataset, *, inverse: bool) -> None:
    """Fill what the DX family asks of an image that is ready to be looked at (PS3.3 C.8.11.1 to C.8.11.4)."""
    ds.PresentationIntentType = "FOR PRESENTATION"
    ds.PixelIntensityRelationship = "LOG"
    ds.PixelIntensityRelationshipSign = 1 if inverse else -1
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
    ds.DetectorType = "SCINTILLATOR"
    ds.AcquisitionContextSequence = []
