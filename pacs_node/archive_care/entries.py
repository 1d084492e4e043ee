"""Asking the index for instances in the order of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from pacs_node.archive_care.model import Damage, Digest, Entry, FileState, Wrong
from pacs_node.archive_care.tables import InstanceDigestRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which instances are meant; all, if nothing is said."""

    since: datetime | None = None
    """Received at this time or later."""
    study_uid: str | None = None


ALL = Selection()


def entries(session: Session, chosen: Selection, *, after: int, until: int, most: int) -> list[Entry]:
    """The next instances behind the row `after`, up to and with the row `until`."""
    statement = (
        _narrowed(select(InstanceRow, SeriesRow.series_uid, StudyRow.study_uid, StudyRow.site_code), chosen)
        .add_columns(InstanceDigestRow)
        .outerjoin(InstanceDigestRow, InstanceDigestRow.instance_row == InstanceRow.id)
        .where(InstanceRow.id > after, InstanceRow.id <= until)
        .order_by(InstanceRow.id)
        .limit(most)
    )
    return [_entry(*row) for row in session.execute(statement)]


def without_digest(session: Session, *, after: int, most: int) -> list[Entry]:
    """The next instances behind the row `after` whose file has never been read."""
    statement = (
        _narrowed(select(InstanceRow, SeriesRow.series_uid, StudyRow.study_uid, StudyRow.site_code), ALL)
        .outerjoin(InstanceDigestRow, InstanceDigestRow.instance_row == InstanceRow.id)
        .where(InstanceRow.id > after, InstanceDigestRow.instance_row.is_(None))
        .order_by(InstanceRow.id)
        .limit(most)
    )
    return [_entry(*row) for row in session.execute(statement)]


def last_row(session: Session) -> int:
    """Row id of the newest instance, 0 if there is none."""
    return session.scalar(select(func.max(InstanceRow.id))) or 0


def count(session: Session, chosen: Selection, *, after: int, until: int) -> int:
    """How many instances `entries` will give."""
    statement = _narrowed(select(func.count(InstanceRow.id)), chosen)
    return session.scalar(statement.where(InstanceRow.id > after, InstanceRow.id <= until)) or 0


def wrong(session: Session, chosen: Selection = ALL, *, most: int) -> list[Wrong]:
    """Instances whose file was damaged or missing when it was last read, by site and study."""
    columns = select(
        InstanceRow.sop_instance_uid,
        StudyRow.study_uid,
        StudyRow.site_code,
        InstanceRow.file,
        InstanceDigestRow.damage,
        InstanceDigestRow.checked_at,
    )
    statement = _wrong(columns, chosen).order_by(StudyRow.site_code, StudyRow.id, InstanceRow.id).limit(most)
    return [
        Wrong(
            sop_instance_uid=row.sop_instance_uid,
            study_uid=row.study_uid,
            site_code=row.site_code,
            file=row.file,
            damage=Damage(row.damage),
            found_at=row.checked_at,
        )
        for row in session.execute(statement)
    ]


def count_wrong(session: Session, chosen: Selection = ALL) -> dict[FileState, int]:
    """How many files were damaged and how many missing when they were last read."""
    statement = _wrong(select(InstanceDigestRow.state, func.count()), chosen).group_by(InstanceDigestRow.state)
    found = {FileState(state): number for state, number in session.execute(statement)}
    return {state: found.get(state, 0) for state in (FileState.DAMAGED, FileState.MISSING)}


def _wrong(statement: Any, chosen: Selection) -> Any:
    return (
        _narrowed(statement, chosen)
        .join(InstanceDigestRow, InstanceDigestRow.instance_row == InstanceRow.id)
        .where(InstanceDigestRow.state != FileState.OK.value, InstanceDigestRow.file == InstanceRow.file)
    )


def _narrowed(statement: Any, chosen: Selection) -> Any:
    statement = (
        statement.select_from(InstanceRow)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .join(StudyRow, StudyRow.id == SeriesRow.study_row)
    )
    if chosen.since is not None:
        statement = statement.where(InstanceRow.received_at >= chosen.since)
    if chosen.study_uid is not None:
        statement = statement.where(StudyRow.study_uid == chosen.study_uid)
    return statement


def _entry(
    row: InstanceRow, series_uid: str, study_uid: str, site_code: str, known: InstanceDigestRow | None = None
) -> Entry:
    return Entry(
        row=row.id,
        file=row.file,
        dataset_offset=row.dataset_offset,
        size=row.size,
        sop_instance_uid=row.sop_instance_uid,
        series_uid=series_uid,
        study_uid=study_uid,
        transfer_syntax_uid=row.transfer_syntax_uid,
        site_code=site_code,
        received_at=row.received_at,
        digest=_digest(row, known),
    )


def _digest(row: InstanceRow, known: InstanceDigestRow | None) -> Digest | None:
    if known is None or known.file != row.file or not known.sha256:
        return None
    return Digest(sha256=known.sha256, size=known.size)
