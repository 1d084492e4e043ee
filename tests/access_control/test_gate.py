"""The door: each decision leaves its row; a foreign thing is not there, an own one may be forbidden."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.gate import AccessGate
from access_control.model import Action, Actor, ActorKind, Resource, Role
from shared_kernel.audit.tables import AuditRow
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, NotFound, Unavailable

OWN = Resource(label="study/1.2", site_code="MINATO", study_uid="1.2")
FOREIGN = Resource(label="study/1.3", site_code="YAMANE", study_uid="1.3")
DOCTOR = Actor(
    kind=ActorKind.PERSON,
    login="isha",
    name="湊 恵子",
    role=Role.REFERRING_DOCTOR,
    site_code="MINATO",
    site_name="みなと診療所",
    session_id="s",
)


def rows(database: Database) -> list[tuple[str, str, str, str | None]]:
    with database.read() as session:
        found = session.scalars(select(AuditRow).order_by(AuditRow.number))
        return [(row.actor, row.action, row.outcome, row.study_uid) for row in found]


def test_one_row_for_a_session_and_a_study_however_many_frames(database: Database, clock: SetClock) -> None:
    gate = AccessGate(database, clock)
    for _ in range(5):
        assert gate.require(DOCTOR, Action.STUDY_VIEW, OWN)
    assert rows(database) == [("isha", "study.view", "allowed", "1.2")]


def test_a_foreign_study_is_not_there_and_each_try_is_noted(database: Database, clock: SetClock) -> None:
    gate = AccessGate(database, clock)
    for _ in range(2):
        with pytest.raises(NotFound):
            gate.require(DOCTOR, Action.STUDY_VIEW, FOREIGN)
    assert rows(database) == [("isha", "study.view", "denied", "1.3")] * 2


def test_what_the_role_may_not_do_is_forbidden(database: Database, clock: SetClock) -> None:
    with pytest.raises(Forbidden):
        AccessGate(database, clock).require(DOCTOR, Action.REPORT_WRITE, OWN)
    assert rows(database) == [("isha", "report.write", "denied", "1.2")]


class FullAtFirst(Database):
    """A database whose first write fails, as on a full disk."""

    failed = False

    @contextmanager
    def write(self) -> Iterator[Session]:
        if not self.failed:
            self.failed = True
            raise Unavailable(reason="full")
        with super().write() as session:
            yield session


def test_an_access_without_its_row_is_no_access(database: Database, clock: SetClock) -> None:
    full = FullAtFirst(database.engine.url)
    gate = AccessGate(full, clock)
    with pytest.raises(Unavailable):
        gate.require(DOCTOR, Action.STUDY_VIEW, OWN)
    assert rows(database) == []
    for _ in range(2):
        assert gate.require(DOCTOR, Action.STUDY_VIEW, OWN)
    assert rows(database) == [("isha", "study.view", "allowed", "1.2")]
    full.close()
