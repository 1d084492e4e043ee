"""Writing the index for the common case: images that ask no question and change nothing but counts and times.

Those of a series of which this process has had an image that said the same take three short statements on
the driver's cursor, the first of a series some more (`founding`). Everything else is `index.IndexWriter`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from pacs_node.archive.founding import Conflict, Founded, Founder, Place
from pacs_node.archive.index import NewInstance, instance_values
from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from pacs_node.events import InstancesStored
from pacs_node.patients.revision import LeanIdentityRevision
from shared_kernel.audit.trail import AuditEntry, LeanTrail
from shared_kernel.database import Database
from shared_kernel.events.outbox import LeanOutbox
from shared_kernel.prepared import Prepared

_MOST_REMEMBERED = 4096


Like = tuple[object, ...]
"""All that a header says but what is the instance's own, and by whose rules it was read."""


class NotAppended(Exception):
    """One of the instances is in the index already, or a row is gone; nothing of the batch was written."""


@dataclass(slots=True)
class _Gain:
    site_code: str
    study_uid: str
    actor: str
    instances: int = 0
    of_patient: int = 0
    opened: bool = False


class Appender:
    """Adds instances of whose study and patient nothing new is to be learnt. For one thread at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        dialect = database.engine.dialect
        tables: Any = [row.__table__ for row in (InstanceRow, SeriesRow, StudyRow)]
        instance, series, study = tables
        adding: Any = (sqlite if dialect.name == "sqlite" else postgresql).insert(instance)
        columns = [column.name for column in instance.columns if column.name != "id"]
        self._insert = Prepared(adding.on_conflict_do_nothing(), dialect, columns)
        self._count_series = Prepared(
            update(series)
            .where(series.c.id == bindparam("row"))
            .values(instance_count=series.c.instance_count + bindparam("more")),
            dialect,
        )
        counts = {
            "instance_count": study.c.instance_count + bindparam("more"),
            "last_received_at": bindparam("at", type_=study.c.last_received_at.type),
        }
        grown = update(study).where(study.c.id == bindparam("row"))
        self._count_study = Prepared(grown.values(counts), dialect)
        self._grow_study = Prepared(
            grown.values({**counts, "unsettled_since": bindparam("at", type_=study.c.unsettled_since.type)}), dialect
        )
        self._told = Prepared(
            update(study).where(study.c.id == bindparam("row")).values(counted_instances=study.c.instance_count),
            dialect,
        )
        self._trail = LeanTrail(dialect)
        self._outbox = LeanOutbox(dialect)
        self._founder = Founder(dialect)
        self._revision = LeanIdentityRevision(dialect)
        self._places: dict[Like, Place] = {}
        self._rests_on = 0
        """The revision of what is decided about patients that the places rest on."""

    def forget(self) -> None:
        """Remember no place."""
        self._places.clear()

    def append(
        self,
        instances: Sequence[tuple[NewInstance, Like | None]],
        at: datetime,
        deeds_of: Callable[[Sequence[int]], Sequence[AuditEntry]],
        *,
        lasting: bool = True,
    ) -> list[int]:
        """Index in one transaction those that can be, with an event for each study that is new; returns which.

        `deeds_of` says what the audit trail is to say of these, `lasting` is that of `Database.write_lean`. Raises
        NotAppended, and what the database raises.
        """
        places: dict[Like, Place] = {}
        gains: dict[int, _Gain] = {}
        series: dict[int, int] = {}
        rows: list[Mapping[str, Any]] = []
        done: list[int] = []
        with self._database.write_lean(lasting=lasting) as cursor:
            if (revision := self._revision.read(cursor)) != self._rests_on:
                self._places.clear()
                self._rests_on = revision
            for number, (new, like) in enumerate(instances):
                place = (self._places.get(like) or places.get(like)) if like else None
                opened = False
                if place is None:
                    founded = self._found(cursor, new, at)
                    if founded is None:
                        continue
                    place, opened = founded
                    if like:
                        places[like] = place
                gain = gains.get(place.study_row)
                if gain is None:
                    gain = gains[place.study_row] = _Gain(new.site_code, new.header.study_uid, new.received_from)
                gain.instances += 1
                gain.of_patient += new.header.of_patient
                gain.opened |= opened
                series[place.series_row] = series.get(place.series_row, 0) + 1
                rows.append(instance_values(new, place.series_row, at))
                done.append(number)
            if not done:
                return done
            if self._insert.run_many(cursor, rows) != len(rows):
                raise NotAppended
            self._count(cursor, series, gains, at)
            told = self._tell(cursor, gains, at)
            if deeds := deeds_of(done):
                self._trail.record(cursor, deeds)
        if told:
            self._database.published.set()
        if len(self._places) + len(places) > _MOST_REMEMBERED:
            self._places.clear()
        self._places.update(places)
        return done

    def _found(self, cursor: Any, new: NewInstance, at: datetime) -> Founded | None:
        try:
            return self._founder.found(cursor, new, at)
        except Conflict:
            raise NotAppended from None

    def _count(self, cursor: Any, series: Mapping[int, int], gains: Mapping[int, _Gain], at: datetime) -> None:
        touched = sum(self._count_series.run(cursor, {"row": row, "more": more}) for row, more in series.items())
        for row, gain in gains.items():
            statement = self._grow_study if gain.of_patient else self._count_study
            touched += statement.run(cursor, {"row": row, "more": gain.instances, "at": at})
        if touched != len(series) + len(gains):
            raise NotAppended

    def _tell(self, cursor: Any, gains: Mapping[int, _Gain], at: datetime) -> bool:
        """Of studies that are new; of what follows, CompletionWorker tells. Returns whether there was one."""
        told = False
        for row, gain in gains.items():
            if gain.opened and gain.of_patient:
                self._told.run(cursor, {"row": row})
                event = InstancesStored(
                    study_uid=gain.study_uid, site_code=gain.site_code, added=gain.instances, total=gain.instances
                )
                self._outbox.publish(cursor, event, at=at, actor=gain.actor)
                told = True
        return told
