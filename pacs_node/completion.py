"""When a study is complete (PS3 has no "end of study").

All instances of a gateway's manifest or of a completed MPPS are here: at once. Else, when no image has come for the
quiet period of the peer that sent the last one; but a manifest of which something is missing keeps a study waiting.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, case, literal, or_, select
from sqlalchemy.orm import Session

from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from pacs_node.events import InstancesStored, StudyArrived, StudyGrew
from pacs_node.expectations.fulfilment import fulfilled_studies, incomplete_manifest, mark_fulfilled
from pacs_node.peers.tables import DicomPeerRow
from shared_kernel.clock import Clock
from shared_kernel.database import Database, UtcDateTime
from shared_kernel.events.outbox import publish
from shared_kernel.repeating import Repeating
from shared_kernel.settings import Settings

_AT_ONCE = 100
_SLOWEST_LOOK = 1.0


class CompletionWorker:
    """Tells StudyArrived once for each study, later StudyGrew, and meanwhile how many instances have come.

    All it needs to know is in the study rows.
    """

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._quiet = timedelta(seconds=settings.quiet_period)
        self._pause = max(0.05, min(_SLOWEST_LOOK, settings.quiet_period / 4))
        self._thread = Repeating("study-completion", self._turn, subject="completion", pause=self._pause)

    def start(self) -> None:
        """Look in the background until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """End after the look in hand."""
        self._thread.stop()

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread.alive

    def run_once(self) -> int:
        """Tell of all studies that are quiet now; returns how many."""
        told = 0
        while (now_told := self._tell_some()) > 0:
            told += now_told
        return told

    def count_once(self) -> int:
        """Tell how many instances have come of studies that are still being received; returns of how many studies."""
        growing = (
            select(StudyRow)
            .where(StudyRow.unsettled_since.is_not(None), StudyRow.instance_count > StudyRow.counted_instances)
            .limit(_AT_ONCE)
        )
        with self._database.read() as session:
            if session.scalar(growing.limit(1)) is None:
                return 0
        with self._database.write() as session:
            studies = session.scalars(growing).all()
            for study in studies:
                _count(session, study, self._clock.now())
        return len(studies)

    def _tell_some(self) -> int:
        now = self._clock.now()
        with self._database.read() as session:
            quiet = self._quiet_studies(session, now)
            seen = {row.id: row for row in session.execute(quiet.limit(_AT_ONCE))}
            if not seen and not fulfilled_studies(session):
                return 0
        with self._database.write() as session:
            found = fulfilled_studies(session)
            mark_fulfilled(session, found, now)
            session.flush()
            # Who sent what was looked up before anybody had to wait; here only whether it is still true.
            quiet_ones = select(StudyRow).where(StudyRow.id.in_(seen), _not_waited_for()).order_by(StudyRow.id)
            studies = [study for study in session.scalars(quiet_ones) if _as_seen(study, seen[study.id])]
            for study in {study.id: study for study in (*found, *studies)}.values():
                _tell(session, study, now)
        return len(studies) + len(found)

    def _quiet_studies(self, session: Session, now: datetime) -> Select[int, datetime | None, int]:
        """Studies of which nothing came for as long as the last one's sender needs, and no manifest says otherwise.

        Each as it is now: its row, since when it is unsettled, and how many instances it has.
        """
        peers = select(DicomPeerRow.ae_title, DicomPeerRow.quiet_period).where(DicomPeerRow.quiet_period.is_not(None))
        own = {f"ae:{title}": timedelta(seconds=quiet) for title, quiet in session.execute(peers) if quiet is not None}
        studies = (
            select(StudyRow.id, StudyRow.unsettled_since, StudyRow.instance_count)
            .where(
                StudyRow.unsettled_since.is_not(None),
                StudyRow.unsettled_since <= now - min((self._quiet, *own.values())),
                _not_waited_for(),
            )
            .order_by(StudyRow.unsettled_since)
        )
        if not own:
            return studies
        until = {login: literal(now - quiet, UtcDateTime()) for login, quiet in own.items()}
        last = case(until, value=_last_sender(), else_=literal(now - self._quiet, UtcDateTime()))
        return studies.where(StudyRow.unsettled_since <= last)

    def _turn(self) -> float:
        # Where the database is locked or full the study stays unsettled and is told of later.
        self.count_once()
        self.run_once()
        return self._pause


def _not_waited_for() -> ColumnElement[bool]:
    """That no manifest keeps the study of the query waiting."""
    return or_(StudyRow.arrived_at.is_not(None), ~incomplete_manifest())


def _as_seen(study: StudyRow, seen: Row[int, datetime | None, int]) -> bool:
    """Whether nothing has come since it was found quiet, and nobody else has told of it."""
    return (study.id, study.unsettled_since, study.instance_count) == tuple(seen)


def _last_sender() -> ScalarSelect[str]:
    """Login of who sent what came last of the study of the query: a new version counts as much as a new instance."""
    return (
        select(InstanceRow.received_from)
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .where(SeriesRow.study_row == StudyRow.id)
        .order_by(InstanceRow.received_at.desc(), InstanceRow.id.desc())
        .limit(1)
        .correlate(StudyRow)
        .scalar_subquery()
    )


def _count(session: Session, study: StudyRow, now: datetime) -> None:
    event = InstancesStored(
        study_uid=study.study_uid,
        site_code=study.site_code,
        added=study.instance_count - study.counted_instances,
        total=study.instance_count,
    )
    study.counted_instances = study.instance_count
    publish(session, event, at=now, actor="system")


def _tell(session: Session, study: StudyRow, now: datetime) -> None:
    event: StudyArrived | StudyGrew
    if study.arrived_at is None:
        study.arrived_at = now
        event = StudyArrived(study_uid=study.study_uid, site_code=study.site_code, instances=study.instance_count)
    else:
        event = StudyGrew(
            study_uid=study.study_uid,
            site_code=study.site_code,
            instances=study.instance_count,
            added=study.instance_count - study.told_instances,
        )
    study.told_instances = study.counted_instances = study.instance_count
    study.unsettled_since = None
    publish(session, event, at=now, actor="system")
