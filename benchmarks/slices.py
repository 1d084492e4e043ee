"""A CT slice as scanners send them: a body, lungs and noise, which compress as such pictures do, and a long header.

What `objects` sends is for counting bytes: random pixels, a short header. Renditions and metadata cost by what is in
them.
"""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from benchmarks import objects
from benchmarks.objects import Template

_SIZE = 512
_AIR, _TISSUE, _LUNG, _BONE = 24, 1064, 174, 1724  # stored values: Hounsfield units and 1024
_NOISE, _LARGEST = 18, 4095
_PRIVATE = 24
_TEXTS = {
    "ScanOptions": "HELICAL MODE", "SliceThickness": "1.0", "KVP": "120", "DataCollectionDiameter": "500",
    "DeviceSerialNumber": "000471", "SoftwareVersions": "3.2.1", "ReconstructionDiameter": "350",
    "DistanceSourceToDetector": "1085.6", "DistanceSourceToPatient": "595.0", "GantryDetectorTilt": "0",
    "TableHeight": "152.5", "RotationDirection": "CW", "ExposureTime": "500", "XRayTubeCurrent": "250",
    "Exposure": "125", "FilterType": "BODY", "GeneratorPower": "30", "FocalSpots": "0.7",
    "ConvolutionKernel": "STANDARD", "PatientWeight": "62.5", "PatientSize": "1.64", "OperatorsName": "Mori^Saki=森^咲",
    "PerformingPhysicianName": "Kimura^Ichiro=木村^一郎=きむら^いちろう", "ContentDate": "20261102",
    "PerformedProcedureStepStartDate": "20261102", "PerformedProcedureStepStartTime": "093012",
    "PerformedProcedureStepID": "P0001", "PerformedProcedureStepDescription": "胸部CT", "RescaleType": "HU",
    "SliceLocation": "-100.25", "LossyImageCompression": "00", "SpacingBetweenSlices": "1.0",
}  # fmt: skip


@cache
def ct_slice() -> Template:
    """512 × 512 of 12 bits, 527 kB, Explicit VR Little Endian."""
    made = objects.large()
    return replace(_with_long_header(made), block=_pixels(), pixels=made.pixels)


def _with_long_header(made: Template) -> Template:
    asked = Dataset()
    asked.ScheduledProcedureStepDescription, asked.ScheduledProcedureStepID = "胸部CT", "S0001"
    asked.RequestedProcedureID = "R0001"
    performed = Dataset()
    performed.ReferencedSOPClassUID = "1.2.840.10008.3.1.2.3.3"
    performed.ReferencedSOPInstanceUID = "2.25.301415926535897932384626433832795028"
    made = made.changed(
        **_TEXTS,
        WindowCenter=["40", "-600"],
        WindowWidth=["400", "1500"],
        BitsStored=12,
        HighBit=11,
        RequestAttributesSequence=[asked],
        ReferencedPerformedProcedureStepSequence=[performed],
    )
    head = made.header[: -len(_pixel_head(made))]
    return replace(made, header=_with_private_elements(head) + _pixel_head(made))


def _with_private_elements(head: bytes) -> bytes:
    """Numbers of the acquisition, as every maker has some of its own."""
    ds = read_dataset(io.BytesIO(head), is_implicit_VR=False, is_little_endian=True)
    block = ds.private_block(0x0019, "DOKUEI BENCH 01", create=True)
    for number in range(_PRIVATE):
        block.add_new(number, "DS", f"{number * 1.25:.4f}")
    buffer = io.BytesIO()
    dcmwrite(buffer, ds, implicit_vr=False, little_endian=True, enforce_file_format=False)
    return buffer.getvalue()


def _pixel_head(made: Template) -> bytes:
    return b"\xe0\x7f\x10\x00OW\0\0" + made.pixels.to_bytes(4, "little")


def _pixels() -> bytes:
    down, across = np.mgrid[-1 : 1 : _SIZE * 1j, -1 : 1 : _SIZE * 1j]

    def ellipse(x: float, y: float, width: float, height: float) -> NDArray[np.bool_]:
        return np.asarray(((across - x) / width) ** 2 + ((down - y) / height) ** 2 < 1)

    picture = np.full((_SIZE, _SIZE), float(_AIR))
    picture[ellipse(0, 0, 0.86, 0.64)] = _TISSUE
    for side in (-0.4, 0.4):
        picture[ellipse(side, 0, 0.3, 0.46)] = _LUNG
    picture[ellipse(0, 0.44, 0.12, 0.1)] = _BONE
    picture += np.random.default_rng(11).normal(0, _NOISE, picture.shape)
    stored: NDArray[np.uint16] = np.clip(picture, 0, _LARGEST).astype("<u2")
    return stored.tobytes()
