"""Proves what people do to cases: who may, who wins, what is kept, and that each deed leaves its traces."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from access_control.gate import AccessGate
from access_control.model import Actor, Role
from pacs_node.model import StudySummary
from shared_kernel.audit.trail import first_broken_link, of_study
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, NotFound, TooLarge
from shared_kernel.events.tables import OutboxRow
from tests.worklist.fakes import (
    ADMINISTRATOR,
    DOCTOR,
    OTHER_DOCTOR,
    READER,
    READER_WITHOUT_CONTRACT,
    SCHEDULER,
    SECOND_READER,
    SECRETARY,
    TECHNOLOGIST,
    Shelf,
    person,
    site_name,
    study,
)
from worklist import wire
from worklist.errors import CaseAlreadyRead, CaseStillReceiving, CaseTaken, StaleRequest
from worklist.model import CaseState
from worklist.service import LONGEST_REQUEST_BYTES, CaseService
from worklist.tables import CaseRow, CaseStepRow

pytestmark = pytest.mark.both_databases

Arrive = Callable[..., str]


def change(reason: str, version: int, history: str = "") -> wire.RequestChange:
    return wire.RequestChange(reason=reason, clinical_history=history, version=version)


def sign(service: CaseService, database: Database, clock: SetClock, case_id: str, by: Actor = READER) -> None:
    with database.write() as session:
        service.complete(
            session,
            case_id=case_id,
            report_id="r1",
            signed_by=by.login,
            signer_name=by.name,
            signer_site_code=by.site_code,
            instance_count=40,
            at=clock.now(),
        )


def stored(database: Database, case_id: str) -> CaseRow:
    with database.read() as session:
        return session.get_one(CaseRow, case_id)


def told(database: Database) -> list[str]:
    with database.read() as session:
        return [
            name for name in session.scalars(select(OutboxRow.name).order_by(OutboxRow.sequence)) if "Reading" in name
        ]


def test_a_claim_is_kept_with_event_history_and_audit(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()

    shown = service.claim(READER, case_id)

    assert (CaseState.READING, wire.Person(login="chuo-reader", name="chuo-readerさん")) == (shown.state, shown.reader)
    row = stored(database, case_id)
    assert (row.state, row.reader_login, row.reader_site_code) == ("reading", "chuo-reader", "CHUO")
    assert told(database) == ["ReadingCaseOpened", "ReadingBecameDue", "ReadingClaimed"]
    with database.read() as session:
        steps = session.execute(select(CaseStepRow.from_state, CaseStepRow.to_state, CaseStepRow.actor)).all()
        assert list(steps) == [("receiving", "unread", "ae:MINATO_CT"), ("unread", "reading", "chuo-reader")]
        trail = [(entry.actor, entry.action, entry.outcome) for entry in of_study(session, "1.2.3")]
        assert trail == [("chuo-reader", "case.claim", "allowed"), ("chuo-reader", "case.claim", "done")]
        assert first_broken_link(session) is None


def test_of_many_who_claim_at_once_exactly_one_wins(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()
    readers = [person(f"reader-{number}", Role.RADIOLOGIST, "CHUO", "MINATO") for number in range(8)]
    together = Barrier(len(readers))

    def try_it(reader: Actor) -> str | CaseTaken:
        together.wait()
        try:
            return service.claim(reader, case_id).reader.login
        except CaseTaken as taken:
            return taken

    with ThreadPoolExecutor(len(readers)) as pool:
        outcomes = list(pool.map(try_it, readers))

    winners = [outcome for outcome in outcomes if isinstance(outcome, str)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, CaseTaken)]
    assert (len(winners), len(losers)) == (1, 7)
    assert winners[0] == stored(database, case_id).reader_login
    assert {winners[0]} == {loser.details["reader"]["login"] for loser in losers}
    assert told(database).count("ReadingClaimed") == 1


def test_claiming_again_is_fine_and_leaves_no_second_trace(
    service: CaseService, arrive: Arrive, database: Database
) -> None:
    case_id = arrive()

    assert service.claim(READER, case_id) == service.claim(READER, case_id)
    assert told(database).count("ReadingClaimed") == 1


def test_a_taken_case_names_its_reader(service: CaseService, arrive: Arrive) -> None:
    case_id = arrive()
    service.claim(READER, case_id)

    with pytest.raises(CaseTaken) as refused:
        service.claim(SECOND_READER, case_id)
    assert refused.value.details["reader"] == {"login": "chuo-reader", "name": "chuo-readerさん"}
    with pytest.raises(CaseTaken):
        service.release(SECOND_READER, case_id)


def test_a_released_case_is_unread_and_anybody_s(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()
    service.claim(READER, case_id)

    shown = service.release(READER, case_id)

    assert (shown.state, shown.reader) == (CaseState.UNREAD, None)
    assert shown == service.release(READER, case_id)
    assert service.claim(SECOND_READER, case_id).reader.login == "chuo-reader-2"
    assert told(database).count("ReadingReleased") == 1


def test_a_case_that_is_receiving_can_t_be_claimed(
    service: CaseService, receive: Callable[..., str], database: Database
) -> None:
    case_id = receive()

    with pytest.raises(CaseStillReceiving):
        service.claim(READER, case_id)
    assert (stored(database, case_id).state, stored(database, case_id).reader_login) == ("receiving", None)


def test_a_signed_report_completes_the_case_once(
    service: CaseService, arrive: Arrive, database: Database, clock: SetClock
) -> None:
    case_id = arrive()
    service.claim(READER, case_id)
    clock.move(timedelta(minutes=20))
    signed_at = clock.now()
    sign(service, database, clock, case_id)
    clock.move(timedelta(minutes=1))
    sign(service, database, clock, case_id)

    row = stored(database, case_id)
    assert ("read", signed_at, "r1", "chuo-reader") == (row.state, row.read_at, row.report_id, row.reader_login)
    assert told(database).count("ReadingCompleted") == 1
    for deed in (service.claim, service.release):
        with pytest.raises(CaseAlreadyRead):
            deed(READER, case_id)


def test_a_case_released_right_after_signing_is_the_signer_s_all_the_same(
    service: CaseService, arrive: Arrive, database: Database, clock: SetClock
) -> None:
    case_id = arrive()
    service.claim(READER, case_id)
    service.release(READER, case_id)
    service.claim(SECOND_READER, case_id)
    sign(service, database, clock, case_id)

    assert (stored(database, case_id).state, stored(database, case_id).reader_login) == ("read", "chuo-reader")


def test_images_after_the_signature_are_counted(
    service: CaseService,
    arrive: Arrive,
    grow: Callable[[StudySummary], None],
    database: Database,
    clock: SetClock,
) -> None:
    case_id = arrive()
    assert service.detail(READER, case_id).images_after_report == 0
    sign(service, database, clock, case_id)
    assert service.detail(READER, case_id).images_after_report == 0

    grow(study(instance_count=43))

    assert service.detail(READER, case_id).images_after_report == 3
    assert [case.images_after_report for case in service.page(DOCTOR, wire.CaseQuery()).cases] == [3]


def test_a_case_with_two_patients_says_so(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive(identity_conflict=True)

    assert [case.identity_conflict for case in service.page(READER, wire.CaseQuery()).cases] == [True]
    assert service.detail(READER, case_id).identity_conflict is True
    with database.read() as session:
        facts = service.facts(session, case_id)
    assert facts is not None
    assert (True, 40) == (facts.identity_conflict, facts.instance_count)


def test_completing_a_case_that_is_not_there_is_an_error(
    service: CaseService, database: Database, clock: SetClock
) -> None:
    with pytest.raises(NotFound):
        sign(service, database, clock, "none")


def test_the_clinic_writes_its_request(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()

    shown = service.change_request(DOCTOR, case_id, change("咳嗽の精査\r\n右下葉\x00\x1b", 0, "<b>喫煙</b> 𠮷 שלום"))

    assert (
        shown.reason,
        shown.clinical_history,
        shown.request_version,
    ) == ("咳嗽の精査\n右下葉", "<b>喫煙</b> 𠮷 שלום", 1)
    row = stored(database, case_id)
    assert (row.reason, row.clinical_history, row.request_version) == ("咳嗽の精査\n右下葉", "<b>喫煙</b> 𠮷 שלום", 1)
    assert told(database)[-1] == "ReadingRequestChanged"


def test_a_request_may_come_before_the_images_are_complete(service: CaseService, receive: Callable[..., str]) -> None:
    assert service.change_request(DOCTOR, receive(), change("咳嗽", 0)).reason == "咳嗽"


def test_an_old_version_is_told_the_current_request(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()
    current = service.change_request(DOCTOR, case_id, change("一", 0))

    with pytest.raises(StaleRequest) as refused:
        service.change_request(DOCTOR, case_id, change("二", 0))

    assert current == refused.value.details["current"]
    assert stored(database, case_id).reason == "一"


def test_two_doctors_who_save_at_once_do_not_overwrite_each_other(
    service: CaseService, arrive: Arrive, database: Database
) -> None:
    case_id = arrive()
    together = Barrier(4)

    def save(text: str) -> str:
        together.wait()
        try:
            return service.change_request(DOCTOR, case_id, change(text, 0)).reason
        except StaleRequest:
            return ""

    with ThreadPoolExecutor(4) as pool:
        saved = [text for text in pool.map(save, ["一", "二", "三", "四"]) if text]

    assert [stored(database, case_id).reason] == saved


def test_a_read_case_takes_no_request(
    service: CaseService, arrive: Arrive, database: Database, clock: SetClock
) -> None:
    case_id = arrive()
    service.claim(READER, case_id)
    sign(service, database, clock, case_id)

    with pytest.raises(CaseAlreadyRead):
        service.change_request(DOCTOR, case_id, change("遅い", 0))


def test_a_request_that_is_too_long_is_refused_whole(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()

    with pytest.raises(TooLarge) as refused:
        service.change_request(DOCTOR, case_id, change("あ" * (LONGEST_REQUEST_BYTES // 3 + 1), 0))

    assert refused.value.details["limit_bytes"] == LONGEST_REQUEST_BYTES
    assert (stored(database, case_id).reason, stored(database, case_id).request_version) == ("", 0)


@pytest.mark.parametrize("stranger", [OTHER_DOCTOR, READER_WITHOUT_CONTRACT], ids=lambda actor: actor.login)
def test_a_stranger_learns_nothing_of_a_case(service: CaseService, arrive: Arrive, stranger: Actor) -> None:
    case_id = arrive()
    deeds: list[Callable[[], object]] = [
        lambda: service.detail(stranger, case_id),
        lambda: service.claim(stranger, case_id),
        lambda: service.release(stranger, case_id),
        lambda: service.change_request(stranger, case_id, change("x", 0)),
    ]
    for deed in deeds:
        with pytest.raises(NotFound) as unknown:
            deed()
        with pytest.raises(NotFound) as absent:
            service.detail(stranger, "0" * 32)
        assert (type(absent.value), absent.value.details) == (type(unknown.value), unknown.value.details)


def test_refusals_are_audited(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()
    with pytest.raises(NotFound):
        service.claim(OTHER_DOCTOR, case_id)

    with database.read() as session:
        trail = [(entry.actor, entry.outcome) for entry in of_study(session, "1.2.3")]
    assert trail == [("yamane-doctor", "denied")]


@pytest.mark.parametrize(
    ("actor", "deed"),
    [
        (DOCTOR, "claim"),
        (DOCTOR, "release"),
        (TECHNOLOGIST, "claim"),
        (TECHNOLOGIST, "change_request"),
        (SECRETARY, "change_request"),
        (SECRETARY, "claim"),
    ],
)
def test_people_who_see_a_case_may_not_do_what_their_role_does_not(
    service: CaseService, arrive: Arrive, database: Database, actor: Actor, deed: str
) -> None:
    case_id = arrive()
    more = [change("x", 0)] if deed == "change_request" else []
    with pytest.raises(Forbidden):
        getattr(service, deed)(actor, case_id, *more)
    assert (stored(database, case_id).state, stored(database, case_id).reason) == ("unread", "")


def test_a_contract_lets_the_reader_read_but_not_write_the_clinic_s_request(
    service: CaseService, arrive: Arrive
) -> None:
    with pytest.raises(NotFound):
        service.change_request(READER, arrive(), change("x", 0))


@pytest.mark.parametrize("actor", [SCHEDULER, ADMINISTRATOR], ids=lambda actor: actor.login)
def test_roles_without_cases_see_none(service: CaseService, arrive: Arrive, actor: Actor) -> None:
    case_id = arrive()
    with pytest.raises(Forbidden):
        service.page(actor, wire.CaseQuery())
    with pytest.raises(Forbidden):
        service.detail(actor, case_id)


@pytest.mark.parametrize(
    ("actor", "viewable", "expected"),
    [
        (DOCTOR, True, wire.Permissions(request=True, claim=False, release=False, write_report=False)),
        (TECHNOLOGIST, True, wire.Permissions(request=False, claim=False, release=False, write_report=False)),
        (SECRETARY, False, wire.Permissions(request=False, claim=False, release=False, write_report=False)),
        (READER, True, wire.Permissions(request=False, claim=True, release=False, write_report=False)),
    ],
    ids=lambda value: getattr(value, "login", ""),
)
def test_permissions_on_an_unread_case(
    service: CaseService, arrive: Arrive, actor: Actor, viewable: bool, expected: wire.Permissions
) -> None:
    detail = service.detail(actor, arrive())

    assert (viewable, expected) == (detail.viewable, detail.permissions)


def test_permissions_follow_the_claim_and_the_signature(
    service: CaseService, arrive: Arrive, database: Database, clock: SetClock
) -> None:
    case_id = arrive()
    service.claim(READER, case_id)
    nothing = wire.Permissions(request=False, claim=False, release=False, write_report=False)

    holder = wire.Permissions(request=False, claim=False, release=True, write_report=True)
    assert holder == service.detail(READER, case_id).permissions
    assert nothing == service.detail(SECOND_READER, case_id).permissions
    sign(service, database, clock, case_id)
    assert [nothing] * 2 == [service.detail(actor, case_id).permissions for actor in (READER, DOCTOR)]


def test_priors_are_shown_with_their_cases_to_those_who_may_see_images(
    service: CaseService, arrive: Arrive, shelf: Shelf
) -> None:
    older_case = arrive("1.2.1", study_date=date(2024, 4, 1))
    case_id = arrive("1.2.3")

    (prior,) = service.detail(READER, case_id).priors

    assert ("1.2.1", older_case, None, date(2024, 4, 1)) == (
        prior.study_uid,
        prior.case_id,
        prior.report_id,
        prior.study_date,
    )
    assert wire.Site(code="MINATO", name="みなと診療所") == prior.site
    assert service.detail(SECRETARY, case_id).priors == []


def test_the_list_counts_the_priors_that_a_case_would_show(service: CaseService, arrive: Arrive) -> None:
    arrive("1.2.1", study_date=date(2024, 4, 1))
    arrive("1.2.2", study_date=date(2025, 4, 1))
    arrive("1.2.5", study_date=date(2024, 4, 1), site_code="YAMANE")
    arrive("1.2.3")

    def counted(actor: Actor) -> dict[str, int]:
        return {case.study_uid: case.prior_count for case in service.page(actor, wire.CaseQuery()).cases}

    # A clinic sees no other clinic's cases, and so counts none.
    assert {"1.2.1": 0, "1.2.2": 1, "1.2.3": 2} == counted(DOCTOR)
    assert {"1.2.1": 0, "1.2.2": 2, "1.2.3": 3, "1.2.5": 0} == counted(READER)


def test_a_report_is_asked_for_as_the_actor_may_know_it(
    database: Database, clock: SetClock, shelf: Shelf, arrive: Arrive
) -> None:
    class OneReport:
        report_id, state, signed_at = "r7", "final", clock.now()

    class Reports:
        def of_cases(self, _session: object, actor: Actor, case_ids: list[str]) -> dict[str, OneReport]:
            return {case_id: OneReport() for case_id in case_ids} if actor.login == READER.login else {}

    case_id = arrive()
    service = CaseService(database, clock, AccessGate(database, clock), shelf, site_name=site_name, reports=Reports())

    expected = wire.ReportMark(id="r7", state="final", signed_at=clock.now())
    assert expected == service.detail(READER, case_id).report
    assert service.detail(SECRETARY, case_id).report is None


def test_facts_are_the_case_as_a_value(service: CaseService, arrive: Arrive, database: Database) -> None:
    case_id = arrive()
    service.claim(READER, case_id)

    with database.read() as session:
        facts = service.facts(session, case_id)
        assert service.facts(session, "none") is None

    assert (facts.site_name, facts.modalities, facts.reader.login) == ("みなと診療所", ("CT",), "chuo-reader")
    assert facts.patient.name.ideographic == "山田 太郎"
