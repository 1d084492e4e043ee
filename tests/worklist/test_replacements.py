"""Proves that whoever reads, has begun a report or has signed one is told of images that were replaced since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from access_control.gate import AccessGate
from access_control.model import Actor
from pacs_node.events import InstanceReplaced
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.events.event import Event
from shared_kernel.events.tables import SubscriptionRow
from tests.worklist.fakes import DOCTOR, READER, SECRETARY, Shelf, site_name
from worklist import wire
from worklist.model import CaseState
from worklist.service import CaseService
from worklist.subscribers import subscribers
from worklist.tables import CaseRow

Tell = Callable[[Event], None]
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Mark:
    report_id: str
    state: str
    begun_at: datetime
    signed_at: datetime | None


class Drafts:
    """Reports as the reporting room answers, drafts for the reader alone."""

    def __init__(self) -> None:
        self.of: dict[str, Mark] = {}

    def of_cases(self, session: Session, actor: Actor, case_ids: Sequence[str]) -> Mapping[str, Mark]:
        known = {case_id: self.of[case_id] for case_id in case_ids if case_id in self.of}
        return {case_id: mark for case_id, mark in known.items() if actor == READER or mark.signed_at}


@pytest.fixture
def drafts() -> Drafts:
    return Drafts()


@pytest.fixture
def service(database: Database, clock: SetClock, shelf: Shelf, drafts: Drafts) -> CaseService:
    return CaseService(database, clock, AccessGate(database, clock), shelf, site_name=site_name, reports=drafts)


@pytest.fixture
def replaced(tell: Tell, clock: SetClock) -> Callable[..., None]:
    """Another version of an image of study 1.2.3 comes, a minute after what was before."""

    def told(uid: str = "1.1", version: int = 2) -> None:
        clock.move(MINUTE)
        tell(InstanceReplaced(study_uid="1.2.3", site_code="MINATO", sop_instance_uid=uid, version=version))
        clock.move(MINUTE)

    return told


def sign(service: CaseService, database: Database, clock: SetClock, case_id: str) -> None:
    with database.write() as session:
        service.complete(
            session,
            case_id=case_id,
            report_id="r1",
            signed_by=READER.login,
            signer_name=READER.name,
            signer_site_code="CHUO",
            instance_count=40,
            at=clock.now(),
        )


def test_the_reader_is_told_while_reading_and_everybody_after_the_signature(
    service: CaseService,
    arrive: Callable[..., str],
    replaced: Callable[..., None],
    database: Database,
    clock: SetClock,
) -> None:
    case_id = arrive()

    def marks() -> list[int]:
        return [service.detail(actor, case_id).images_replaced for actor in (READER, DOCTOR, SECRETARY)]

    replaced()
    assert [0, 0, 0] == marks()  # nobody has looked yet
    service.claim(READER, case_id)
    assert [0, 0, 0] == marks()
    replaced("1.1", 3)
    replaced("1.1", 4)
    assert [1, 1, 1] == marks()
    replaced("1.9")
    assert [2, 2, 2] == marks()
    sign(service, database, clock, case_id)
    assert [2, 2, 2] == marks()  # nobody can know whether the signer still saw them
    replaced("1.2")
    assert [3, 3, 3] == marks()
    assert [3] == [case.images_replaced for case in service.page(DOCTOR, wire.CaseQuery()).cases]


def test_a_draft_that_was_given_back_is_older_than_the_next_claim(
    service: CaseService,
    arrive: Callable[..., str],
    replaced: Callable[..., None],
    drafts: Drafts,
    clock: SetClock,
) -> None:
    case_id = arrive()
    service.claim(READER, case_id)
    drafts.of[case_id] = Mark("r1", "draft", clock.now(), None)
    service.release(READER, case_id)
    replaced()
    seen = [service.detail(actor, case_id).images_replaced for actor in (READER, DOCTOR)]
    assert [1, 0] == seen  # the doctor does not know of the draft
    service.claim(READER, case_id)
    assert 1 == service.detail(READER, case_id).images_replaced


def test_what_was_replaced_before_the_case_was_taken_again_is_no_news(
    service: CaseService, arrive: Callable[..., str], replaced: Callable[..., None]
) -> None:
    case_id = arrive()
    service.claim(READER, case_id)
    service.release(READER, case_id)
    replaced()
    service.claim(READER, case_id)
    assert 0 == service.detail(READER, case_id).images_replaced


def test_told_twice_it_counts_once_and_the_case_shows_the_study_as_it_is(
    service: CaseService,
    arrive: Callable[..., str],
    replaced: Callable[..., None],
    shelf: Shelf,
    database: Database,
    clock: SetClock,
) -> None:
    case_id = arrive()
    service.claim(READER, case_id)
    shelf.put(replace(shelf.held["1.2.3"], study_description="訂正後"))
    replaced()
    with database.write() as session:
        session.get_one(SubscriptionRow, "worklist.intake").position = 0
    Dispatcher(database, clock, subscribers(shelf)).drain()
    case = service.detail(READER, case_id)
    assert (1, "訂正後", CaseState.READING) == (case.images_replaced, case.study_description, case.state)
    with database.read() as session:
        assert session.get_one(SubscriptionRow, "worklist.intake").last_error is None


def test_a_replacement_of_no_case_holds_nothing_up(tell: Tell, arrive: Callable[..., str], database: Database) -> None:
    tell(InstanceReplaced(study_uid="9.9", site_code="MINATO", sop_instance_uid="1.1", version=2))
    arrive()
    with database.read() as session:
        assert ["1.2.3"] == [row.study_uid for row in session.query(CaseRow)]


def test_other_cases_of_the_page_are_not_marked(
    service: CaseService, arrive: Callable[..., str], replaced: Callable[..., None]
) -> None:
    for uid in ("1.2.3", "4.5.6"):
        service.claim(READER, arrive(uid))
    replaced()
    page = service.page(READER, wire.CaseQuery())
    assert {"1.2.3": 1, "4.5.6": 0} == {case.study_uid: case.images_replaced for case in page.cases}


def test_a_case_on_the_screen_tells_what_the_archive_knows_before_any_event(
    service: CaseService, arrive: Callable[..., str], shelf: Shelf, clock: SetClock, tell: Tell
) -> None:
    case_id = arrive()
    shelf.versions["1.2.3"] = [("1.1", clock.now())]
    clock.move(MINUTE)
    service.claim(READER, case_id)
    clock.move(MINUTE)

    def shown() -> tuple[int, int]:
        case = service.detail(READER, case_id)
        return case.images_replaced, case.versions_replaced

    assert (0, 1) == shown()
    shelf.versions["1.2.3"] += [("1.1", clock.now()), ("1.1", clock.now()), ("1.9", clock.now())]
    assert (2, 4) == shown()
    tell(InstanceReplaced(study_uid="1.2.3", site_code="MINATO", sop_instance_uid="1.1", version=3))
    assert (2, 4) == shown()
