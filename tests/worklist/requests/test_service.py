"""Proves that a clinic's requests are entered, changed and cancelled by its own people, and meet their images."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from access_control.gate import AccessGate
from access_control.model import Actor
from pacs_node.model import Patient
from shared_kernel.audit.tables import AuditRow
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, NotFound
from shared_kernel.events.tables import OutboxRow
from tests.worklist.fakes import (
    DOCTOR,
    HANAKO,
    OTHER_DOCTOR,
    READER,
    SCHEDULER,
    SECRETARY,
    TECHNOLOGIST,
    site_name,
)
from worklist import wire as case_wire
from worklist.requests import wire
from worklist.requests.errors import AccessionTaken, RequestClosed, StaleReadingRequest, WrongRequest
from worklist.requests.model import Priority, RequestState
from worklist.requests.service import RequestService
from worklist.service import CaseService

pytestmark = pytest.mark.both_databases


@pytest.fixture
def requests(database: Database, clock: SetClock) -> RequestService:
    return RequestService(database, clock, AccessGate(database, clock), site_name=site_name)


def asked(**changes: Any) -> wire.RequestIn:
    """A request for 髙橋花子 as the browser sends it."""
    values: dict[str, Any] = {
        "patient": {
            "id": "M0002048",
            "name": {"alphabetic": "TAKAHASHI HANAKO", "ideographic": "髙橋　花子", "phonetic": "タカハシ ハナコ"},
            "birth_date": "1970-03-03",
            "sex": "F",
        },
        "modality": "ct",
        "procedure_description": "胸部単純CT",
        "body_part": "CHEST",
        "scheduled_time": "14:30",
        "requesting_doctor": "湊 一朗",
        "reason": "咳嗽が続く",
        "clinical_history": "喫煙歴 20 年",
        "priority": "urgent",
        **changes,
    }
    return msgspec.convert(values, wire.RequestIn)


def test_a_request_is_entered_with_fresh_numbers(requests: RequestService, database: Database) -> None:
    first = requests.enter(TECHNOLOGIST, asked())
    second = requests.enter(DOCTOR, asked())
    assert (first.accession_number, second.accession_number) == ("R2603280001", "R2603280002")
    assert first.study_uid != second.study_uid
    assert first.study_uid.startswith("2.25.")
    assert (first.state, first.version, first.modality, first.priority) == (
        RequestState.OPEN,
        1,
        "CT",
        Priority.URGENT,
    )
    assert first.patient.name.ideographic == "髙橋 花子"
    assert (first.scheduled_date, first.scheduled_time) == (date(2026, 3, 28), "14:30")
    assert (first.entered_by.login, first.changeable) == ("minato-tech", True)
    with database.read() as session:
        assert session.scalars(select(OutboxRow.name)).all() == ["RequestEntered", "RequestEntered"]
        done = session.scalars(select(AuditRow.resource).where(AuditRow.outcome == "done")).all()
    assert list(done) == [f"request/{first.id}", f"request/{second.id}"]


def test_two_at_once_get_different_numbers(requests: RequestService) -> None:
    made: list[str] = []

    def enter() -> None:
        made.extend(requests.enter(TECHNOLOGIST, asked()).accession_number for _ in range(10))

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(made)) == 40


def test_numbers_are_unique_within_a_site_only(requests: RequestService) -> None:
    requests.enter(DOCTOR, asked(accession_number="K-1"))
    with pytest.raises(AccessionTaken):
        requests.enter(DOCTOR, asked(accession_number="K-1"))
    assert requests.enter(OTHER_DOCTOR, asked(accession_number="K-1")).accession_number == "K-1"


@pytest.mark.parametrize("actor", [SECRETARY, SCHEDULER, READER])
def test_who_may_not_enter(requests: RequestService, actor: Actor) -> None:
    with pytest.raises(Forbidden):
        requests.enter(actor, asked())


def test_another_clinic_learns_of_nothing(requests: RequestService) -> None:
    made = requests.enter(DOCTOR, asked())
    with pytest.raises(NotFound):
        requests.one(OTHER_DOCTOR, made.id)
    with pytest.raises(NotFound):
        requests.cancel(OTHER_DOCTOR, made.id, wire.CancelIn(version=1))
    assert requests.page(OTHER_DOCTOR, wire.RequestQuery()).total == 0
    assert requests.known_patient(OTHER_DOCTOR, "M0002048").patient is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"modality": ""}, "modality"),
        ({"modality": "ＣＴ"}, "modality"),
        ({"station_ae_title": "no\\title"}, "station_ae_title"),
        ({"accession_number": "12345678901234567"}, "accession_number"),
        ({"accession_number": "受付1"}, "accession_number"),
        ({"procedure_description": "a\\b"}, "procedure_description"),
        ({"requesting_doctor": "a=b"}, "requesting_doctor"),
        ({"scheduled_date": "1234-01-01"}, "scheduled_date"),
        ({"patient": {"id": " ", "name": {"ideographic": "山田"}}}, "patient.id"),
        ({"patient": {"id": "1", "name": {}}}, "patient.name"),
        ({"patient": {"id": "1", "name": {"alphabetic": "山田"}}}, "patient.name.alphabetic"),
        ({"patient": {"id": "1", "name": {"ideographic": "山^田"}}}, "patient.name.ideographic"),
        ({"patient": {"id": "1", "name": {"ideographic": "山"}, "birth_date": "2026-03-29"}}, "patient.birth_date"),
    ],
)
def test_what_dicom_cannot_carry_is_refused_by_name(
    requests: RequestService, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(WrongRequest) as refused:
        requests.enter(DOCTOR, asked(**changes))
    assert refused.value.details["field"] == field
    assert requests.page(DOCTOR, wire.RequestQuery()).total == 0


def test_an_open_request_is_changed_and_cancelled(requests: RequestService) -> None:
    made = requests.enter(TECHNOLOGIST, asked())
    changed = requests.change(DOCTOR, made.id, asked(reason="血痰", version=1))
    assert (changed.reason, changed.version, changed.accession_number) == ("血痰", 2, made.accession_number)
    with pytest.raises(StaleReadingRequest) as stale:
        requests.change(TECHNOLOGIST, made.id, asked(version=1))
    assert isinstance(stale.value.details["current"], wire.Request)
    cancelled = requests.cancel(TECHNOLOGIST, made.id, wire.CancelIn(reason="来院せず", version=2))
    assert (cancelled.state, cancelled.cancelled_reason, cancelled.changeable) == ("cancelled", "来院せず", False)
    with pytest.raises(RequestClosed):
        requests.change(DOCTOR, made.id, asked(version=3))
    page = requests.page(DOCTOR, wire.RequestQuery())
    assert page.counts == wire.RequestCounts(today=0, open=0, done=0, cancelled=1)


def test_the_list_is_by_time_and_finds_names_however_written(requests: RequestService) -> None:
    late = requests.enter(DOCTOR, asked(scheduled_time="16:00"))
    early = requests.enter(DOCTOR, asked(scheduled_time="09:00"))
    tomorrow = requests.enter(DOCTOR, asked(scheduled_date="2026-03-29", scheduled_time="08:00"))
    page = requests.page(DOCTOR, wire.RequestQuery())
    assert [one.id for one in page.requests] == [early.id, late.id, tomorrow.id]
    assert (page.counts.today, page.counts.open) == (2, 3)
    for q in ("高橋", "たかはし", "ﾀｶﾊｼ", "M0002048", early.accession_number):
        assert early.id in [one.id for one in requests.page(DOCTOR, wire.RequestQuery(q=q)).requests]
    assert requests.page(DOCTOR, wire.RequestQuery(q="佐藤")).total == 0
    assert requests.page(DOCTOR, wire.RequestQuery(day=date(2026, 3, 29))).total == 1


def test_a_known_patient_fills_the_form(requests: RequestService, receive: Callable[..., str]) -> None:
    assert requests.known_patient(DOCTOR, "M0001024").patient is None
    receive()
    known = requests.known_patient(DOCTOR, "M0001024").patient
    assert known is not None
    assert (known.name.ideographic, known.sex) == ("山田 太郎", "M")


HERS = Patient(issuer="MINATO", patient_id="M0002048", name=HANAKO, sex="F")


def test_images_make_a_request_done_and_the_case_takes_its_words(
    requests: RequestService, service: CaseService, receive: Callable[..., str], database: Database
) -> None:
    made = requests.enter(TECHNOLOGIST, asked())
    case_id = receive("1.2.9", patient=HERS, accession_number=made.accession_number, instance_count=3)
    case = service.page(DOCTOR, case_wire.CaseQuery()).cases[0]
    assert (case.id, case.reason, case.clinical_history) == (case_id, "咳嗽が続く", "喫煙歴 20 年")
    done = requests.one(DOCTOR, made.id)
    assert (done.state, done.instance_count, done.case_id, done.changeable) == ("done", 3, case_id, False)
    receive("1.2.9", patient=HERS, accession_number=made.accession_number, instance_count=40)
    assert requests.one(DOCTOR, made.id).instance_count == 40
    with database.read() as session:
        told = session.scalars(select(OutboxRow.name)).all()
    assert told.count("RequestDone") == told.count("ReadingRequestChanged") == 1


def test_the_study_uid_of_the_worklist_item_is_enough(requests: RequestService, receive: Callable[..., str]) -> None:
    made = requests.enter(TECHNOLOGIST, asked())
    receive(made.study_uid, patient=HERS, accession_number="")
    assert requests.one(DOCTOR, made.id).state is RequestState.DONE


def test_images_of_another_patient_are_not_taken(
    requests: RequestService, service: CaseService, receive: Callable[..., str]
) -> None:
    made = requests.enter(TECHNOLOGIST, asked())
    receive("1.2.9", accession_number=made.accession_number)  # of 山田太郎
    left = requests.one(DOCTOR, made.id)
    assert (left.state, left.patient_differs, left.instance_count) == ("open", True, 0)
    assert service.page(DOCTOR, case_wire.CaseQuery()).cases[0].reason == ""


def test_another_site_s_images_do_not_meet_the_request(requests: RequestService, receive: Callable[..., str]) -> None:
    made = requests.enter(TECHNOLOGIST, asked())
    theirs = Patient(issuer="YAMANE", patient_id="M0002048", name=HANAKO, sex="F")
    receive("1.2.9", site_code="YAMANE", patient=theirs, accession_number=made.accession_number)
    assert requests.one(DOCTOR, made.id).state is RequestState.OPEN


def test_images_of_another_issuer_s_patient_of_the_same_id_are_not_taken(
    requests: RequestService, service: CaseService, receive: Callable[..., str]
) -> None:
    """A gateway of the clinic sends under the patient IDs of another site: the same digits are another person."""
    made = requests.enter(TECHNOLOGIST, asked())
    theirs = Patient(issuer="YAMANE", patient_id="M0002048", name=HANAKO, sex="F")
    receive("1.2.9", patient=theirs, accession_number=made.accession_number)
    left = requests.one(DOCTOR, made.id)
    assert (left.state, left.patient_differs, left.instance_count) == ("open", True, 0)
    assert service.page(DOCTOR, case_wire.CaseQuery()).cases[0].reason == ""
