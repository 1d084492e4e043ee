"""Proves drafting and signing: who writes, what wins, what is fixed, and that refusals change nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from access_control.model import Actor
from reporting import wire
from reporting.errors import (
    AlreadySigned,
    EmptyReport,
    IdentityConflict,
    ImagesReplaced,
    NoReport,
    NotTheReader,
    SignedVersionDamaged,
    StaleDraft,
    StudyHasGrown,
)
from reporting.model import ReportState
from reporting.service import ReportService
from reporting.signed import canonical, sha256
from reporting.tables import ReportRow, ReportVersionRow
from reporting.writing import LONGEST_REPORT_BYTES
from shared_kernel.audit.trail import first_broken_link, of_study
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, NotFound, TooLarge
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.events.tables import OutboxRow
from tests.reporting.fakes import (
    ADMINISTRATOR,
    CASE,
    COLLEAGUE,
    DOCTOR,
    OTHER_DOCTOR,
    READER,
    READER_ELSEWHERE,
    READER_WITHOUT_CONTRACT,
    SECOND_READER,
    SECRETARY,
    TECHNOLOGIST,
    Desk,
)

pytestmark = pytest.mark.both_databases

ID = CASE.case_id
Signed = Callable[..., wire.Report]


def text(findings: str, revision: int = 0, impression: str = "診断") -> wire.DraftChange:
    return wire.DraftChange(findings=findings, impression=impression, revision=revision)


def told(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(OutboxRow.name).order_by(OutboxRow.sequence)))


def stored(database: Database) -> tuple[list[tuple[str, int, str]], list[tuple[int, str]]]:
    """What the tables hold: reports, and signed versions."""
    with database.read() as session:
        reports = [(row.state, row.revision, row.findings) for row in session.scalars(select(ReportRow))]
        versions = [(row.version, row.content_sha256) for row in session.scalars(select(ReportVersionRow))]
        return reports, versions


def test_a_first_save_makes_a_draft(service: ReportService, database: Database, clock: SetClock) -> None:
    report = service.save_draft(READER, ID, text("結節なし。"))

    assert (ReportState.DRAFT, 1, 0, None, None) == (
        report.state,
        report.revision,
        report.version,
        report.content_sha256,
        report.delivery,
    )
    assert wire.ReportPerson(login=READER.login, name=READER.name) == report.author
    assert wire.ReportSite(code="CHUO", name="中央病院") == report.reading_site
    assert wire.ReportSite(code="MINATO", name="みなと診療所") == report.site
    assert ("髙﨑 花子", "咳嗽の精査", clock.now()) == (report.patient.name.ideographic, report.reason, report.saved_at)
    assert stored(database) == ([("draft", 1, "結節なし。")], [])
    assert told(database) == ["ReportDrafted"]


def test_saves_count_on_and_the_trail_tells_who_began(
    service: ReportService, database: Database, clock: SetClock
) -> None:
    for revision in range(3):
        report = service.save_draft(READER, ID, text(f"第{revision}稿", revision))
        clock.move(timedelta(seconds=5))

    assert (3, "第2稿") == (report.revision, report.findings)
    assert told(database) == ["ReportDrafted"]
    with database.read() as session:
        deeds = [(entry.actor, entry.reason) for entry in of_study(session, "1.2.3") if entry.outcome == "done"]
    assert deeds == [("chuo-reader", "draft begun")]


@pytest.mark.parametrize("revision", [0, 2, -1])
def test_an_old_or_invented_revision_is_told_the_current_draft(
    service: ReportService, database: Database, revision: int
) -> None:
    current = service.save_draft(READER, ID, text("一"))

    with pytest.raises(StaleDraft) as refused:
        service.save_draft(READER, ID, text("二", revision))

    assert refused.value.details["current"] == current
    assert stored(database)[0] == [("draft", 1, "一")]


def test_a_revision_of_nothing_is_stale(service: ReportService, database: Database) -> None:
    with pytest.raises(StaleDraft) as refused:
        service.save_draft(READER, ID, text("一", 1))

    assert refused.value.details["current"] is None
    assert stored(database) == ([], [])


def test_two_windows_that_save_at_once_do_not_overwrite_each_other(service: ReportService, database: Database) -> None:
    service.save_draft(READER, ID, text("始め"))
    together = Barrier(4)

    def save(findings: str) -> str:
        together.wait()
        try:
            return service.save_draft(READER, ID, text(findings, 1)).findings
        except StaleDraft:
            return ""

    with ThreadPoolExecutor(4) as pool:
        saved = [findings for findings in pool.map(save, ["一", "二", "三", "四"]) if findings]

    assert stored(database)[0] == [("draft", 2, saved[0])]
    assert len(saved) == 1


def test_control_characters_are_dropped_and_all_else_kept(service: ReportService) -> None:
    report = service.save_draft(READER, ID, text("一\r\n二\t三\x00\x1b<b>𠮷</b> שלום"))

    assert report.findings == "一\n二\t三<b>𠮷</b> שלום"


def test_a_report_of_the_limit_is_kept_and_one_byte_more_is_refused_whole(
    service: ReportService, database: Database
) -> None:
    longest = "x" * (LONGEST_REPORT_BYTES - 3)
    report = service.save_draft(READER, ID, text(longest, impression="あ"))

    with pytest.raises(TooLarge) as refused:
        service.save_draft(READER, ID, text(longest, report.revision, impression="あx"))

    assert refused.value.details == {"limit_bytes": LONGEST_REPORT_BYTES}
    assert stored(database)[0] == [("draft", 1, longest)]


def test_only_the_reader_who_holds_the_case_writes(service: ReportService, database: Database, desk: Desk) -> None:
    with pytest.raises(NotTheReader) as refused:
        service.save_draft(SECOND_READER, ID, text("他人"))
    assert refused.value.details["reader"] == {"login": READER.login, "name": READER.name}

    desk.hold(ID, None)
    with pytest.raises(NotTheReader) as unheld:
        service.save_draft(READER, ID, text("未担当"))
    assert unheld.value.details["reader"] is None
    assert stored(database) == ([], [])


def test_a_draft_passes_on_with_the_case(service: ReportService, desk: Desk) -> None:
    service.save_draft(READER, ID, text("途中"))
    desk.hold(ID, READER_ELSEWHERE)

    assert service.of_case(READER_ELSEWHERE, ID).findings == "途中"
    report = service.save_draft(READER_ELSEWHERE, ID, text("続き", 1))
    assert (READER_ELSEWHERE.login, "KITA", 2) == (report.author.login, report.reading_site.code, report.revision)
    with pytest.raises(NotTheReader):
        service.sign(READER, ID, 2)


def test_a_signature_fixes_text_case_and_hash(service: ReportService, database: Database, clock: SetClock) -> None:
    draft = service.save_draft(READER, ID, text("結節なし。", impression="異常なし。"))
    clock.move(timedelta(minutes=5))

    report = service.sign(READER, ID, draft.revision)

    assert (ReportState.FINAL, 1, clock.now()) == (report.state, report.version, report.signed_at)
    assert wire.ReportPerson(login=READER.login, name=READER.name) == report.signed_by
    signed, content_sha256 = service.signed(READER, report.id, opens=False)
    assert report.content_sha256 == content_sha256 == sha256(canonical(signed))
    assert ("結節なし。", "異常なし。", "咳嗽の精査", "喫煙歴 20本/日") == (
        signed.findings,
        signed.impression,
        signed.reason,
        signed.clinical_history,
    )
    assert (draft.saved_at, clock.now()) == (signed.created_at, signed.signed_at)
    assert stored(database)[1] == [(1, content_sha256)]
    assert told(database) == ["ReportDrafted", "ReportSigned"]
    with database.read() as session:
        assert [entry.reason for entry in of_study(session, "1.2.3") if entry.outcome == "done"] == [
            "draft begun",
            f"signed sha256={content_sha256}",
        ]
        assert first_broken_link(session) is None


def test_a_signed_report_shows_the_case_as_it_was_signed(service: ReportService, signed: Signed, desk: Desk) -> None:
    report = signed()
    desk.cases[ID] = replace(desk.cases[ID], reason="後から変えた", study_description="別の検査")

    assert service.report(READER, report.id) == report
    assert report.reason == "咳嗽の精査"


def test_signing_twice_is_an_error_that_shows_the_signed_report(
    service: ReportService, signed: Signed, database: Database
) -> None:
    report = signed()
    before = stored(database)

    for again in (
        lambda: service.sign(READER, ID, report.revision),
        lambda: service.save_draft(READER, ID, text("後から", report.revision)),
        lambda: service.sign(SECOND_READER, ID, report.revision),
    ):
        with pytest.raises(AlreadySigned) as refused:
            again()
        assert refused.value.details["current"] == report
    assert stored(database) == before
    assert told(database).count("ReportSigned") == 1


def test_of_many_signatures_at_once_exactly_one_counts(service: ReportService, database: Database) -> None:
    revision = service.save_draft(READER, ID, text("結節なし。")).revision
    signers = [READER, READER, READER, SECOND_READER, READER_ELSEWHERE]
    together = Barrier(len(signers))

    def sign(signer: Actor) -> object:
        together.wait()
        try:
            return service.sign(signer, ID, revision).signed_by.login
        except (AlreadySigned, NotTheReader) as refused:
            return type(refused)

    with ThreadPoolExecutor(len(signers)) as pool:
        outcomes = list(pool.map(sign, signers))

    assert outcomes.count(READER.login) == 1
    assert outcomes[:3].count(AlreadySigned) == 2
    assert set(outcomes[3:]) <= {AlreadySigned, NotTheReader}
    assert len(stored(database)[1]) == 1
    assert told(database).count("ReportSigned") == 1


def test_a_signature_and_a_save_at_once_do_not_mix(service: ReportService, database: Database) -> None:
    revision = service.save_draft(READER, ID, text("一")).revision
    together = Barrier(2)

    def sign() -> object:
        together.wait()
        try:
            return service.sign(READER, ID, revision).findings
        except StaleDraft:
            return StaleDraft

    def save() -> object:
        together.wait()
        try:
            return service.save_draft(READER, ID, text("二", revision)).findings
        except AlreadySigned:
            return AlreadySigned

    with ThreadPoolExecutor(2) as pool:
        outcome = (pool.submit(sign), pool.submit(save))
        got = tuple(future.result() for future in outcome)

    assert got in {("一", AlreadySigned), (StaleDraft, "二")}
    assert stored(database)[0] == [("final", 1, "一") if got[0] == "一" else ("draft", 2, "二")]


def test_a_stale_revision_is_not_signed(service: ReportService, database: Database) -> None:
    service.save_draft(READER, ID, text("一"))
    current = service.save_draft(READER, ID, text("二", 1))

    with pytest.raises(StaleDraft) as refused:
        service.sign(READER, ID, 1)

    assert refused.value.details["current"] == current
    assert stored(database) == ([("draft", 2, "二")], [])
    assert "ReportSigned" not in told(database)


@pytest.mark.parametrize("blank", ["", " \n\t　"])
def test_a_blank_report_is_not_signed(service: ReportService, database: Database, blank: str) -> None:
    revision = service.save_draft(READER, ID, text(blank, impression=blank)).revision

    with pytest.raises(EmptyReport):
        service.sign(READER, ID, revision)
    assert stored(database) == ([("draft", 1, blank)], [])


def test_a_case_with_two_patients_is_drafted_but_not_signed(
    service: ReportService, database: Database, desk: Desk
) -> None:
    desk.cases[ID] = replace(CASE, identity_conflict=True)
    draft = service.save_draft(READER, ID, text("結節なし。"))

    with pytest.raises(IdentityConflict) as caught:
        service.sign(READER, ID, draft.revision)

    assert (caught.value.code, caught.value.http_status) == ("identity_conflict", 409)
    assert stored(database) == ([("draft", 1, "結節なし。")], [])


def test_a_study_that_grew_since_it_was_seen_is_looked_at_again(
    service: ReportService, database: Database, desk: Desk
) -> None:
    draft = service.save_draft(READER, ID, text("結節なし。"))
    desk.cases[ID] = replace(CASE, instance_count=CASE.instance_count + 2)

    with pytest.raises(StudyHasGrown) as caught:
        service.sign(READER, ID, draft.revision, seen_instance_count=CASE.instance_count)
    assert caught.value.details == {"seen": CASE.instance_count, "instance_count": CASE.instance_count + 2}
    assert stored(database)[1] == []

    signed = service.sign(READER, ID, draft.revision, seen_instance_count=CASE.instance_count + 2)
    assert ReportState.FINAL == signed.state
    with database.read() as session:
        (event,) = session.scalars(select(OutboxRow.payload).where(OutboxRow.name == "ReportSigned"))
    assert json.loads(event)["instance_count"] == CASE.instance_count + 2


def test_images_replaced_since_they_were_seen_are_looked_at_again(
    service: ReportService, database: Database, desk: Desk
) -> None:
    draft = service.save_draft(READER, ID, text("結節なし。"))
    desk.replaced = 3

    with pytest.raises(ImagesReplaced) as caught:
        service.sign(READER, ID, draft.revision, seen_images_replaced=2)
    assert (caught.value.code, caught.value.http_status) == ("images_replaced", 409)
    assert caught.value.details == {"seen": 2, "versions_replaced": 3}
    assert stored(database) == ([("draft", 1, "結節なし。")], [])

    assert ReportState.FINAL == service.sign(READER, ID, draft.revision, seen_images_replaced=3).state


def test_there_is_nothing_to_sign_before_a_draft(service: ReportService) -> None:
    with pytest.raises(NoReport):
        service.sign(READER, ID, 0)


def test_a_signed_version_refuses_to_be_changed_or_removed(signed: Signed, database: Database) -> None:
    report = signed()

    def change() -> None:
        with database.write() as session:
            session.get_one(ReportVersionRow, (report.id, 1)).content = "{}"

    def remove() -> None:
        with database.write() as session:
            session.delete(session.get_one(ReportVersionRow, (report.id, 1)))

    for attempt in (change, remove):
        with pytest.raises(RuntimeError, match="never changes"):
            attempt()
    assert stored(database)[1] == [(1, report.content_sha256)]


def test_a_version_changed_behind_our_back_is_not_shown(
    service: ReportService, signed: Signed, database: Database
) -> None:
    report = signed(ID, "右に結節。")
    with database.write() as session:
        content = session.scalar(select(ReportVersionRow.content))
        session.execute(update(ReportVersionRow).values(content=content.replace("右", "左")))

    for look in (
        lambda: service.report(READER, report.id),
        lambda: service.of_case(READER, ID),
        lambda: service.signed(READER, report.id, opens=False),
    ):
        with pytest.raises(SignedVersionDamaged):
            look()


@pytest.mark.parametrize("actor", [DOCTOR, COLLEAGUE], ids=lambda actor: actor.login)
def test_the_clinic_learns_of_a_report_when_it_is_signed(service: ReportService, actor: Actor) -> None:
    with pytest.raises(NoReport):
        service.of_case(actor, ID)
    draft = service.save_draft(READER, ID, text("途中"))
    with pytest.raises(NoReport):
        service.of_case(actor, ID)
    for look in (lambda: service.report(actor, draft.id), lambda: service.signed(actor, draft.id, opens=True)):
        with pytest.raises(NotFound) as refused:
            look()
        assert refused.value.code == "not_found"

    service.sign(READER, ID, draft.revision)

    assert service.of_case(actor, ID).findings == "途中"


def test_a_draft_is_for_the_reading_site_alone(service: ReportService) -> None:
    draft = service.save_draft(READER, ID, text("途中"))

    assert [service.of_case(actor, ID) for actor in (READER, SECOND_READER)] == [draft, draft]
    assert service.report(SECOND_READER, draft.id) == draft
    with pytest.raises(NoReport):
        service.of_case(READER_ELSEWHERE, ID)
    with pytest.raises(NoReport):
        service.signed(READER, draft.id, opens=True)


@pytest.mark.parametrize("stranger", [OTHER_DOCTOR, READER_WITHOUT_CONTRACT], ids=lambda actor: actor.login)
def test_a_stranger_learns_nothing(service: ReportService, signed: Signed, stranger: Actor) -> None:
    report = signed()
    for look in (
        lambda: service.of_case(stranger, ID),
        lambda: service.report(stranger, report.id),
        lambda: service.signed(stranger, report.id, opens=True),
        lambda: service.save_draft(stranger, ID, text("x")),
        lambda: service.sign(stranger, ID, 1),
        lambda: service.acknowledge(stranger, report.id),
        lambda: service.act(stranger, report.id, ""),
        lambda: service.of_case(stranger, "none"),
        lambda: service.report(stranger, "none"),
    ):
        with pytest.raises(NotFound) as refused:
            look()
        assert ("not_found", {}) == (refused.value.code, refused.value.details)


@pytest.mark.parametrize("actor", [TECHNOLOGIST, SECRETARY, ADMINISTRATOR], ids=lambda actor: actor.login)
def test_roles_without_reports_read_none(service: ReportService, signed: Signed, actor: Actor) -> None:
    report = signed()
    for look in (
        lambda: service.of_case(actor, ID),
        lambda: service.report(actor, report.id),
        lambda: service.signed(actor, report.id, opens=False),
        lambda: service.page(actor, wire.ReportQuery()),
    ):
        with pytest.raises(Forbidden):
            look()


def test_the_clinic_s_doctor_writes_no_report(service: ReportService, database: Database) -> None:
    with pytest.raises(Forbidden):
        service.save_draft(DOCTOR, ID, text("x"))
    assert stored(database) == ([], [])


def test_a_delivered_report_looks_the_same_to_both_sides(
    service: ReportService, signed: Signed, dispatcher: Dispatcher
) -> None:
    report = signed()
    dispatcher.drain()
    service.report(DOCTOR, report.id)

    assert service.report(READER, report.id) == service.report(DOCTOR, report.id)
