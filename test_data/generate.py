"""From a declared study to its files."""

import datetime as dt
from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, JPEGLSLossless, RLELossless

from test_data.encoding import part10
from test_data.headers import add_series, common, study_key
from test_data.images import ct, mammogram, mr, radiograph, ultrasound
from test_data.phantoms.ct_chest import CtChest
from test_data.phantoms.ct_head import CtHead
from test_data.phantoms.mammogram import Mammogram
from test_data.phantoms.mr_head import MrHead
from test_data.phantoms.radiograph import Radiograph
from test_data.phantoms.ultrasound import Ultrasound
from test_data.spec import Compression, Picture, StudySpec
from test_data.uids import uid

DEFAULT_ANCHOR = dt.date(2026, 4, 1)

_SYNTAXES: dict[Compression, str] = {
    "none": ExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg-ls": JPEGLSLossless,
}


def generate(study: StudySpec, anchor: dt.date = DEFAULT_ANCHOR) -> Iterator[tuple[str, bytes]]:
    """Yield the files of `study` as (`study/series/0001.dcm`, Part 10 bytes), series by series.

    StudyDate is `days_before_anchor` days before `anchor`. The same study and anchor give the same bytes
    on the same versions of numpy, pydicom and pyjpegls; another anchor gives other UIDs, the same pictures.
    """
    key = study_key(study, anchor)
    for number in range(1, len(study.series) + 1):
        header = common(study, anchor)
        series = add_series(header, study, number, anchor)
        if study.modality in ("CT", "MR"):
            header.FrameOfReferenceUID = uid("frame of reference", key)
        count = 0
        for picture in series.pictures:
            # Noise and gyri belong to this examination of this person, whatever the day.
            for ds in _images(header, picture, f"{study.patient.id} {study.name}"):
                count += 1
                ds.InstanceNumber = count
                ds.SOPInstanceUID = uid("instance", key, number, count)
                yield f"{study.name}/{series.name}/{count:04d}.dcm", part10(ds, _SYNTAXES[series.compression])


def instance_count(study: StudySpec) -> int:
    """Return how many files `generate` yields for `study`, without drawing anything."""
    return sum(getattr(picture, "slices", 1) for series in study.series for picture in series.pictures)


def _images(header: Dataset, picture: Picture, seed: str) -> Iterator[Dataset]:
    match picture:
        case CtChest():
            return ct.chest(header, picture, seed)
        case CtHead():
            return ct.head(header, picture, seed)
        case MrHead():
            return mr.head(header, picture, seed)
        case Radiograph():
            return radiograph.frontal(header, picture, seed)
        case Mammogram():
            return mammogram.view(header, picture, seed)
        case Ultrasound():
            return ultrasound.loop(header, picture, seed)
