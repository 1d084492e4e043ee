"""The list of cases: the access rule, the filters and the order inside one query."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from shared_kernel.japanese.search_key import search_key
from shared_kernel.plain_text import cleaned
from worklist import wire
from worklist.model import CaseState
from worklist.tables import CaseRow

_OPEN, _COMING, _DONE = 0, 1, 2
_GROUP = case(
    (CaseRow.state.in_([CaseState.UNREAD.value, CaseState.READING.value]), _OPEN),
    (CaseRow.state == CaseState.RECEIVING.value, _COMING),
    else_=_DONE,
)
# What waits for a reader or is being read, by due date then arrival, so that a case keeps its place when
# somebody claims it; then what still comes in, oldest first; then what is read, newest first.
_ORDER = (
    _GROUP,
    case((_GROUP == _DONE, CaseRow.read_at)).desc(),
    case((_GROUP == _OPEN, CaseRow.due_date)),
    case((_GROUP == _OPEN, CaseRow.arrived_at)),
    CaseRow.opened_at,
    CaseRow.case_id,
)


def find(session: Session, sites: frozenset[str], query: wire.CaseQuery) -> tuple[Sequence[CaseRow], int]:
    """One page of the cases of `sites` that match, and how many match in all."""
    matching: list[ColumnElement[bool]] = [CaseRow.site_code.in_(sites)]
    if query.state:
        matching.append(CaseRow.state.in_([state.value for state in query.state]))
    if asked := cleaned(query.q).strip():
        matching.append(_searched(asked))
    total = session.scalar(select(func.count()).select_from(CaseRow).where(*matching)) or 0
    page = select(CaseRow).where(*matching).order_by(*_ORDER)
    return session.scalars(page.limit(query.limit).offset(query.offset)).all(), total


def counts(session: Session, sites: frozenset[str]) -> wire.Counts:
    """Cases in each state, of all cases of `sites`, whatever is being searched for."""
    by_state = select(CaseRow.state, func.count()).where(CaseRow.site_code.in_(sites)).group_by(CaseRow.state)
    found = dict(iter(session.execute(by_state)))
    return wire.Counts(**{state.value: found.get(state.value, 0) for state in CaseState})


def _searched(asked: str) -> ColumnElement[bool]:
    ways = [
        CaseRow.patient_id.icontains(asked, autoescape=True),
        CaseRow.accession_number.icontains(asked, autoescape=True),
    ]
    if key := search_key(asked):
        ways.append(CaseRow.name_key.contains(key, autoescape=True))
    return or_(*ways)
