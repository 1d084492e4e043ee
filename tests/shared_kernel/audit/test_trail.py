"""The audit trail: complete, in order, and a change to it shows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import delete, update

from shared_kernel.audit.tables import AuditRow
from shared_kernel.audit.trail import AuditEntry, first_broken_link, of_study, record
from shared_kernel.clock import SetClock
from shared_kernel.database import Database

pytestmark = pytest.mark.both_databases


@pytest.fixture
def entry(clock: SetClock) -> AuditEntry:
    return AuditEntry(
        at=clock.now(),
        actor="chuo-dokuei",
        site_code="CHUO",
        role="radiologist",
        session_id="s",
        action="study.view",
        purpose="reading",
        resource="study/1.2",
        study_uid="1.2",
        outcome="allowed",
        reason="reading contract",
    )


def test_a_chain_is_whole(database: Database, entry: AuditEntry) -> None:
    for number in range(3):
        with database.write() as session:
            record(session, [entry, replace(entry, study_uid=f"1.{number}")])
    with database.read() as session:
        assert first_broken_link(session) is None
        assert of_study(session, "1.2") == [entry, entry, entry, entry]


def test_a_strangers_name_with_a_nul_is_kept_without_it(database: Database, entry: AuditEntry) -> None:
    with database.write() as session:
        record(session, [replace(entry, actor="ae:A\0B")])
    with database.read() as session:
        assert first_broken_link(session) is None
        assert of_study(session, "1.2") == [replace(entry, actor="ae:A\ufffdB")]


def test_a_changed_row_shows(database: Database, entry: AuditEntry) -> None:
    with database.write() as session:
        record(session, [entry] * 4)
    with database.write() as session:
        session.execute(update(AuditRow).where(AuditRow.number == 3).values(actor="somebody-else"))
    with database.read() as session:
        assert first_broken_link(session) == 3


def test_a_removed_row_shows(database: Database, entry: AuditEntry) -> None:
    with database.write() as session:
        record(session, [entry] * 4)
    with database.write() as session:
        session.execute(delete(AuditRow).where(AuditRow.number == 2))
    with database.read() as session:
        assert first_broken_link(session) == 3


@pytest.mark.only_sqlite("the highest number that was given out")
def test_rows_taken_off_the_end_show(database: Database, entry: AuditEntry) -> None:
    with database.write() as session:
        record(session, [entry] * 4)
    with database.write() as session:
        session.execute(delete(AuditRow).where(AuditRow.number > 2))
    with database.read() as session:
        assert first_broken_link(session) == 3
