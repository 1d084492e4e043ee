"""A small region's people, and a worklist's desk that says what it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

from sqlalchemy.orm import Session

from access_control.model import Actor, ActorKind, Role
from pacs_node.model import Patient, PersonName
from reporting.ports import CaseFacts
from reporting.signed import PatientPart, PersonPart, SignedReport, SitePart, StudyPart

SITES = {"MINATO": "みなと診療所", "YAMANE": "山根クリニック", "CHUO": "中央病院", "KITA": "北病院"}


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
COLLEAGUE = person("minato-doctor-2", Role.REFERRING_DOCTOR, "MINATO")
TECHNOLOGIST = person("minato-tech", Role.TECHNOLOGIST, "MINATO")
SECRETARY = person("minato-desk", Role.SECRETARIAT, "MINATO")
ADMINISTRATOR = person("minato-admin", Role.ADMINISTRATOR, "MINATO")
OTHER_DOCTOR = person("yamane-doctor", Role.REFERRING_DOCTOR, "YAMANE")
READER = person("chuo-reader", Role.RADIOLOGIST, "CHUO", "MINATO", "YAMANE")
SECOND_READER = person("chuo-reader-2", Role.RADIOLOGIST, "CHUO", "MINATO", "YAMANE")
READER_ELSEWHERE = person("kita-reader", Role.RADIOLOGIST, "KITA", "MINATO")
READER_WITHOUT_CONTRACT = person("kita-stranger", Role.RADIOLOGIST, "KITA")

CASE = CaseFacts(
    case_id="case-1",
    study_uid="1.2.3",
    site_code="MINATO",
    site_name="みなと診療所",
    patient=Patient(
        issuer="MINATO",
        patient_id="M0000731",
        name=PersonName(alphabetic="Takasaki Hanako", ideographic="髙﨑 花子", phonetic="タカサキ ハナコ"),
        birth_date=date(1947, 11, 3),
        sex="F",
    ),
    modalities=("CT",),
    body_part="CHEST",
    study_description="胸部単純CT",
    study_date=date(2026, 3, 28),
    study_time=time(9, 58),
    accession_number="A-100",
    referring_physician="湊 一朗",
    reason="咳嗽の精査",
    clinical_history="喫煙歴 20本/日",
    instance_count=40,
    identity_conflict=False,
    reader_login=READER.login,
    reader_name=READER.name,
)


class Desk:
    """Cases by id; `hold` is what claiming one does."""

    def __init__(self, *cases: CaseFacts) -> None:
        self.cases = {facts.case_id: facts for facts in cases}
        self.replaced = 0

    def case(self, session: Session, case_id: str) -> CaseFacts | None:
        return self.cases.get(case_id)

    def versions_replaced(self, session: Session, study_uid: str) -> int:
        return self.replaced

    def hold(self, case_id: str, reader: Actor | None) -> None:
        login, name = (reader.login, reader.name) if reader else (None, None)
        self.cases[case_id] = replace(self.cases[case_id], reader_login=login, reader_name=name)


def signed_report(**changes: object) -> SignedReport:
    values: dict[str, object] = {
        "report_id": "01a1fd79e73d7e419cf8f7b83d2c733f",
        "version": 1,
        "case_id": "case-1",
        "site": SitePart(code="MINATO", name="みなと診療所"),
        "reading_site": SitePart(code="CHUO", name="中央病院"),
        "patient": PatientPart(
            issuer="MINATO",
            id="M0000731",
            alphabetic="Takasaki Hanako",
            ideographic="髙﨑 花子",
            phonetic="タカサキ ハナコ",
            birth_date=date(1947, 11, 3),
            sex="F",
        ),
        "study": StudyPart(
            study_uid="1.2.3",
            accession_number="A-100",
            modalities=("CT",),
            body_part="CHEST",
            description="胸部単純CT",
            date=date(2026, 3, 28),
            time=time(9, 58),
            referring_physician="湊 一朗",
        ),
        "reason": "咳嗽の精査",
        "clinical_history": "喫煙歴 20本/日",
        "findings": "右肺下葉に径 12 mm の結節を認める。\n胸水なし。",
        "impression": "陳旧性炎症性変化を疑う。",
        "created_at": datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        "signed_at": datetime(2026, 3, 28, 15, 5, 6, 789000, tzinfo=UTC),
        "signed_by": PersonPart(login="chuo-reader", name="放射 読子"),
    }
    return SignedReport(**{**values, **changes})  # type: ignore[arg-type]
