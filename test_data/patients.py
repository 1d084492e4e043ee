"""Names in three groups, and the fictional patients of the demo region."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

CharacterSet = Literal["ISO_IR 192", "ISO 2022 IR 87"]


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name in the three groups of the value representation PN (PS3.5 6.2.1)."""

    alphabetic: str
    ideographic: str
    phonetic: str

    def __str__(self) -> str:
        """Return `alphabetic=ideographic=phonetic` as it stands in the data set."""
        return f"{self.alphabetic}={self.ideographic}={self.phonetic}"


def fits(text: str, character_set: CharacterSet) -> bool:
    """Tell whether every character exists in `character_set`; pydicom would write `?` for the others."""
    try:
        text.encode("utf-8" if character_set == "ISO_IR 192" else "iso2022_jp")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Patient:
    """A fictional person as one clinic knows them; height in metres, weight in kilograms."""

    id: str
    name: Name
    birth_date: dt.date
    sex: Literal["M", "F", "O"]
    height: float
    weight: float

    def age_on(self, day: dt.date) -> str:
        """Return the age on `day` as an age string such as `067Y`."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return f"{day.year - self.birth_date.year - (not had_birthday):03d}Y"


TARO_YAMADA = Patient(
    "M0001024", Name("Yamada^Taro", "山田^太郎", "ヤマダ^タロウ"), dt.date(1958, 5, 12), "M", 1.68, 66.0
)
# 髙 and 﨑 exist in neither JIS X 0208 nor JIS X 0212: this name can only travel as ISO_IR 192.
HANAKO_TAKASAKI = Patient(
    "M0000731", Name("Takasaki^Hanako", "髙﨑^花子", "タカサキ^ハナコ"), dt.date(1947, 11, 3), "F", 1.51, 48.0
)
JIRO_MIHON = Patient(
    "M0002210", Name("Mihon^Jiro", "見本^次郎", "ミホン^ジロウ"), dt.date(1980, 2, 29), "M", 1.74, 71.0
)
KENICHI_REIDA = Patient(
    "M0001877", Name("Reida^Kenichi", "例田^健一", "レイダ^ケンイチ"), dt.date(1969, 8, 21), "M", 1.70, 78.0
)
SAKURA_SHINO = Patient(
    "M0001502", Name("Shino^Sakura", "試野^さくら", "シノ^サクラ"), dt.date(1974, 4, 1), "F", 1.58, 55.0
)
NAGISA_UTSUGI = Patient(
    "M0002345", Name("Utsugi^Nagisa", "空木^渚", "ウツギ^ナギサ"), dt.date(1985, 7, 20), "F", 1.62, 52.0
)
SABURO_KARIYA = Patient(
    "M0000418", Name("Kariya^Saburo", "仮屋^三郎", "カリヤ^サブロウ"), dt.date(1951, 1, 15), "M", 1.65, 63.0
)
EIKO_WATANABE = Patient(
    "20-3317", Name("Watanabe^Eiko", "渡邉^映子", "ワタナベ^エイコ"), dt.date(1963, 9, 9), "F", 1.55, 50.0
)
MIDORI_KAKETANI = Patient(
    "20-0902", Name("Kaketani^Midori", "架谷^みどり", "カケタニ^ミドリ"), dt.date(1990, 12, 24), "F", 1.60, 54.0
)
MITSURU_SHIOTA = Patient(
    "S55108", Name("Shiota^Mitsuru", "潮田^満", "シオタ^ミツル"), dt.date(1938, 3, 30), "M", 1.61, 57.0
)
FUMI_MINAKAMI = Patient(
    "S60027", Name("Minakami^Fumi", "水上^文", "ミナカミ^フミ"), dt.date(1955, 10, 5), "F", 1.53, 49.0
)
