"""The list of cases: the access rule, the filters and the order inside one query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased
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


def prior_counts(session: Session, case_ids: Sequence[str]) -> Mapping[str, int]:
    """How many earlier studies of the same patient there are, for each case that has any.

    Every study has a case, so the cases themselves tell; the same site gave out the patient's id, so
    whoever sees the one case may know of the others.
    """
    this, other = aliased(CaseRow), aliased(CaseRow)
    earlier = or_(
        other.study_date < this.study_date,
        and_(other.study_date == this.study_date, other.study_time < this.study_time),
    )
    same_patient = and_(
        other.patient_id == this.patient_id, other.patient_issuer == this.patient_issuer, this.patient_id != ""
    )
    counted = (
        select(this.case_id, func.count())
        .join(other, and_(same_patient, earlier))
        .where(this.case_id.in_(case_ids))
        .group_by(this.case_id)
    )
    return dict(iter(session.execute(counted)))


def _searched(asked: str) -> ColumnElement[bool]:
    ways = [
        CaseRow.patient_id.icontains(asked, autoescape=True),
        CaseRow.accession_number.icontains(asked, autoescape=True),
    ]
    if key := search_key(asked):
        ways.append(CaseRow.name_key.contains(key, autoescape=True))
    return or_(*ways)
