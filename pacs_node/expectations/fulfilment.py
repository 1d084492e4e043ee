"""Which studies have become whole by what is said of them; what the completion worker asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, aliased

from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from pacs_node.expectations.service import MANIFEST, missing, of_study
from pacs_node.expectations.tables import ExpectationRow, ExpectedInstanceRow

_AT_ONCE = 100


def fulfilled_studies(session: Session) -> list[StudyRow]:
    """Studies with news to tell of which everything is here that some list names, and every manifest; some at once.

    Only studies that images have come of since they were last told of are looked at. Those that something is missing
    of are left out by the query itself, so that however many there are, they stand in nobody's way.
    """
    manifest = aliased(ExpectationRow)
    held_up = exists().where(_of_this_study(manifest), manifest.source == MANIFEST, _lacks(manifest))
    whole = (
        select(StudyRow)
        .join(ExpectationRow, _of_this_study(ExpectationRow))
        .where(
            StudyRow.unsettled_since.is_not(None),
            StudyRow.instance_count >= ExpectationRow.expected,
            ~_lacks(ExpectationRow),
            ~held_up,
        )
        .distinct()
        .order_by(StudyRow.id)
        .limit(_AT_ONCE)
    )
    return list(session.scalars(whole))


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


def _of_this_study(said: type[ExpectationRow]) -> ColumnElement[bool]:
    """That a list is one of the study of the query, and was never whole."""
    return and_(said.study_uid == StudyRow.study_uid, said.site_code == StudyRow.site_code, said.fulfilled_at.is_(None))


def _lacks(said: type[ExpectationRow]) -> ColumnElement[bool]:
    """That an instance of a list is not stored for the study of the query."""
    here = (
        select(InstanceRow.id)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .where(InstanceRow.sop_instance_uid == ExpectedInstanceRow.sop_instance_uid, SeriesRow.study_row == StudyRow.id)
        .correlate(ExpectedInstanceRow, StudyRow)
    )
    named = select(ExpectedInstanceRow.sop_instance_uid).where(
        ExpectedInstanceRow.site_code == said.site_code,
        ExpectedInstanceRow.study_uid == said.study_uid,
        ExpectedInstanceRow.source == said.source,
        ~here.exists(),
    )
    return named.correlate(said, StudyRow).exists()
