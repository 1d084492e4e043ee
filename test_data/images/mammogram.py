"""Digital Mammography X-Ray Image Storage - For Presentation (PS3.3 A.27)."""

from collections.abc import Iterator
from copy import copy

from pydicom.dataset import Dataset
from pydicom.uid import DigitalMammographyXRayImageStorageForPresentation

from test_data.encoding import set_pixels
from test_data.images.codes import BREAST, VIEWS, code
from test_data.images.radiograph import for_presentation
from test_data.images.sliced import unsigned
from test_data.phantoms import mammogram
from test_data.phantoms.mammogram import SPACING, Mammogram

# Rows run from the chest wall outwards in a left breast, towards it in a right one.
_ORIENTATION = {
    ("L", "CC"): ["A", "R"],
    ("R", "CC"): ["P", "L"],
    ("L", "MLO"): ["A", "FR"],
    ("R", "MLO"): ["P", "FL"],
}


def view(header: Dataset, picture: Mammogram, seed: str) -> Iterator[Dataset]:
    """Yield one view of one breast."""
    ds = copy(header)
    ds.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    ds.ImageType = ["ORIGINAL", "PRIMARY", ""]
    ds.InstanceNumber = 1
    for_presentation(ds, inverse=False)
    ds.ImageLaterality = picture.laterality
    ds.ViewPosition = picture.view
    ds.PatientOrientation = _ORIENTATION[picture.laterality, picture.view]
    ds.AnatomicRegionSequence = [code(*BREAST)]
    view_code = code(*VIEWS[picture.view])
    view_code.ViewModifierCodeSequence = []
    ds.ViewCodeSequence = [view_code]
    ds.PositionerType = "MAMMOGRAPHIC"
    ds.PositionerPrimaryAngle = "0" if picture.view == "CC" else "45"
    ds.OrganExposed = "BREAST"
    ds.PartialView = "NO"
    ds.BreastImplantPresent = "NO"
    ds.KVP = "28"
    ds.AnodeTargetMaterial = "TUNGSTEN"
    ds.FilterMaterial = "RHODIUM"
    ds.BodyPartThickness = "48"
    ds.CompressionForce = "95"
    ds.ImagerPixelSpacing = [str(SPACING), str(SPACING)]
    ds.BurnedInAnnotation = "NO"
    ds.LossyImageCompression = "00"
    ds.WindowCenter, ds.WindowWidth = "1400", "2600"
    ds.PhotometricInterpretation = "MONOCHROME2"
    set_pixels(ds, unsigned(mammogram.draw(picture, seed), 4095), bits_stored=12)
    yield ds
