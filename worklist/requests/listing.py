"""The list of reading requests: the access rule, the filters and the order inside one query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import Time, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from shared_kernel.japanese.search_key import search_key
from shared_kernel.plain_text import cleaned
from worklist.requests import wire
from worklist.requests.model import RequestState
from worklist.requests.tables import ReadingRequestRow as Row
from worklist.requests.view import patient_of
from worklist.tables import CaseRow
from worklist.wire import Name, Patient

_ANY_TIME = time.max
# Databases differ about where nothing is sorted: said here.
_moment = func.coalesce(Row.scheduled_time, literal(_ANY_TIME, Time()))


def find(session: Session, sites: frozenset[str], query: wire.RequestQuery) -> tuple[Sequence[Row], int]:
    """One page of the requests of `sites` that match, and how many match in all.

    Open ones by their day and time, of a day those of any time last; the others behind them, newest first.
    """
    matching: list[ColumnElement[bool]] = [Row.site_code.in_(sites)]
    if query.state:
        matching.append(Row.state.in_([state.value for state in query.state]))
    if query.day is not None:
        matching.append(Row.scheduled_date == query.day)
    if asked := cleaned(query.q).strip():
        matching.append(_searched(asked))
    total = session.scalar(select(func.count()).select_from(Row).where(*matching)) or 0
    is_open = Row.state == RequestState.OPEN.value
    order = (
        case((is_open, 0), else_=1),
        case((is_open, Row.scheduled_date)),
        case((is_open, _moment)),
        Row.changed_at.desc(),
        Row.request_id,
    )
    page = select(Row).where(*matching).order_by(*order)
    return session.scalars(page.limit(query.limit).offset(query.offset)).all(), total


def counts(session: Session, sites: frozenset[str], today: date) -> wire.RequestCounts:
    """Requests in each state, of all of `sites`, whatever is being searched for."""
    of_sites = Row.site_code.in_(sites)
    found = dict(iter(session.execute(select(Row.state, func.count()).where(of_sites).group_by(Row.state))))
    todays = select(func.count()).select_from(Row)
    todays = todays.where(of_sites, Row.scheduled_date == today, Row.state != RequestState.CANCELLED.value)
    return wire.RequestCounts(
        today=session.scalar(todays) or 0, **{state.value: found.get(state.value, 0) for state in RequestState}
    )


def known_patient(session: Session, site_code: str, patient_id: str) -> Patient | None:
    """The patient as the site's last request, or else its newest images, name them."""
    asked = select(Row).filter_by(site_code=site_code, patient_id=patient_id)
    if (row := session.scalar(asked.order_by(Row.entered_at.desc()).limit(1))) is not None:
        return patient_of(row)
    seen = select(CaseRow).filter_by(site_code=site_code, patient_issuer=site_code, patient_id=patient_id)
    if (shot := session.scalar(seen.order_by(CaseRow.opened_at.desc()).limit(1))) is not None:
        name = Name(alphabetic=shot.name_alphabetic, ideographic=shot.name_ideographic, phonetic=shot.name_phonetic)
        return Patient(id=shot.patient_id, name=name, birth_date=shot.birth_date, sex=shot.sex)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Which open requests of a site are wanted; None and empty mean all."""

    site_code: str
    first_day: date | None = None
    last_day: date | None = None
    modality: str = ""
    patient_id: str = ""
    accession_number: str = ""
    study_uid: str = ""


def open_requests(session: Session, wanted: Open, *, after: Row | None, limit: int) -> Sequence[Row]:
    """Open requests by day, time (those of any time last) and id, from behind `after` on."""
    found = select(Row).where(Row.site_code == wanted.site_code, Row.state == RequestState.OPEN.value)
    if wanted.first_day is not None:
        found = found.where(Row.scheduled_date >= wanted.first_day)
    if wanted.last_day is not None:
        found = found.where(Row.scheduled_date <= wanted.last_day)
    exact = {
        Row.modality: wanted.modality,
        Row.patient_id: wanted.patient_id,
        Row.accession_number: wanted.accession_number,
        Row.study_uid: wanted.study_uid,
    }
    found = found.where(*(column == value for column, value in exact.items() if value))
    if after is not None:
        moment = after.scheduled_time or _ANY_TIME
        same_day = Row.scheduled_date == after.scheduled_date
        found = found.where(
            or_(
                Row.scheduled_date > after.scheduled_date,
                and_(same_day, _moment > moment),
                and_(same_day, _moment == moment, Row.request_id > after.request_id),
            )
        )
    return session.scalars(found.order_by(Row.scheduled_date, _moment, Row.request_id).limit(limit)).all()


def _searched(asked: str) -> ColumnElement[bool]:
    ways = [
        Row.patient_id.icontains(asked, autoescape=True),
        Row.accession_number.icontains(asked, autoescape=True),
    ]
    if key := search_key(asked):
        ways.append(Row.name_key.contains(key, autoescape=True))
    return or_(*ways)
