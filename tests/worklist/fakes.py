"""A small region: two clinics, two hospitals, their people, and an archive that holds what it is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time

from sqlalchemy.orm import Session

from access_control.model import Actor, ActorKind, Role
from pacs_node.model import Patient, PersonName, StudySummary

SITES = {"MINATO": "みなと診療所", "YAMANE": "山根クリニック", "CHUO": "中央病院", "KITA": "北病院"}


def site_name(_session: Session, code: str) -> str:
    return SITES[code]


def person(login: str, role: Role, site_code: str, *reads_for: str) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        login=login,
        name=f"{login}さん",
        role=role,
        site_code=site_code,
        site_name=SITES[site_code],
        session_id=f"session-{login}",
        reads_for=frozenset(reads_for),
    )


DOCTOR = person("minato-doctor", Role.REFERRING_DOCTOR, "MINATO")
TECHNOLOGIST = person("minato-tech", Role.TECHNOLOGIST, "MINATO")
SECRETARY = person("minato-desk", Role.SECRETARIAT, "MINATO")
OTHER_DOCTOR = person("yamane-doctor", Role.REFERRING_DOCTOR, "YAMANE")
READER = person("chuo-reader", Role.RADIOLOGIST, "CHUO", "MINATO", "YAMANE")
SECOND_READER = person("chuo-reader-2", Role.RADIOLOGIST, "CHUO", "MINATO", "YAMANE")
READER_WITHOUT_CONTRACT = person("kita-reader", Role.RADIOLOGIST, "KITA")
SCHEDULER = person("minato-scheduler", Role.SCHEDULER, "MINATO")
ADMINISTRATOR = person("minato-admin", Role.ADMINISTRATOR, "MINATO")

TARO = PersonName(alphabetic="Yamada Taro", ideographic="山田 太郎", phonetic="ヤマダ タロウ")
HANAKO = PersonName(alphabetic="Takahashi Hanako", ideographic="髙橋 花子", phonetic="タカハシ ハナコ")


def study(uid: str = "1.2.3", **changes: object) -> StudySummary:
    values: dict[str, object] = {
        "study_uid": uid,
        "site_code": "MINATO",
        "patient": Patient(issuer="MINATO", patient_id="M0001024", name=TARO, birth_date=date(1958, 5, 12), sex="M"),
        "study_date": date(2026, 3, 28),
        "study_time": time(9, 58, 7, 250000),
        "accession_number": "A-100",
        "study_description": "胸部単純CT",
        "referring_physician": "湊 一朗",
        "body_part": "CHEST",
        "modalities": ("CT",),
        "series_count": 2,
        "instance_count": 40,
        "first_received_at": datetime(2026, 3, 28, 1, 0, tzinfo=UTC),
        "last_received_at": datetime(2026, 3, 28, 1, 0, tzinfo=UTC),
    }
    return StudySummary(**{**values, **changes})  # type: ignore[arg-type]


class Shelf:
    """An archive's catalogue in memory."""

    def __init__(self) -> None:
        self.held: dict[str, StudySummary] = {}
        self.versions: dict[str, list[tuple[str, datetime]]] = {}

    def put(self, summary: StudySummary) -> StudySummary:
        self.held[summary.study_uid] = summary
        return summary

    def study(self, study_uid: str) -> StudySummary | None:
        return self.held.get(study_uid)

    def studies(self, study_uids: Iterable[str], *, session: Session) -> dict[str, StudySummary]:
        return {study_uid: self.held[study_uid] for study_uid in study_uids if study_uid in self.held}

    def prior_counts(self, study_uids: Iterable[str], sites: Collection[str], *, session: Session) -> dict[str, int]:
        return {uid: sum(prior.site_code in sites for prior in self.priors(uid)) for uid in study_uids}

    def replaced(self, study_uid: str, *, session: Session) -> list[tuple[str, datetime]]:
        return self.versions.get(study_uid, [])

    def priors(self, study_uid: str) -> list[StudySummary]:
        newest = self.held[study_uid]
        same = [
            other
            for other in self.held.values()
            if other.patient.patient_id == newest.patient.patient_id
            and (other.study_date or date.max) < (newest.study_date or date.min)
        ]
        return sorted(same, key=lambda other: other.study_date or date.min, reverse=True)
