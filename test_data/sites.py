"""The three fictional clinics whose studies the demo region sends."""

from dataclasses import dataclass
from typing import Literal

from test_data.patients import Name

SiteCode = Literal["MINATO", "YAMANE", "SHIOMI"]


@dataclass(frozen=True, slots=True)
class Site:
    """A clinic as its scanners write it into every header."""

    code: SiteCode
    name: str
    department: str
    referring_physician: Name


SITES: dict[SiteCode, Site] = {
    "MINATO": Site("MINATO", "みなと診療所", "内科", Name("Minato^Ichiro", "湊^一朗", "ミナト^イチロウ")),
    "YAMANE": Site("YAMANE", "山根クリニック", "外科", Name("Yamane^Chie", "山根^千絵", "ヤマネ^チエ")),
    "SHIOMI": Site("SHIOMI", "潮見医院", "内科", Name("Shiomi^Makoto", "潮見^誠", "シオミ^マコト")),
}
