"""Which case has which report: what the list of cases shows of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.model import Actor
from reporting.tables import ReportRow
from reporting.view import knows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMark:
    """That there is a report, and how far it is."""

    report_id: str
    state: str
    begun_at: datetime
    signed_at: datetime | None


class ReportIndex:
    """Answers the worklist's question, with the access rule inside."""

    def of_cases(self, session: Session, actor: Actor, case_ids: Sequence[str]) -> Mapping[str, ReportMark]:
        """The report of each case that has one which the actor may know of, by case id."""
        rows = session.scalars(select(ReportRow).where(ReportRow.case_id.in_(case_ids)))
        return {
            row.case_id: ReportMark(
                report_id=row.report_id, state=row.state, begun_at=row.created_at, signed_at=row.signed_at
            )
            for row in rows
            if knows_of(actor, row)
        }
