"""Asking the index for instances in the order of their rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pacs_node.archive.tables import InstanceRow, InstanceVersionRow, SeriesRow, StudyRow
from pacs_node.archive_care.model import Damage, Digest, Entry, FileState, Wrong
from pacs_node.archive_care.tables import InstanceDigestRow

_Row = InstanceRow | InstanceVersionRow
_VERSION_ROW = InstanceVersionRow.id.label("version_row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which instances are meant; all, if nothing is said."""

    since: datetime | None = None
    """Received at this time or later."""
    study_uid: str | None = None


ALL = Selection()


def entries(session: Session, chosen: Selection, *, after: int, until: int, most: int) -> list[Entry]:
    """The next instances behind the row `after`, up to and with the row `until`, with their current files."""
    statement = (
        _narrowed(_columns(InstanceRow), InstanceRow, chosen)
        .outerjoin(InstanceDigestRow, InstanceDigestRow.file == InstanceRow.file)
        .where(InstanceRow.id > after, InstanceRow.id <= until)
        .order_by(InstanceRow.id)
        .limit(most)
    )
    return [_entry(row) for row in session.execute(statement)]


def earlier_entries(session: Session, chosen: Selection, *, after: int, until: int, most: int) -> list[Entry]:
    """The same of earlier versions: those behind the version's row `after`."""
    statement = (
        _narrowed(_columns(InstanceVersionRow), InstanceVersionRow, chosen)
        .outerjoin(InstanceDigestRow, InstanceDigestRow.file == InstanceVersionRow.file)
        .where(InstanceVersionRow.id > after, InstanceVersionRow.id <= until)
        .order_by(InstanceVersionRow.id)
        .limit(most)
    )
    return [_entry(row, version_row=row.version_row) for row in session.execute(statement)]


def without_digest(session: Session, *, after: int, most: int) -> list[Entry]:
    """The next instances behind the row `after` whose file has never been read."""
    statement = (
        _narrowed(_columns(InstanceRow), InstanceRow, ALL)
        .outerjoin(InstanceDigestRow, InstanceDigestRow.file == InstanceRow.file)
        .where(InstanceRow.id > after, InstanceDigestRow.file.is_(None))
        .order_by(InstanceRow.id)
        .limit(most)
    )
    return [_entry(row) for row in session.execute(statement)]


def replaced_without_digest(session: Session, *, after: int, most: int) -> list[tuple[int, Entry]]:
    """Files that were never read of instances of which an earlier version is behind the version's row `after`.

    That row comes first. Both the version's own file and the instance's current one may have been passed over in the
    order of the instances' rows: one was replaced before its turn, the other came after it.
    """
    found: dict[str, tuple[int, Entry]] = {}
    rows: tuple[type[_Row], ...] = (InstanceVersionRow, InstanceRow)
    for row in rows:
        statement = _narrowed(_columns(row), row, ALL)
        if row is InstanceRow:
            statement = statement.add_columns(_VERSION_ROW)
            statement = statement.join(InstanceVersionRow, InstanceVersionRow.instance_row == InstanceRow.id)
        statement = (
            statement.outerjoin(InstanceDigestRow, InstanceDigestRow.file == row.file)
            .where(InstanceVersionRow.id > after, InstanceDigestRow.file.is_(None))
            .order_by(InstanceVersionRow.id)
            .limit(most)
        )
        for each in session.execute(statement):
            entry = _entry(each, version_row=each.version_row if row is InstanceVersionRow else None)
            found.setdefault(each.file, (each.version_row, entry))
    return sorted(found.values(), key=lambda each: each[0])[:most]


def last_rows(session: Session) -> tuple[int, int]:
    """Row ids of the newest instance and of the newest earlier version, 0 if there is none."""
    instance, version = (session.scalar(select(func.max(row.id))) for row in (InstanceRow, InstanceVersionRow))
    return instance or 0, version or 0


def count(session: Session, chosen: Selection, *, after: tuple[int, int], until: tuple[int, int]) -> int:
    """How many `entries` and `earlier_entries` will give."""
    counts = 0
    rows: tuple[type[_Row], ...] = (InstanceRow, InstanceVersionRow)
    for row, first, last in zip(rows, after, until, strict=True):
        statement = _narrowed(select(func.count(row.id)), row, chosen).where(row.id > first, row.id <= last)
        counts += session.scalar(statement) or 0
    return counts


def wrong(session: Session, chosen: Selection = ALL, *, most: int) -> list[Wrong]:
    """Instances of which a file was damaged or missing when it was last read, by site and study."""
    found: list[Wrong] = []
    for row in (InstanceRow, InstanceVersionRow):
        columns = select(
            InstanceRow.sop_instance_uid,
            StudyRow.study_uid,
            StudyRow.site_code,
            row.file,
            InstanceDigestRow.damage,
            InstanceDigestRow.checked_at,
        )
        statement = _wrong(columns, row, chosen).order_by(StudyRow.site_code, StudyRow.id, row.id).limit(most)
        found += [
            Wrong(
                sop_instance_uid=each.sop_instance_uid,
                study_uid=each.study_uid,
                site_code=each.site_code,
                file=each.file,
                damage=Damage(each.damage),
                found_at=each.checked_at,
            )
            for each in session.execute(statement)
        ]
    return found[:most]


def count_wrong(session: Session, chosen: Selection = ALL) -> dict[FileState, int]:
    """How many files were damaged and how many missing when they were last read."""
    counts = {FileState.DAMAGED: 0, FileState.MISSING: 0}
    for row in (InstanceRow, InstanceVersionRow):
        statement = _wrong(select(InstanceDigestRow.state, func.count()), row, chosen)
        for state, number in session.execute(statement.group_by(InstanceDigestRow.state)):
            counts[FileState(state)] += number
    return counts


def _columns(row: type[_Row]) -> Any:
    """What an entry needs; of an earlier version, what its row says goes before what the instance's does."""
    version = [_VERSION_ROW] if row is InstanceVersionRow else []
    return select(
        InstanceRow.id,
        row.file,
        row.dataset_offset,
        row.size,
        row.transfer_syntax_uid,
        row.received_at,
        InstanceRow.sop_instance_uid,
        SeriesRow.series_uid,
        StudyRow.study_uid,
        StudyRow.site_code,
        InstanceDigestRow.sha256,
        InstanceDigestRow.size.label("digest_size"),
        *version,
    )


def _wrong(statement: Any, row: type[_Row], chosen: Selection) -> Any:
    return (
        _narrowed(statement, row, chosen)
        .join(InstanceDigestRow, InstanceDigestRow.file == row.file)
        .where(InstanceDigestRow.state != FileState.OK.value)
    )


def _narrowed(statement: Any, row: type[_Row], chosen: Selection) -> Any:
    statement = statement.select_from(InstanceRow)
    if row is InstanceVersionRow:
        statement = statement.join(InstanceVersionRow, InstanceVersionRow.instance_row == InstanceRow.id)
    statement = statement.join(SeriesRow, SeriesRow.id == InstanceRow.series_row).join(
        StudyRow, StudyRow.id == SeriesRow.study_row
    )
    if chosen.since is not None:
        statement = statement.where(row.received_at >= chosen.since)
    if chosen.study_uid is not None:
        statement = statement.where(StudyRow.study_uid == chosen.study_uid)
    return statement


def _entry(row: Any, version_row: int | None = None) -> Entry:
    return Entry(
        row=row.id,
        version_row=version_row,
        file=row.file,
        dataset_offset=row.dataset_offset,
        size=row.size,
        sop_instance_uid=row.sop_instance_uid,
        series_uid=row.series_uid,
        study_uid=row.study_uid,
        transfer_syntax_uid=row.transfer_syntax_uid,
        site_code=row.site_code,
        received_at=row.received_at,
        digest=Digest(sha256=row.sha256, size=row.digest_size) if row.sha256 else None,
    )
