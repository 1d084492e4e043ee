"""Which studies have become whole by what is said of them; what the completion worker asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from pacs_node.archive.tables import StudyRow
from pacs_node.expectations.service import MANIFEST, missing, of_study
from pacs_node.expectations.tables import ExpectationRow

_AT_ONCE = 100


def fulfilled_studies(session: Session) -> list[StudyRow]:
    """Studies with news to tell of which everything is here that some list names, and every manifest.

    Only studies that images have come of since they were last told of are looked at.
    """
    open_ones = (
        select(StudyRow)
        .join(
            ExpectationRow,
            and_(ExpectationRow.study_uid == StudyRow.study_uid, ExpectationRow.site_code == StudyRow.site_code),
        )
        .where(
            ExpectationRow.fulfilled_at.is_(None),
            StudyRow.unsettled_since.is_not(None),
            StudyRow.instance_count >= ExpectationRow.expected,
        )
        .distinct()
        .limit(_AT_ONCE)
    )
    return [study for study in session.scalars(open_ones) if _is_whole(session, study)]


def mark_fulfilled(session: Session, studies: Sequence[StudyRow], at: datetime) -> None:
    """Note of each list of these studies that is whole that it was, for the first time."""
    for study in studies:
        for expectation in of_study(session, study.study_uid, study.site_code):
            if expectation.fulfilled_at is None and not missing(session, expectation, limit=1):
                expectation.fulfilled_at = at


def incomplete_manifest() -> ColumnElement[bool]:
    """That the study of the query has a manifest of which something is missing."""
    return exists().where(
        ExpectationRow.study_uid == StudyRow.study_uid,
        ExpectationRow.site_code == StudyRow.site_code,
        ExpectationRow.source == MANIFEST,
        ExpectationRow.fulfilled_at.is_(None),
    )


def _is_whole(session: Session, study: StudyRow) -> bool:
    lists = of_study(session, study.study_uid, study.site_code)
    whole = {each.source: not missing(session, each, limit=1) for each in lists if each.fulfilled_at is None}
    return any(whole.values()) and whole.get(MANIFEST, True)
