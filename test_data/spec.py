"""What a study is, as declared data; `generate` turns it into files."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from test_data.patients import CharacterSet, Patient, fits
from test_data.phantoms.ct_chest import CtChest
from test_data.phantoms.ct_head import CtHead
from test_data.phantoms.mammogram import Mammogram
from test_data.phantoms.mr_head import MrHead
from test_data.phantoms.radiograph import Radiograph
from test_data.phantoms.ultrasound import Ultrasound
from test_data.sites import SITES, Site, SiteCode

Picture = CtChest | CtHead | MrHead | Radiograph | Mammogram | Ultrasound
Compression = Literal["none", "rle", "jpeg-ls"]


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """One series; `pictures` has one entry per stack of slices, or one per single image."""

    name: str
    description: str
    protocol: str
    pictures: tuple[Picture, ...]
    compression: Compression = "none"


@dataclass(frozen=True, slots=True)
class StudySpec:
    """One study of one patient at one site, `days_before_anchor` days before the day it is made for.

    Raises `ValueError` when a name or a description does not exist in `character_set`.
    """

    name: str
    site_code: SiteCode
    modality: Literal["CT", "MR", "CR", "DX", "MG", "US"]
    kind: str
    patient: Patient
    description: str
    body_part: str
    days_before_anchor: int
    time: dt.time
    number: int
    series: tuple[SeriesSpec, ...]
    character_set: CharacterSet = "ISO_IR 192"

    def __post_init__(self) -> None:
        names = str(self.patient.name), str(self.site.referring_physician), self.site.name
        series = (text for one in self.series for text in (one.description, one.protocol))
        for text in (*names, self.description, *series):
            if not fits(text, self.character_set):
                raise ValueError(f"{self.name}: {text} cannot be written in {self.character_set}")

    @property
    def site(self) -> Site:
        """Return the clinic that made the study."""
        return SITES[self.site_code]

    def date(self, anchor: dt.date) -> dt.date:
        """Return StudyDate for a set made for the day `anchor`."""
        return anchor - dt.timedelta(days=self.days_before_anchor)

    def accession_number(self, anchor: dt.date) -> str:
        """Return AccessionNumber: the site's letter, the day and the number of the day, at most 12 characters."""
        return f"{self.site_code[0]}{self.date(anchor):%y%m%d}{self.number:03d}"
