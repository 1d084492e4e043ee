"""The studies that QIDO-RS searches among, each of one small instance: who and when follows from a study's number.

Ten years, twelve family names, seven given ones, three modalities. Neither names nor dates are those that other figures
use, so that a target may hold both.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import NamedTuple

from benchmarks import objects
from benchmarks.objects import Identity, Template
from benchmarks.sending import Job, send
from benchmarks.targets import Target

FAMILIES = (
    ("ITO", "伊藤", "いとう"), ("YAMAMOTO", "山本", "やまもと"), ("NAKAMURA", "中村", "なかむら"),
    ("KATO", "加藤", "かとう"), ("YAMADA", "山田", "やまだ"), ("SASAKI", "佐々木", "ささき"),
    ("MATSUMOTO", "松本", "まつもと"), ("INOUE", "井上", "いのうえ"), ("KIMURA", "木村", "きむら"),
    ("HAYASHI", "林", "はやし"), ("SAITO", "斎藤", "さいとう"), ("MORI", "森", "もり"),
)  # fmt: skip
GIVEN = (
    ("JIRO", "次郎", "じろう"), ("SAKURA", "桜", "さくら"), ("AKIRA", "明", "あきら"), ("YUKI", "由紀", "ゆき"),
    ("ICHIRO", "一郎", "いちろう"), ("MIDORI", "緑", "みどり"), ("JUN", "純", "じゅん"),
)  # fmt: skip
MODALITIES = ("CT", "MR", "CR")
YEARS = range(2000, 2010)
_WEIGHTS = (4, 3, 2)
_ASSOCIATIONS, _LOT = 4, 2000


class Study(NamedTuple):
    """One of them; `family` and `given` are places in FAMILIES and GIVEN."""

    identity: Identity
    family: int
    given: int
    modality: str


def study(number: int) -> Study:
    """The study of this number."""
    source = Random(number)
    family, given = source.randrange(len(FAMILIES)), source.randrange(len(GIVEN))
    [modality] = source.choices(MODALITIES, _WEIGHTS)
    date = f"{source.choice(YEARS)}{source.randint(1, 12):02d}{source.randint(1, 28):02d}"
    of_study, of_series, of_instance = (f"2.25.{digit}{number:034d}" for digit in "456")
    identity = Identity(of_study, of_series, of_instance, f"Q{number:011d}", f"Q{number:09d}", date)
    return Study(identity, family, given, modality)


def studies(count: int) -> Iterator[Study]:
    """The first so many."""
    return map(study, range(count))


def fill(target: Target, count: int) -> None:
    """Send so many by C-STORE. How far it is stands in a file, so that what was kept is not sent again."""
    mark = target.folder / "searched"
    already = int(mark.read_text()) if mark.exists() else 0
    for start in range(already, count, _LOT):
        end = min(start + _LOT, count)
        lot = [_job(study(number)) for number in range(start, end)]
        sent = send(target.node, lot, _ASSOCIATIONS)
        if sent.refused:
            raise RuntimeError(f"{target.name} refused {sent.refused} of {sent.count} studies")
        mark.write_text(str(end))


def _job(of: Study) -> Job:
    return _template(of.family, of.given, of.modality), of.identity


@cache
def _template(family: int, given: int, modality: str) -> Template:
    name = "=".join(f"{a}^{b}" for a, b in zip(FAMILIES[family], GIVEN[given], strict=True))
    return objects.template(modality, rows=8, columns=8).changed(PatientName=name)
