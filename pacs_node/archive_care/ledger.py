"""Writing down what reading the files has shown, and telling of what is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from pacs_node.archive.tables import InstanceRow, InstanceVersionRow
from pacs_node.archive_care.model import Damage, FileState, Verdict
from pacs_node.archive_care.tables import InstanceDigestRow
from pacs_node.events import InstanceDamaged
from shared_kernel.clock import Clock
from shared_kernel.events.outbox import publish

log = structlog.get_logger(__name__)


def write_down(session: Session, verdicts: Sequence[Verdict], clock: Clock) -> int:
    """Keep the verdicts within the session's transaction; returns how many are of files with something wrong.

    A file that the index names no longer is left alone. A digest is never replaced by that of a damaged file: it
    stays what was received, so that a file that is restored is seen to be well again.
    """
    files = [verdict.entry.file for verdict in verdicts]
    named: set[str] = set()
    for row in (InstanceRow, InstanceVersionRow):
        named.update(session.scalars(select(row.file).where(row.file.in_(files))))
    known = {
        row.file: row for row in session.scalars(select(InstanceDigestRow).filter(InstanceDigestRow.file.in_(files)))
    }
    wrong = 0
    for verdict in verdicts:
        if verdict.entry.file in named:
            wrong += verdict.state is not FileState.OK
            known[verdict.entry.file] = _keep(session, verdict, known.get(verdict.entry.file), clock)
    return wrong


def _keep(session: Session, verdict: Verdict, known: InstanceDigestRow | None, clock: Clock) -> InstanceDigestRow:
    now, entry = clock.now(), verdict.entry
    if known is None:
        known = InstanceDigestRow(file=entry.file, instance_row=entry.row, sha256="", size=0)
        known.state, known.damage, known.digested_at = FileState.OK.value, Damage.NONE.value, None
        session.add(known)
    before = known.state, known.damage
    if not known.sha256 and verdict.digest is not None and verdict.state is FileState.OK:
        known.sha256, known.size, known.digested_at = verdict.digest.sha256, verdict.digest.size, now
    known.state, known.damage, known.checked_at = verdict.state.value, verdict.damage.value, now
    if (known.state, known.damage) != before:
        _tell(session, verdict, clock)
    return known


def _tell(session: Session, verdict: Verdict, clock: Clock) -> None:
    entry = verdict.entry
    named = {
        "sop_instance_uid": entry.sop_instance_uid,
        "study_uid": entry.study_uid,
        "site": entry.site_code,
        "file": entry.file,
    }
    if verdict.state is FileState.OK:
        log.warning("archive.instance_mended", **named)
        return
    log.error("archive.instance_damaged", **named, damage=verdict.damage.value)
    event = InstanceDamaged(
        study_uid=entry.study_uid,
        series_uid=entry.series_uid,
        sop_instance_uid=entry.sop_instance_uid,
        site_code=entry.site_code,
        damage=verdict.damage.value,
    )
    publish(session, event, at=clock.now(), actor="system")
