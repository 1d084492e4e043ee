"""Proves that the worklist sees the open requests of one site, however many, and narrows them by column."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from access_control.gate import AccessGate
from dokuei.wiring.planned import PlannedByRequests
from pacs_node.procedures.ports import Wanted
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from tests.worklist.fakes import DOCTOR, OTHER_DOCTOR, site_name
from worklist.requests import wire
from worklist.requests.service import RequestService


@pytest.fixture
def requests(database: Database, clock: SetClock) -> RequestService:
    return RequestService(database, clock, AccessGate(database, clock), site_name=site_name)


def asked(**changes: object) -> wire.RequestIn:
    patient = {"id": "M1", "name": {"ideographic": "山田 太郎"}, "birth_date": "1958-05-12", "sex": "M"}
    return msgspec.convert({"patient": patient, "modality": "CT", **changes}, wire.RequestIn)


def test_all_open_requests_of_a_site_are_seen_once(database: Database, requests: RequestService) -> None:
    made = {requests.enter(DOCTOR, asked()).accession_number for _ in range(405)}
    requests.enter(OTHER_DOCTOR, asked())
    cancelled = requests.enter(DOCTOR, asked())
    requests.cancel(DOCTOR, cancelled.id, wire.CancelIn(version=1))
    planned = [each.accession_number for each in PlannedByRequests(database).scheduled(Wanted(site_code="MINATO"))]
    assert sorted(planned) == sorted(made)


def test_a_request_that_is_cancelled_while_the_list_is_read_is_left_out_or_seen_but_never_twice(
    database: Database, requests: RequestService
) -> None:
    made = [requests.enter(DOCTOR, asked()) for _ in range(250)]
    seen = []
    for each in PlannedByRequests(database).scheduled(Wanted(site_code="MINATO")):
        if not seen:
            requests.cancel(DOCTOR, made[-1].id, wire.CancelIn(version=1))
        seen.append(each.accession_number)
    assert sorted(seen) == sorted(one.accession_number for one in made[:-1])


def test_what_is_asked_for_is_narrowed(database: Database, requests: RequestService) -> None:
    first = requests.enter(DOCTOR, asked(scheduled_date="2026-03-01", priority="stat"))
    requests.enter(DOCTOR, asked(scheduled_date="2026-04-01", modality="MR"))
    planned = PlannedByRequests(database)
    days = Wanted(site_code="MINATO", first_day=date(2026, 2, 1), last_day=date(2026, 3, 31), modality="CT")
    [found] = planned.scheduled(days)
    assert (found.accession_number, found.priority, found.patient.issuer) == (first.accession_number, "STAT", "MINATO")
    assert len(list(planned.scheduled(Wanted(site_code="MINATO", modality="MR", patient_id="M1")))) == 1
    assert list(planned.scheduled(Wanted(site_code="MINATO", accession_number="X"))) == []


def test_they_come_by_day_and_time_those_of_any_time_last_and_each_once(
    database: Database, requests: RequestService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dokuei.wiring.planned._AT_ONCE", 2)
    times = [
        ("2026-03-02", "08:00"), ("2026-03-01", None), ("2026-03-01", "13:30"), ("2026-03-01", "09:15"),
        ("2026-03-01", None), ("2026-03-01", "09:15"), ("2026-02-28", "23:59"),
    ]  # fmt: skip
    made = [requests.enter(DOCTOR, asked(scheduled_date=day, scheduled_time=at)) for day, at in times]
    seen = []
    for each in PlannedByRequests(database).scheduled(Wanted(site_code="MINATO")):
        if not seen:  # what was just read is put off to where the list has not come yet
            later = asked(scheduled_date="2026-03-09", accession_number=each.accession_number)
            requests.change(DOCTOR, made[-1].id, msgspec.structs.replace(later, version=1))
        seen.append((str(each.scheduled_date), each.scheduled_time and f"{each.scheduled_time:%H:%M}"))
    assert [
        ("2026-02-28", "23:59"), ("2026-03-01", "09:15"), ("2026-03-01", "09:15"), ("2026-03-01", "13:30"),
        ("2026-03-01", None), ("2026-03-01", None), ("2026-03-02", "08:00"),
    ] == seen  # fmt: skip
