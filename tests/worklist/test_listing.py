"""Proves the list: whose cases, in which order, found by which words, counted how."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from access_control.model import Actor
from pacs_node.model import Patient, PersonName
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from tests.worklist.fakes import (
    DOCTOR,
    HANAKO,
    OTHER_DOCTOR,
    READER,
    READER_WITHOUT_CONTRACT,
    SECRETARY,
    TARO,
    TECHNOLOGIST,
)
from worklist import wire
from worklist.model import CaseState
from worklist.service import CaseService

Arrive = Callable[..., str]


def uids(page: wire.CasePage) -> list[str]:
    return [case.study_uid for case in page.cases]


def patient(patient_id: str, name: PersonName) -> Patient:
    return Patient(issuer="MINATO", patient_id=patient_id, name=name)


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (DOCTOR, ["1.1"]),
        (TECHNOLOGIST, ["1.1"]),
        (SECRETARY, ["1.1"]),
        (OTHER_DOCTOR, ["1.2"]),
        (READER, ["1.1", "1.2"]),
        (READER_WITHOUT_CONTRACT, []),
    ],
    ids=lambda value: getattr(value, "login", ""),
)
def test_everybody_sees_the_cases_of_their_scope(
    service: CaseService, arrive: Arrive, clock: SetClock, actor: Actor, expected: list[str]
) -> None:
    arrive("1.1")
    clock.move(timedelta(minutes=1))
    arrive("1.2", site_code="YAMANE")

    page = service.page(actor, wire.CaseQuery())

    assert expected == uids(page)
    assert (len(expected), len(expected)) == (page.total, page.counts.unread)


def test_open_cases_come_by_due_date_then_arrival_and_read_ones_last_newest_first(
    service: CaseService, receive: Arrive, arrive: Arrive, database: Database, clock: SetClock
) -> None:
    def read(uid: str) -> None:
        case_id = arrive(uid)
        with database.write() as session:
            service.complete(
                session,
                case_id=case_id,
                report_id=uid,
                signed_by="r",
                signer_name="r",
                signer_site_code="CHUO",
                instance_count=40,
                at=clock.now(),
            )
        clock.move(timedelta(minutes=1))

    read("read-first")
    read("read-second")
    receive("receiving")
    arrive("due-late", arrived_at=datetime(2026, 3, 30, 1, 0, tzinfo=UTC))
    arrive("due-soon-later", arrived_at=datetime(2026, 3, 27, 5, 0, tzinfo=UTC))
    claimed = arrive("due-soon-earlier", arrived_at=datetime(2026, 3, 27, 4, 0, tzinfo=UTC))
    service.claim(READER, claimed)

    expected = ["due-soon-earlier", "due-soon-later", "due-late", "receiving", "read-second", "read-first"]
    assert expected == uids(service.page(READER, wire.CaseQuery()))


def test_states_are_filtered_and_all_states_are_counted(service: CaseService, receive: Arrive, arrive: Arrive) -> None:
    receive("1.1")
    arrive("1.2")
    service.claim(READER, arrive("1.3"))

    page = service.page(READER, wire.CaseQuery(state=(CaseState.RECEIVING, CaseState.READING)))

    assert uids(page) == ["1.3", "1.1"]
    assert page.total == 2
    assert wire.Counts(receiving=1, unread=1, reading=1, read=0) == page.counts


def test_pages_part_the_list_without_gap_or_overlap(service: CaseService, arrive: Arrive) -> None:
    for number in range(7):
        arrive(f"1.{number}")  # all due and arrived at the same instant

    whole = uids(service.page(READER, wire.CaseQuery()))
    parts = [service.page(READER, wire.CaseQuery(limit=3, offset=offset)) for offset in (0, 3, 6, 9)]

    assert whole == [uid for part in parts for uid in uids(part)]
    assert [part.total for part in parts] == [7] * 4


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("高橋", ["1.2"]),
        ("髙橋", ["1.2"]),
        ("たかはし", ["1.2"]),
        ("ﾀｶﾊｼ", ["1.2"]),
        ("takahashi", ["1.2"]),
        ("山田太郎", ["1.1"]),
        ("山田　太郎", ["1.1"]),
        (" M-20 ", ["1.2"]),
        ("m-20", ["1.2"]),
        ("acc-77", ["1.2"]),
        ("", ["1.1", "1.2"]),
        ("%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("佐藤", []),
        ("高\x00橋", ["1.2"]),
    ],
)
def test_search_finds_by_name_in_any_writing_by_patient_id_and_by_accession_number(
    service: CaseService, arrive: Arrive, clock: SetClock, q: str, expected: list[str]
) -> None:
    arrive("1.1", patient=patient("M0001024", TARO), accession_number="A100")
    clock.move(timedelta(minutes=1))
    arrive("1.2", patient=patient("M-20", HANAKO), accession_number="ACC-77")

    page = service.page(READER, wire.CaseQuery(q=q))

    assert (expected, len(expected)) == (uids(page), page.total)
    assert page.counts.unread == 2
