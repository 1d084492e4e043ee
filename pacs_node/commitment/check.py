"""Whether an instance is safely kept: in the index for this site, its file whole, its digest not found wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from pacs_node.archive.files import FileStore
from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from pacs_node.archive_care.model import FileState
from pacs_node.archive_care.tables import InstanceDigestRow
from pacs_node.commitment.model import CLASS_CONFLICT, CONFIRMED, NO_SUCH_INSTANCE, PROCESSING_FAILURE, Reference

_AT_ONCE = 500


def checked(session: Session, files: FileStore, references: Sequence[Reference], site_code: str) -> list[Reference]:
    """The references with what was found. Another site's instance is as if it were not there."""
    return [
        found
        for start in range(0, len(references), _AT_ONCE)
        for found in _some(session, files, references[start : start + _AT_ONCE], site_code)
    ]


def _some(session: Session, files: FileStore, references: Sequence[Reference], site_code: str) -> Iterator[Reference]:
    statement = (
        select(InstanceRow, StudyRow.study_uid, InstanceDigestRow)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .join(StudyRow, StudyRow.id == SeriesRow.study_row)
        .outerjoin(InstanceDigestRow, InstanceDigestRow.file == InstanceRow.file)
        .where(
            InstanceRow.sop_instance_uid.in_([reference.sop_instance_uid for reference in references]),
            StudyRow.site_code == site_code,
        )
    )
    there = {row.sop_instance_uid: (row, study, digest) for row, study, digest in session.execute(statement)}
    for reference in references:
        uid, sop_class = reference.sop_instance_uid, reference.sop_class_uid
        if uid not in there:
            yield Reference(sop_class, uid, NO_SUCH_INSTANCE)
            continue
        row, study_uid, digest = there[uid]
        if row.sop_class_uid != sop_class:
            reason = CLASS_CONFLICT
        elif _whole(files, row) and not _known_wrong(row, digest):
            reason = CONFIRMED
        else:
            reason = PROCESSING_FAILURE
        yield Reference(sop_class, uid, reason, study_uid)


def _whole(files: FileStore, row: InstanceRow) -> bool:
    try:
        return files.path_of(row.file).stat().st_size == row.size
    except OSError:
        return False


def _known_wrong(row: InstanceRow, digest: InstanceDigestRow | None) -> bool:
    """Whether the file was read and found to be other than what was received."""
    return digest is not None and digest.file == row.file and digest.state != FileState.OK
