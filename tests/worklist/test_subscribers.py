"""Proves that the node's events become cases: once each, in the right state, however often they are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, func, select

from pacs_node.events import (
    InstanceReplaced,
    InstancesStored,
    PatientCorrected,
    PatientMatched,
    PatientReopened,
    PatientSeparated,
    StudyArrived,
    StudyTextsRead,
)
from pacs_node.model import Patient
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.events.event import Event
from shared_kernel.events.outbox import publish
from shared_kernel.events.tables import OutboxRow, SubscriptionRow
from tests.worklist.fakes import DOCTOR, HANAKO, READER, Shelf, study
from worklist import wire
from worklist.model import CaseState
from worklist.service import CaseService
from worklist.subscribers import subscribers
from worklist.tables import CaseReplacementRow, CaseRow, CaseStepRow

Tell = Callable[[Event], None]


def _only_case(database: Database) -> CaseRow:
    with database.read() as session:
        return session.scalars(select(CaseRow)).one()


def _told(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(OutboxRow.name).order_by(OutboxRow.sequence)))


def test_the_first_images_open_a_case_that_is_receiving(receive: Callable[..., str], database: Database) -> None:
    receive(instance_count=312)

    row = _only_case(database)
    assert (row.state, row.instance_count, row.arrived_at, row.due_date) == ("receiving", 312, None, None)
    assert row.name_ideographic == "山田 太郎"
    assert _told(database) == ["InstancesStored", "ReadingCaseOpened"]


def test_more_images_are_counted_while_receiving(receive: Callable[..., str], database: Database) -> None:
    first = receive(instance_count=312)
    second = receive(instance_count=500)

    assert first == second
    assert _only_case(database).instance_count == 500


def test_an_arrived_study_is_unread_and_due_on_the_next_clinical_day(
    arrive: Callable[..., str], database: Database, clock: SetClock
) -> None:
    arrive()

    row = _only_case(database)
    assert ("unread", clock.now(), date(2026, 3, 30)) == (row.state, row.arrived_at, row.due_date)


def test_the_archive_knows_best_when_the_study_arrived(arrive: Callable[..., str], database: Database) -> None:
    at = datetime(2026, 3, 26, 20, 0, tzinfo=UTC)  # Friday morning in Japan
    arrive(arrived_at=at)

    row = _only_case(database)
    assert (at, date(2026, 3, 30)) == (row.arrived_at, row.due_date)


def test_an_arrival_without_news_of_images_opens_the_case(shelf: Shelf, tell: Tell, database: Database) -> None:
    shelf.put(study())
    tell(StudyArrived(study_uid="1.2.3", site_code="MINATO", instances=40))

    assert _only_case(database).state == "unread"


def test_events_told_again_change_nothing(
    arrive: Callable[..., str], shelf: Shelf, database: Database, clock: SetClock
) -> None:
    arrive()
    before = _only_case(database)
    clock.move(timedelta(days=3))
    with database.write() as session:
        session.get_one(SubscriptionRow, "worklist.intake").position = 0
    Dispatcher(database, clock, subscribers(shelf)).drain()

    after = _only_case(database)
    assert (before.state, before.arrived_at, before.due_date) == (after.state, after.arrived_at, after.due_date)
    with database.read() as session:
        assert list(session.scalars(select(CaseStepRow.step))) == ["arrive"]
        assert session.get_one(SubscriptionRow, "worklist.intake").last_error is None
    assert _told(database).count("ReadingBecameDue") == 1


def test_a_study_that_grew_keeps_state_due_date_and_request(
    arrive: Callable[..., str],
    grow: Callable[..., None],
    service: CaseService,
    shelf: Shelf,
    database: Database,
) -> None:
    case_id = arrive()
    service.change_request(DOCTOR, case_id, wire.RequestChange(reason="咳嗽", clinical_history="", version=0))
    service.claim(READER, case_id)
    before = _only_case(database)
    grow(replace(shelf.held["1.2.3"], instance_count=80, series_count=3, modalities=("CT", "SR")))

    row = _only_case(database)
    assert (row.state, row.instance_count, row.series_count, row.modalities) == (CaseState.READING, 80, 3, "CT\\SR")
    assert (before.due_date, before.arrived_at, "咳嗽") == (row.due_date, row.arrived_at, row.reason)


def test_a_corrected_header_reaches_the_case(
    arrive: Callable[..., str], grow: Callable[..., None], shelf: Shelf, database: Database
) -> None:
    arrive()
    corrected = Patient(issuer="MINATO", patient_id="M9", name=HANAKO, birth_date=None, sex="F")
    grow(replace(shelf.held["1.2.3"], patient=corrected))

    row = _only_case(database)
    assert (row.patient_id, row.name_ideographic, row.birth_date, row.sex) == ("M9", "髙橋 花子", None, "F")


def test_images_of_somebody_else_mark_the_case_at_once_and_for_good(
    arrive: Callable[..., str], shelf: Shelf, tell: Tell, database: Database
) -> None:
    arrive("1.2.3")
    assert _only_case(database).identity_conflict is False
    shelf.put(study("1.2.3", identity_conflict=True, instance_count=41))

    tell(InstancesStored(study_uid="1.2.3", site_code="MINATO", added=1, total=41))

    assert (_only_case(database).identity_conflict, _only_case(database).instance_count) == (True, 40)


def test_a_study_that_comes_with_two_patients_is_marked(receive: Callable[..., str], database: Database) -> None:
    receive(identity_conflict=True)

    assert _only_case(database).identity_conflict is True


def test_news_of_a_study_that_is_gone_holds_nothing_up(
    tell: Tell, arrive: Callable[..., str], database: Database
) -> None:
    tell(InstancesStored(study_uid="9.9.9", site_code="MINATO", added=1, total=1))
    arrive()

    assert _only_case(database).study_uid == "1.2.3"


@pytest.mark.parametrize("kind", [PatientMatched, PatientCorrected, PatientSeparated, PatientReopened])
def test_what_a_human_says_of_the_patient_reaches_the_case(
    arrive: Callable[..., str], shelf: Shelf, tell: Tell, database: Database, kind: type[PatientMatched]
) -> None:
    arrive("1.2.3", identity_conflict=True)
    said = Patient(issuer="MINATO", patient_id="M9", name=HANAKO, birth_date=None, sex="F")
    shelf.put(replace(shelf.held["1.2.3"], patient=said, identity_conflict=False))

    tell(kind(study_uid="1.2.3", site_code="MINATO", patient=1, decision=1))

    row = _only_case(database)
    assert ("M9", "髙橋 花子", False) == (row.patient_id, row.name_ideographic, row.identity_conflict)


def test_texts_that_were_read_anew_reach_the_case(
    arrive: Callable[..., str], shelf: Shelf, tell: Tell, database: Database
) -> None:
    arrive("1.2.3", text_suspect=True, study_description="\ufffd")
    assert _only_case(database).text_suspect is True
    shelf.put(replace(shelf.held["1.2.3"], study_description="頭部", text_suspect=False))

    tell(StudyTextsRead(study_uid="1.2.3", site_code="MINATO"))

    assert ("頭部", False) == (_only_case(database).study_description, _only_case(database).text_suspect)


def _all_at_once(database: Database, clock: SetClock, *events: Event) -> None:
    with database.write() as session:
        for each in events:
            publish(session, each, at=clock.now(), actor="ae:MINATO_CT")


def test_what_came_meanwhile_is_taken_in_together_and_in_order(
    shelf: Shelf, database: Database, clock: SetClock, dispatcher: Dispatcher
) -> None:
    uids = [f"1.2.{number}" for number in range(20)]
    for uid in uids:
        shelf.put(study(uid, instance_count=7))
    _all_at_once(
        database,
        clock,
        *(InstancesStored(study_uid=uid, site_code="MINATO", added=3, total=3) for uid in uids),
        *(StudyArrived(study_uid=uid, site_code="MINATO", instances=7) for uid in reversed(uids)),
        InstancesStored(study_uid="1.2.404", site_code="MINATO", added=1, total=1),  # deleted since
        InstanceReplaced(study_uid=uids[0], site_code="MINATO", sop_instance_uid="1.9", version=2),
        InstanceReplaced(study_uid=uids[0], site_code="MINATO", sop_instance_uid="1.9", version=2),
    )
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    dispatcher.drain()

    with database.read() as session:
        rows = session.scalars(select(CaseRow)).all()
        assert {(uid, "unread", 7) for uid in uids} == {(row.study_uid, row.state, row.instance_count) for row in rows}
        by_id = {row.case_id: row.study_uid for row in rows}
        steps = session.scalars(select(CaseStepRow).order_by(CaseStepRow.number)).all()
        assert list(reversed(uids)) == [by_id[step.case_id] for step in steps]
        assert 1 == session.scalar(select(func.count()).select_from(CaseReplacementRow))
    told = _told(database)
    assert [20, 20] == [told.count("ReadingCaseOpened"), told.count("ReadingBecameDue")]
    asked = [each for each in statements if each.startswith("SELECT") and "reading_case " in each]
    assert len(asked) == 1
