"""Versions of an instance: the same SOP Instance UID sent again with other content, where a peer's rules allow that.

The current version is the instance's row; the earlier ones are rows beside it, and their files stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pacs_node.archive.files import FileStore
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow, SeriesRow, StudyRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of an instance that another has replaced."""

    number: int
    """1 for the first."""
    path: Path
    dataset_offset: int
    """Where the data set begins in the file, in bytes."""
    size: int
    """Bytes of the whole file."""
    transfer_syntax_uid: str
    received_at: datetime
    received_from: str
    replaced_at: datetime
    replaced_by: str
    """Logins of the senders of this version and of the next one."""


def keep(session: Session, row: InstanceRow, *, at: datetime, replaced_by: str) -> int:
    """Keep what the row says as an earlier version, before the row is changed; returns the number of the next one."""
    last = session.scalar(select(func.max(InstanceVersionRow.number)).filter_by(instance_row=row.id)) or 0
    session.add(
        InstanceVersionRow(
            instance_row=row.id,
            number=last + 1,
            file=row.file,
            dataset_offset=row.dataset_offset,
            size=row.size,
            transfer_syntax_uid=row.transfer_syntax_uid,
            received_at=row.received_at,
            received_from=row.received_from,
            replaced_at=at,
            replaced_by=replaced_by,
        )
    )
    return last + 2


def versions(session: Session, files: FileStore, sop_instance_uid: str) -> list[Version]:
    """The earlier versions of an instance, oldest first."""
    rows = session.scalars(
        select(InstanceVersionRow)
        .join(InstanceRow, InstanceRow.id == InstanceVersionRow.instance_row)
        .where(InstanceRow.sop_instance_uid == sop_instance_uid)
        .order_by(InstanceVersionRow.number)
    )
    return [
        Version(
            number=row.number,
            path=files.path_of(row.file),
            dataset_offset=row.dataset_offset,
            size=row.size,
            transfer_syntax_uid=row.transfer_syntax_uid,
            received_at=row.received_at,
            received_from=row.received_from,
            replaced_at=row.replaced_at,
            replaced_by=row.replaced_by,
        )
        for row in rows
    ]


def replaced(session: Session, study_uid: str) -> list[tuple[str, datetime]]:
    """Each time that another version took the place of an image of the study: SOP Instance UID and moment, in order."""
    found = session.execute(
        select(InstanceRow.sop_instance_uid, InstanceVersionRow.replaced_at)
        .join(InstanceVersionRow, InstanceVersionRow.instance_row == InstanceRow.id)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .join(StudyRow, StudyRow.id == SeriesRow.study_row)
        .where(StudyRow.study_uid == study_uid)
        .order_by(InstanceVersionRow.id)
    )
    return [(uid, at) for uid, at in found]
