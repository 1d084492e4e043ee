from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access_control.gate import AccessGate
from reporting import wire
from reporting.service import ReportService
from reporting.subscribers import subscribers
from shared_kernel.audit import tables as _audit_tables  # noqa: F401 - declares its table
from shared_kernel.clock import SetClock
from shared_kernel.database import Base, Database, sqlite_url
from shared_kernel.events.dispatcher import Dispatcher
from tests.reporting.fakes import CASE, READER, Desk


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
def desk() -> Desk:
    return Desk(CASE)


@pytest.fixture
def service(database: Database, clock: SetClock, desk: Desk) -> ReportService:
    return ReportService(database, clock, AccessGate(database, clock), desk)


@pytest.fixture
def dispatcher(database: Database, clock: SetClock) -> Dispatcher:
    return Dispatcher(database, clock, subscribers(clock))


@pytest.fixture
def signed(service: ReportService) -> Callable[..., wire.Report]:
    """A report drafted and signed, not yet delivered."""

    def sign(case_id: str = CASE.case_id, findings: str = "結節なし。", impression: str = "異常なし。") -> wire.Report:
        change = wire.DraftChange(findings=findings, impression=impression, revision=0)
        draft = service.save_draft(READER, case_id, change)
        return service.sign(READER, case_id, draft.revision)

    return sign


@pytest.fixture
def delivered(signed: Callable[..., wire.Report], dispatcher: Dispatcher) -> Callable[..., wire.Report]:
    """A report signed and brought to the clinic."""

    def deliver(*args: str) -> wire.Report:
        report = signed(*args)
        dispatcher.drain()
        return report

    return deliver
