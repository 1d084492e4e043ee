"""MR Image Storage (PS3.3 A.4)."""

from collections.abc import Iterator
from copy import copy

from pydicom.dataset import Dataset
from pydicom.uid import MRImageStorage

from test_data.encoding import set_pixels
from test_data.images.sliced import place, unsigned
from test_data.phantoms import mr_head
from test_data.phantoms.mr_head import MrHead

# Repetition time and echo time in ms, echo train, window centre and width.
_SEQUENCES = {"T1": ("500", "12", 1, "420", "760"), "T2": ("4000", "98", 15, "520", "1050")}


def head(header: Dataset, picture: MrHead, seed: str) -> Iterator[Dataset]:
    """Yield the slices of one spin echo series."""
    repetition, echo, train, centre, width = _SEQUENCES[picture.weighting]
    for number, (plane, signal) in enumerate(mr_head.draw(picture, seed), 1):
        ds = copy(header)
        ds.SOPClassUID = MRImageStorage
        ds.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
        ds.InstanceNumber = number
        ds.AcquisitionNumber = 1
        ds.ScanningSequence = "SE"
        ds.SequenceVariant = "SK" if train > 1 else "NONE"
        ds.ScanOptions = ""
        ds.MRAcquisitionType = "2D"
        ds.RepetitionTime, ds.EchoTime, ds.EchoTrainLength = repetition, echo, train
        ds.EchoNumbers = 1
        ds.FlipAngle = "90"
        ds.NumberOfAverages = "1"
        ds.MagneticFieldStrength = "1.5"
        ds.ImagedNucleus = "1H"
        ds.ImagingFrequency = "63.86"
        place(ds, plane, picture.thickness, picture.thickness + picture.gap)
        ds.PhotometricInterpretation = "MONOCHROME2"
        ds.WindowCenter, ds.WindowWidth = centre, width
        set_pixels(ds, unsigned(signal, 4095), bits_stored=12)
        yield ds
