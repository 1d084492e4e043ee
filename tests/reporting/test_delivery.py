"""Proves the way from signed to handled: delivered once, opened once, acknowledged before acted on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import delete, select, update
from structlog.testing import capture_logs

from access_control.model import Actor, ActorKind
from pacs_node.model import Patient, PersonName
from reporting import wire
from reporting.errors import AlreadyActedOn, NotAcknowledged, NotDelivered, SignedVersionDamaged
from reporting.model import DeliveryState, ReportState
from reporting.service import LONGEST_NOTE_BYTES, ReportService
from reporting.signed import sha256
from reporting.subscribers import subscribers
from reporting.tables import DeliveryRow, ReportVersionRow
from shared_kernel.audit.trail import of_study
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, NotFound, TooLarge
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.events.tables import OutboxRow, SubscriptionRow
from tests.reporting.fakes import CASE, COLLEAGUE, DOCTOR, OTHER_DOCTOR, READER, Desk

Delivered = Callable[..., wire.Report]


def told(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(OutboxRow.name).order_by(OutboxRow.sequence)))


def doctor(actor: Actor) -> wire.ReportPerson:
    return wire.ReportPerson(login=actor.login, name=actor.name)


def test_a_signed_report_is_delivered_once_however_often_it_is_told(
    service: ReportService, delivered: Delivered, database: Database, clock: SetClock
) -> None:
    report = delivered()
    at = clock.now()
    clock.move(timedelta(hours=1))
    with database.write() as session:
        session.get_one(SubscriptionRow, "reporting.portal").position = 0
    Dispatcher(database, clock, subscribers(clock)).drain()

    shown = service.report(READER, report.id).delivery
    assert (DeliveryState.DELIVERED, at, None, "") == (
        shown.state,
        shown.delivered_at,
        shown.opened_at,
        shown.action_note,
    )
    with database.read() as session:
        assert len(session.scalars(select(DeliveryRow)).all()) == 1
        assert session.get_one(SubscriptionRow, "reporting.portal").last_error is None
    assert told(database) == ["ReportDrafted", "ReportSigned", "ReportDelivered"]


@pytest.mark.parametrize("way", ["report", "of_case", "pdf"])
def test_the_first_doctor_to_look_opens_it(
    service: ReportService, delivered: Delivered, database: Database, clock: SetClock, way: str
) -> None:
    report = delivered()
    clock.move(timedelta(minutes=3))
    at = clock.now()
    if way == "pdf":
        service.signed(DOCTOR, report.id, opens=True)
    elif way == "report":
        assert service.report(DOCTOR, report.id).delivery.opened_at == at
    else:
        assert service.of_case(DOCTOR, report.case_id).delivery.opened_at == at
    clock.move(timedelta(minutes=3))
    service.report(COLLEAGUE, report.id)

    shown = service.report(READER, report.id).delivery
    assert (DeliveryState.DELIVERED, at, doctor(DOCTOR)) == (shown.state, shown.opened_at, shown.opened_by)
    assert told(database).count("ReportOpened") == 1


def test_a_radiologist_a_program_or_an_operator_opens_nothing(
    service: ReportService, delivered: Delivered, database: Database
) -> None:
    report = delivered()
    service.report(READER, report.id)
    service.signed(DOCTOR, report.id, opens=False)
    service.report(replace(DOCTOR, kind=ActorKind.OPERATOR, login="operator"), report.id)

    assert "ReportOpened" not in told(database)


def test_a_look_before_the_delivery_is_a_look_all_the_same(service: ReportService, signed: Delivered) -> None:
    report = signed()

    assert service.report(DOCTOR, report.id).delivery is None
    with pytest.raises(NotDelivered):
        service.acknowledge(DOCTOR, report.id)
    with pytest.raises(NotDelivered):
        service.act(DOCTOR, report.id, "")


def test_opened_then_acknowledged_then_acted_on(
    service: ReportService, delivered: Delivered, database: Database, clock: SetClock
) -> None:
    report = delivered()
    times = []
    for deed in (
        lambda: service.report(DOCTOR, report.id),
        lambda: service.acknowledge(COLLEAGUE, report.id),
        lambda: service.act(DOCTOR, report.id, "紹介状を作成\x00 <b>"),
    ):
        clock.move(timedelta(minutes=10))
        times.append(clock.now())
        shown = deed()

    assert shown.delivery == wire.Delivery(
        state=DeliveryState.ACTED_ON,
        delivered_at=report.signed_at,
        opened_at=times[0],
        opened_by=doctor(DOCTOR),
        acknowledged_at=times[1],
        acknowledged_by=doctor(COLLEAGUE),
        acted_on_at=times[2],
        acted_on_by=doctor(DOCTOR),
        action_note="紹介状を作成 <b>",
    )
    assert told(database)[2:] == ["ReportDelivered", "ReportOpened", "ReportAcknowledged", "ReportActedOn"]
    with database.read() as session:
        done = [(entry.actor, entry.reason) for entry in of_study(session, "1.2.3") if entry.outcome == "done"]
    assert done[2:] == [("minato-doctor", "opened"), ("minato-doctor-2", "acknowledged"), ("minato-doctor", "acted on")]


def test_acknowledging_unopened_counts_as_opening(
    service: ReportService, delivered: Delivered, clock: SetClock
) -> None:
    shown = service.acknowledge(DOCTOR, delivered().id).delivery

    assert (clock.now(), doctor(DOCTOR)) == (shown.opened_at, shown.opened_by)


def test_acting_before_acknowledging_is_refused(
    service: ReportService, delivered: Delivered, database: Database
) -> None:
    report = delivered()

    with pytest.raises(NotAcknowledged):
        service.act(DOCTOR, report.id, "対応")

    assert service.report(READER, report.id).delivery.state is DeliveryState.DELIVERED
    assert "ReportActedOn" not in told(database)


def test_the_first_acknowledgement_stays(service: ReportService, delivered: Delivered, clock: SetClock) -> None:
    report = delivered()
    first = service.acknowledge(DOCTOR, report.id)
    clock.move(timedelta(hours=1))

    assert service.acknowledge(COLLEAGUE, report.id) == first
    acted = service.act(DOCTOR, report.id, "")
    assert service.acknowledge(COLLEAGUE, report.id) == acted


def test_acting_again_keeps_the_first_note(service: ReportService, delivered: Delivered, clock: SetClock) -> None:
    report = delivered()
    service.acknowledge(DOCTOR, report.id)
    first = service.act(DOCTOR, report.id, "紹介")
    clock.move(timedelta(hours=1))

    assert service.act(DOCTOR, report.id, "紹介") == first
    with pytest.raises(AlreadyActedOn) as refused:
        service.act(COLLEAGUE, report.id, "経過観察")
    assert refused.value.details["current"] == first


def test_doctors_who_acknowledge_at_once_leave_one_trace(
    service: ReportService, delivered: Delivered, database: Database
) -> None:
    report = delivered()
    doctors = [DOCTOR, COLLEAGUE, DOCTOR, COLLEAGUE]
    together = Barrier(len(doctors))

    def acknowledge(actor: Actor) -> wire.Report:
        together.wait()
        return service.acknowledge(actor, report.id)

    with ThreadPoolExecutor(len(doctors)) as pool:
        shown = list(pool.map(acknowledge, doctors))

    assert len({one.delivery.acknowledged_by.login for one in shown}) == 1
    assert (told(database).count("ReportAcknowledged"), told(database).count("ReportOpened")) == (1, 1)


def test_only_the_requesting_site_s_doctors_acknowledge(service: ReportService, delivered: Delivered) -> None:
    report = delivered()
    for actor in (READER, OTHER_DOCTOR):
        with pytest.raises((NotFound, Forbidden)):
            service.acknowledge(actor, report.id)
        with pytest.raises((NotFound, Forbidden)):
            service.act(actor, report.id, "")


def test_a_note_that_is_too_long_is_refused(service: ReportService, delivered: Delivered) -> None:
    report = delivered()
    service.acknowledge(DOCTOR, report.id)

    with pytest.raises(TooLarge):
        service.act(DOCTOR, report.id, "x" * (LONGEST_NOTE_BYTES + 1))
    assert service.report(READER, report.id).delivery.state is DeliveryState.ACKNOWLEDGED


@pytest.fixture
def five(desk: Desk, delivered: Delivered, clock: SetClock) -> list[str]:
    """Five reports delivered to MINATO a minute apart, one more to YAMANE; returns MINATO's ids."""
    ids = []
    for number in range(6):
        case_id = f"case-{number}"
        patient = Patient(
            issuer="MINATO",
            patient_id=f"M-{number}",
            name=PersonName(alphabetic=f"N{number}", ideographic=["髙橋", "山田"][number % 2], phonetic="カナ"),
        )
        facts = replace(
            CASE, case_id=case_id, study_uid=f"1.2.{number}", patient=patient, accession_number=f"ACC{number}"
        )
        desk.cases[case_id] = facts if number < 5 else replace(facts, site_code="YAMANE", site_name="山根クリニック")
        desk.hold(case_id, READER)
        ids.append(delivered(case_id).id)
        clock.move(timedelta(minutes=1))
    return ids[:5]


def test_the_inbox_shows_what_is_to_be_done_first_and_only_the_own_site_s(
    service: ReportService, five: list[str]
) -> None:
    for number in (0, 1, 3):
        service.acknowledge(DOCTOR, five[number])
    for number in (0, 3):
        service.act(DOCTOR, five[number], "")

    page = service.page(DOCTOR, wire.ReportQuery())

    assert [report.id for report in page.reports] == [five[number] for number in (2, 4, 1, 3, 0)]
    assert (5, wire.DeliveryCounts(delivered=2, acknowledged=1, acted_on=2)) == (page.total, page.counts)
    assert service.page(OTHER_DOCTOR, wire.ReportQuery()).total == 1
    with pytest.raises(Forbidden):
        service.page(READER, wire.ReportQuery())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (wire.ReportQuery(q="高橋"), [0, 2, 4]),
        (wire.ReportQuery(q="m-3"), [3]),
        (wire.ReportQuery(q="acc1"), [1]),
        (wire.ReportQuery(q="%"), []),
        (wire.ReportQuery(q="高橋", limit=1, offset=1), [2]),
        (wire.ReportQuery(state=(DeliveryState.ACKNOWLEDGED,)), [4]),
        (wire.ReportQuery(state=(DeliveryState.DELIVERED, DeliveryState.ACTED_ON), q="山田"), [1, 3]),
    ],
)
def test_the_inbox_is_searched_and_filtered(
    service: ReportService, five: list[str], query: wire.ReportQuery, expected: list[int]
) -> None:
    service.acknowledge(DOCTOR, five[4])
    reports = service.page(DOCTOR, query).reports

    assert sorted(five.index(report.id) for report in reports) == expected


def test_listing_opens_nothing(service: ReportService, five: list[str], database: Database) -> None:
    service.page(DOCTOR, wire.ReportQuery())

    assert "ReportOpened" not in told(database)


def test_one_damaged_report_takes_no_other_with_it(service: ReportService, five: list[str], database: Database) -> None:
    damages = ({"content": "{}"}, {"content": "{}", "content_sha256": sha256("{}")})
    with database.write() as session:
        for report_id, damage in zip(five, damages, strict=False):
            session.execute(update(ReportVersionRow).where(ReportVersionRow.report_id == report_id).values(**damage))
        session.execute(delete(ReportVersionRow).where(ReportVersionRow.report_id == five[2]))

    with capture_logs() as logged:
        page = service.page(DOCTOR, wire.ReportQuery())

    assert [report.id for report in page.reports] == five
    assert [report.damaged for report in page.reports] == [True, True, True, False, False]
    assert [report.impression for report in page.reports] == ["", "", "", "異常なし。", "異常なし。"]
    assert [entry["report_id"] for entry in logged if entry["log_level"] == "error"] == five[:3]
    lost = page.reports[0]
    assert ("M-0", "みなと診療所", 1) == (lost.patient.id, lost.site.name, lost.version)
    assert (ReportState.FINAL, DeliveryState.DELIVERED) == (lost.state, lost.delivery.state)
    assert (None, None) == (lost.content_sha256, lost.signed_by)
    with pytest.raises(SignedVersionDamaged):
        service.report(DOCTOR, five[2])


def test_the_inbox_carries_an_excerpt_and_the_report_its_whole_text(
    service: ReportService, delivered: Delivered
) -> None:
    report = delivered(CASE.case_id, "結節。" * 200, "肺癌。" * 200)

    (listed,) = service.page(DOCTOR, wire.ReportQuery()).reports
    opened = service.report(DOCTOR, report.id)

    assert ("", "肺癌。" * 100) == (listed.findings, listed.impression)
    assert ("結節。" * 200, "肺癌。" * 200) == (opened.findings, opened.impression)


def test_without_an_impression_the_excerpt_is_of_the_findings(service: ReportService, delivered: Delivered) -> None:
    delivered(CASE.case_id, "結節。" * 200, " ")

    (listed,) = service.page(DOCTOR, wire.ReportQuery()).reports

    assert ("結節。" * 100, " ") == (listed.findings, listed.impression)
