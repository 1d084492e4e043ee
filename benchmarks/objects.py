"""Objects to send: a header made once, in which identifiers of fixed width are replaced, before pixels that are shared.

So an instance costs its sender a few replacements in two kilobytes, and a gigabyte of pixels costs one megabyte.
The people are invented; the names are Japanese, in three groups, as Japan's modalities write them.
"""

from __future__ import annotations

import hashlib
import io
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.wire import EXPLICIT_LITTLE, IMPLICIT_LITTLE

# pydicom is imported where an object is made: the senders' processes start without it.
if TYPE_CHECKING:
    from pydicom.dataset import Dataset

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
CR = "1.2.840.10008.5.1.4.1.1.1"
MULTI_FRAME_WORD = "1.2.840.10008.5.1.4.1.1.7.3"

_CLASSES = {"CT": CT, "MR": MR, "CR": CR, "OT": MULTI_FRAME_WORD}
FAMILIES = (
    ("SATO", "佐藤", "さとう"),
    ("SUZUKI", "鈴木", "すずき"),
    ("TAKAHASHI", "髙橋", "たかはし"),
    ("TANAKA", "田中", "たなか"),
    ("WATANABE", "渡邊", "わたなべ"),
    ("KOBAYASHI", "小林", "こばやし"),
    ("YOSHIDA", "吉田", "よしだ"),
    ("SHIMIZU", "清水", "しみず"),
)
GIVEN = (
    ("TARO", "太郎", "たろう"),
    ("HANAKO", "花子", "はなこ"),
    ("KENJI", "健二", "けんじ"),
    ("MISAKI", "美咲", "みさき"),
)

_STUDY, _SERIES, _INSTANCE = ("2.25." + digit * 35 for digit in "123")
_PATIENT, _ACCESSION, _DATE, _NUMBER = "PPPPPPPPPPPP", "AAAAAAAAAA", "18991231", "918273"
_BLOCK = 1 << 20


class Identity(NamedTuple):
    """What is different in each instance; the widths are fixed: see `Template.head`."""

    study: str
    series: str
    instance: str
    patient: str
    accession: str
    date: str = "20261102"
    number: int = 1


@dataclass(frozen=True)
class Template:
    """A kind of object: `header` is the data set up to the pixels, which are `block` over and over, `pixels` bytes."""

    sop_class: str
    syntax: str
    header: bytes
    block: bytes
    pixels: int

    @property
    def size(self) -> int:
        """Bytes of the data set."""
        return len(self.header) + self.pixels

    def head(self, identity: Identity) -> bytes:
        """The data set of this instance up to its pixels."""
        made = self.header
        for placeholder, value in (
            # The short ones first, while no UID can hold their digits by chance.
            (_NUMBER, f"{identity.number:06d}"),
            (_DATE, identity.date),
            (_ACCESSION, identity.accession),
            (_PATIENT, identity.patient),
            (_STUDY, identity.study),
            (_SERIES, identity.series),
            (_INSTANCE, identity.instance),
        ):
            if len(placeholder) != len(value) and placeholder.encode() in made:
                raise ValueError(f"{value} is not as long as {placeholder}")
            made = made.replace(placeholder.encode(), value.encode())
        return made

    def pixel_bytes(self, start: int, length: int) -> bytes:
        """A part of the pixels, at most as long as the block."""
        at = start % len(self.block)
        piece = self.block[at : at + length]
        return piece if len(piece) == length else piece + self.block[: length - len(piece)]

    def pieces(self, identity: Identity) -> Iterator[bytes]:
        """The data set, piece by piece."""
        yield self.head(identity)
        for start in range(0, self.pixels, len(self.block)):
            yield self.pixel_bytes(start, min(len(self.block), self.pixels - start))

    def digest(self, identity: Identity) -> str:
        """SHA-256 of the data set, hexadecimal."""
        digest = hashlib.sha256()
        for piece in self.pieces(identity):
            digest.update(piece)
        return digest.hexdigest()

    def changed(self, **values: object) -> Template:
        """The same pixels behind a header with other values, by keyword; what was a placeholder there is none now."""
        from pydicom.filereader import read_dataset

        implicit = self.syntax == IMPLICIT_LITTLE
        end = len(self.header) - (8 if implicit else 12)
        ds = read_dataset(io.BytesIO(self.header[:end]), implicit, is_little_endian=True)
        for keyword, value in values.items():
            setattr(ds, keyword, value)
        return replace(self, header=_encoded(ds, self.syntax) + self.header[end:])

    def other_content(self) -> Template:
        """The same header before other pixels, as a sender has that gave one UID to two images."""
        return replace(self, block=self.block[::-1])


def template(  # a header is a list
    modality: str = "CT",
    *,
    rows: int = 512,
    columns: int = 512,
    frames: int = 1,
    syntax: str = EXPLICIT_LITTLE,
    name: tuple[int, int] = (0, 0),
    seed: int = 1,
) -> Template:
    """A kind of object; `name` chooses among FAMILIES and GIVEN, `seed` the pixels (16 bit, random)."""
    from pydicom.dataset import Dataset

    family, given = FAMILIES[name[0] % len(FAMILIES)], GIVEN[name[1] % len(GIVEN)]
    ds = Dataset()
    ds.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SOPClassUID, ds.SOPInstanceUID = _CLASSES[modality], _INSTANCE
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = _DATE
    ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "093015"
    ds.AccessionNumber, ds.Modality = _ACCESSION, modality
    ds.Manufacturer, ds.ManufacturerModelName = "dokuei", "benchmark"
    ds.InstitutionName, ds.StationName = "みなと診療所", "ROOM1"
    ds.ReferringPhysicianName = "MINATO^KEIKO=湊^恵子=みなと^けいこ"
    ds.StudyDescription, ds.SeriesDescription = "胸部単純", "軸位断"
    ds.PatientName = "=".join(f"{a}^{b}" for a, b in zip(family, given, strict=True))
    # 髙 is outside JIS X 0208; a modality writes 高 there.
    ds.PatientName = str(ds.PatientName).replace("髙", "高").replace("邊", "辺")
    ds.PatientID, ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = _PATIENT, "19620315", "F", "064Y"
    ds.BodyPartExamined, ds.PatientPosition, ds.ProtocolName = "CHEST", "HFS", "ROUTINE"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = _STUDY, _SERIES
    ds.StudyID, ds.SeriesNumber, ds.AcquisitionNumber, ds.InstanceNumber = "1", 1, 1, _NUMBER
    ds.ImagePositionPatient, ds.ImageOrientationPatient = ["-180", "-180", "0"], ["1", "0", "0", "0", "1", "0"]
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = _SERIES, ""
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    if frames > 1:
        ds.NumberOfFrames = frames
    ds.Rows, ds.Columns, ds.PixelSpacing = rows, columns, ["0.7", "0.7"]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.WindowCenter, ds.WindowWidth, ds.RescaleIntercept, ds.RescaleSlope = "1064", "400", "-1024", "1"
    pixels = 2 * rows * columns * frames
    header = _encoded(ds, syntax)
    # PixelData's own head: tag, OW, two reserved, length; without a VR in Implicit VR Little Endian.
    vr = b"" if syntax == IMPLICIT_LITTLE else b"OW\0\0"
    header += b"\xe0\x7f\x10\x00" + vr + pixels.to_bytes(4, "little")
    return Template(_CLASSES[modality], syntax, header, Random(seed).randbytes(min(pixels, _BLOCK)), pixels)


def large(seed: int = 1) -> Template:
    """A CT slice of 512 × 512: 526 kB."""
    return template(seed=seed)


def small(seed: int = 1) -> Template:
    """A CT slice of 132 × 132: 35 kB and a header."""
    return template(rows=132, columns=132, seed=seed)


def giant(frames: int = 2048) -> Template:
    """A multi-frame object of 512 kB a frame: 1 GiB with 2048 of them."""
    return template("OT", frames=frames)


def series(count: int, *, date: str = "20261102", source: Random | None = None) -> list[Identity]:
    """A new series of `count` instances of a new patient; repeatable from `source`, else fresh."""
    number: Callable[[int], int] = source.randrange if source else secrets.randbelow

    def uid() -> str:
        return f"2.25.{number(9 * 10**34) + 10**34}"

    study, of, patient, accession = uid(), uid(), f"B{number(10**11):011d}", f"A{number(10**9):09d}"
    return [Identity(study, of, uid(), patient, accession, date, n) for n in range(1, count + 1)]


def file_head(made: Template, identity: Identity) -> bytes:
    """What a Part 10 file has before the data set; always as long for the same kind of object."""
    if len(identity.instance) != len(_INSTANCE):
        raise ValueError(f"{identity.instance} is not as long as {_INSTANCE}")
    return _file_head(made.sop_class, made.syntax).replace(_INSTANCE.encode(), identity.instance.encode())


def part10(made: Template, identity: Identity) -> bytes:
    """The instance as a file, for programs that read files; of an object that fits into memory."""
    return file_head(made, identity) + b"".join(made.pieces(identity))


@lru_cache(maxsize=16)
def _file_head(sop_class: str, syntax: str) -> bytes:
    from pydicom import dcmwrite
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = UID(sop_class), UID(_INSTANCE)
    meta.TransferSyntaxUID = UID(syntax)
    empty = Dataset()
    empty.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, empty, enforce_file_format=True)
    return buffer.getvalue()


def _encoded(ds: Dataset, syntax: str) -> bytes:
    from pydicom import dcmwrite

    buffer = io.BytesIO()
    implicit = syntax == IMPLICIT_LITTLE
    dcmwrite(buffer, ds, implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    return buffer.getvalue()
