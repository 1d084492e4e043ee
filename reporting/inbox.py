"""届いた報告: what a clinic has got, the unacknowledged first."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from reporting import wire
from reporting.model import DeliveryState
from reporting.tables import DeliveryRow, ReportRow
from shared_kernel.japanese.search_key import search_key
from shared_kernel.plain_text import cleaned

_RANK = case(
    (DeliveryRow.state == DeliveryState.DELIVERED.value, 0),
    (DeliveryRow.state == DeliveryState.ACKNOWLEDGED.value, 1),
    else_=2,
)
# What is still to be done comes first, and within it what has waited longest; what is done, newest first.
_ORDER = (
    _RANK,
    case((DeliveryRow.state == DeliveryState.ACTED_ON.value, DeliveryRow.delivered_at)).desc(),
    DeliveryRow.delivered_at,
    DeliveryRow.delivery_id,
)


def find(session: Session, sites: frozenset[str], query: wire.ReportQuery) -> tuple[Sequence[ReportRow], int]:
    """One page of the reports delivered to `sites` that match, and how many match in all."""
    matching: list[ColumnElement[bool]] = [
        DeliveryRow.site_code.in_(sites),
        DeliveryRow.report_id == ReportRow.report_id,
        DeliveryRow.version == ReportRow.version,
    ]
    if query.state:
        matching.append(DeliveryRow.state.in_([state.value for state in query.state]))
    if asked := cleaned(query.q).strip():
        matching.append(_searched(asked))
    total = session.scalar(select(func.count()).select_from(DeliveryRow, ReportRow).where(*matching)) or 0
    page = select(ReportRow).select_from(DeliveryRow, ReportRow).where(*matching).order_by(*_ORDER)
    return session.scalars(page.limit(query.limit).offset(query.offset)).all(), total


def counts(session: Session, sites: frozenset[str]) -> wire.DeliveryCounts:
    """Reports in each state of delivery, of all reports of `sites`."""
    by_state = (
        select(DeliveryRow.state, func.count())
        .where(
            DeliveryRow.site_code.in_(sites),
            DeliveryRow.report_id == ReportRow.report_id,
            DeliveryRow.version == ReportRow.version,
        )
        .group_by(DeliveryRow.state)
    )
    found = dict(iter(session.execute(by_state)))
    return wire.DeliveryCounts(**{state.value: found.get(state.value, 0) for state in DeliveryState})


def _searched(asked: str) -> ColumnElement[bool]:
    ways = [
        DeliveryRow.patient_id.icontains(asked, autoescape=True),
        DeliveryRow.accession_number.icontains(asked, autoescape=True),
    ]
    if key := search_key(asked):
        ways.append(DeliveryRow.name_key.contains(key, autoescape=True))
    return or_(*ways)
