"""Proves what the list of cases learns of reports: drafts for those who write them, signed ones for those who read."""

from __future__ import annotations

import pytest

from access_control.model import Actor
from reporting import wire
from reporting.index import ReportIndex, ReportMark
from reporting.service import ReportService
from shared_kernel.database import Database
from tests.reporting.fakes import (
    CASE,
    DOCTOR,
    OTHER_DOCTOR,
    READER,
    READER_ELSEWHERE,
    SECOND_READER,
    SECRETARY,
    TECHNOLOGIST,
)


@pytest.mark.parametrize(
    ("actor", "states"),
    [
        (READER, ["draft", "final"]),
        (SECOND_READER, ["draft", "final"]),
        (READER_ELSEWHERE, [None, "final"]),
        (DOCTOR, [None, "final"]),
        (OTHER_DOCTOR, [None, None]),
        (TECHNOLOGIST, [None, None]),
        (SECRETARY, [None, None]),
    ],
    ids=lambda value: getattr(value, "login", ""),
)
def test_everybody_learns_what_they_may_know(
    service: ReportService, database: Database, actor: Actor, states: list[str | None]
) -> None:
    seen: list[str | None] = []

    def look() -> None:
        with database.read() as session:
            mark = ReportIndex().of_cases(session, actor, [CASE.case_id, "none"]).get(CASE.case_id)
        seen.append(mark.state if mark else None)

    draft = service.save_draft(READER, CASE.case_id, wire.DraftChange(findings="x", impression="", revision=0))
    look()
    service.sign(READER, CASE.case_id, draft.revision)
    look()

    assert seen == states


def test_a_mark_names_report_and_time(service: ReportService, database: Database) -> None:
    draft = service.save_draft(READER, CASE.case_id, wire.DraftChange(findings="x", impression="", revision=0))
    signed = service.sign(READER, CASE.case_id, draft.revision)

    with database.read() as session:
        marks = ReportIndex().of_cases(session, READER, [CASE.case_id])

    mark = ReportMark(report_id=signed.id, state="final", begun_at=draft.saved_at, signed_at=signed.signed_at)
    assert marks == {CASE.case_id: mark}
