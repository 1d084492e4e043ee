from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_control.gate import AccessGate
from pacs_node.events import InstancesStored, StudyArrived, StudyGrew
from pacs_node.model import StudySummary
from shared_kernel.audit import tables as _audit_tables  # noqa: F401 - declares its table
from shared_kernel.clock import SetClock
from shared_kernel.database import Base, Database, sqlite_url
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.events.event import Event
from shared_kernel.events.outbox import publish
from tests.worklist.fakes import Shelf, site_name, study
from worklist.service import CaseService
from worklist.subscribers import subscribers
from worklist.tables import CaseRow


@pytest.fixture
def database(tmp_path: Path, database_url: str) -> Iterator[Database]:
    made = Database(database_url or sqlite_url(tmp_path / "hub.sqlite"))
    Base.metadata.create_all(made.engine)
    yield made
    made.close()


@pytest.fixture
def clock() -> SetClock:
    """Saturday 2026-03-28 10:00 in Japan."""
    return SetClock(datetime(2026, 3, 28, 1, 0, tzinfo=UTC))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def service(database: Database, clock: SetClock, shelf: Shelf) -> CaseService:
    return CaseService(database, clock, AccessGate(database, clock), shelf, site_name=site_name)


@pytest.fixture
def dispatcher(database: Database, clock: SetClock, shelf: Shelf) -> Dispatcher:
    return Dispatcher(database, clock, subscribers(shelf))


@pytest.fixture
def tell(database: Database, clock: SetClock, dispatcher: Dispatcher) -> Callable[[Event], None]:
    """Publish an event as the DICOM node does, and let the dispatcher bring it."""

    def told(event: Event) -> None:
        with database.write() as session:
            publish(session, event, at=clock.now(), actor="ae:MINATO_CT")
        dispatcher.drain()

    return told


@pytest.fixture
def receive(shelf: Shelf, tell: Callable[[Event], None], database: Database) -> Callable[..., str]:
    """A study's first images come; returns the case's id."""

    def received(uid: str = "1.2.3", **changes: object) -> str:
        summary = shelf.put(study(uid, **changes))
        tell(InstancesStored(study_uid=uid, site_code=summary.site_code, added=1, total=summary.instance_count))
        return _case_id(database, uid)

    return received


@pytest.fixture
def arrive(receive: Callable[..., str], tell: Callable[[Event], None], shelf: Shelf) -> Callable[..., str]:
    """A study arrives in full; returns the case's id."""

    def arrived(uid: str = "1.2.3", **changes: object) -> str:
        case_id = receive(uid, **changes)
        summary = shelf.held[uid]
        tell(StudyArrived(study_uid=uid, site_code=summary.site_code, instances=summary.instance_count))
        return case_id

    return arrived


@pytest.fixture
def grow(shelf: Shelf, tell: Callable[[Event], None]) -> Callable[[StudySummary], None]:
    """More images of a study came after it had arrived."""

    def grown(summary: StudySummary) -> None:
        shelf.put(summary)
        count = summary.instance_count
        tell(StudyGrew(study_uid=summary.study_uid, site_code=summary.site_code, instances=count, added=1))

    return grown


def _case_id(database: Database, uid: str) -> str:
    with database.read() as session:
        return session.query(CaseRow.case_id).filter_by(study_uid=uid).scalar()
