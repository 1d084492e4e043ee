"""Images that another version has replaced while somebody was reading, or after the report: noted and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from worklist.model import CaseState, CaseStep
from worklist.ports import CaseReport
from worklist.tables import CaseReplacementRow, CaseRow, CaseStepRow

_TAKEN = frozenset({CaseState.READING, CaseState.READ})


def note(session: Session, case_id: str, sop_instance_uid: str, version: int, *, at: datetime) -> None:
    """Another version of an image came; told twice, it is noted once."""
    named = {"case_id": case_id, "sop_instance_uid": sop_instance_uid, "version": version}
    if session.scalar(select(CaseReplacementRow.number).filter_by(**named)) is None:
        session.add(CaseReplacementRow(**named, at=at))


Replaced = tuple[str, str, datetime]
"""Case id, SOP Instance UID, and when another version took the image's place."""


def counts(
    session: Session, rows: Sequence[CaseRow], reports: Mapping[str, CaseReport], also: Sequence[Replaced] = ()
) -> dict[str, int]:
    """How many images of each case were replaced since its reading or report began; by case id, without those of none.

    A signature ends nothing: nobody can know whether what came just before it was still seen. `also` is what the
    archive knows already and no event has told yet.
    """
    marks = select(CaseReplacementRow.case_id, CaseReplacementRow.sop_instance_uid, CaseReplacementRow.at)
    noted = session.execute(marks.where(CaseReplacementRow.case_id.in_([row.case_id for row in rows])))
    found: list[Replaced] = [*((case_id, uid, at) for case_id, uid, at in noted), *also]
    with_some = {case_id for case_id, _, _ in found}
    touched = [row for row in rows if row.case_id in with_some]
    claimed = _claimed(session, [row.case_id for row in touched if row.state in _TAKEN])
    counted: dict[str, int] = {}
    for row in touched:
        since = _since(row, claimed.get(row.case_id), reports.get(row.case_id))
        if since is None:
            continue
        later = {uid for case_id, uid, at in found if case_id == row.case_id and at > since}
        if later:
            counted[row.case_id] = len(later)
    return counted


def _since(row: CaseRow, claimed: datetime | None, report: CaseReport | None) -> datetime | None:
    """From when on a replacement is news to who reads or wrote; None where nobody has looked yet."""
    # A draft may be older than the claim: somebody gave the case back, and takes it up again.
    known = (claimed, report.begun_at if report else None, row.read_at)
    moments = [moment for moment in known if moment is not None]
    return min(moments, default=None)


def _claimed(session: Session, case_ids: Sequence[str]) -> dict[str, datetime]:
    """When each of these cases was claimed last."""
    if not case_ids:
        return {}
    last = (
        select(CaseStepRow.case_id, func.max(CaseStepRow.number).label("number"))
        .where(CaseStepRow.case_id.in_(case_ids), CaseStepRow.step == CaseStep.CLAIM.value)
        .group_by(CaseStepRow.case_id)
        .subquery()
    )
    found = select(CaseStepRow.case_id, CaseStepRow.at).join(last, last.c.number == CaseStepRow.number)
    return dict(iter(session.execute(found)))
