"""Writing the index for the common case: one more image of a series that is known, saying nothing new.

Such an image changes counts and times alone, whoever its patient is. Three short statements on the driver's
cursor do it; everything else is `index.IndexWriter`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from pacs_node.archive.index import NewInstance, instance_values
from pacs_node.archive.tables import InstanceRow, SeriesRow, StudyRow
from shared_kernel.audit.trail import AuditEntry, LeanTrail
from shared_kernel.database import Database
from shared_kernel.prepared import Prepared

_MOST_REMEMBERED = 4096


class Place(NamedTuple):
    """The rows of a series and its study."""

    study_row: int
    series_row: int


class NotAppended(Exception):
    """One of the instances is in the index already, or a row is gone; nothing of the batch was written."""


@dataclass(slots=True)
class _Gain:
    instances: int = 0
    of_patient: int = 0


class Appender:
    """Adds instances whose like was indexed before by this process. For one thread at a time."""

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
        self._trail = LeanTrail(dialect)
        self._places: dict[tuple[object, ...], Place] = {}

    def place_of(self, like: tuple[object, ...]) -> Place | None:
        """Where instances like this go, if one was indexed before; `like` stands for all that its header says."""
        return self._places.get(like)

    def learn(self, like: tuple[object, ...], place: Place) -> None:
        """An instance like this has been indexed, and committed."""
        if len(self._places) >= _MOST_REMEMBERED:
            self._places.clear()
        self._places[like] = place

    def forget(self) -> None:
        """Remember no place."""
        self._places.clear()

    def append(
        self, instances: Sequence[tuple[NewInstance, Place]], at: datetime, deeds: Sequence[AuditEntry] = ()
    ) -> None:
        """Index all of them in one transaction, with these lines in the audit trail.

        Raises NotAppended, and what the database raises.
        """
        series: dict[int, int] = {}
        studies: dict[int, _Gain] = {}
        rows: list[Mapping[str, Any]] = []
        for new, place in instances:
            rows.append(instance_values(new, place.series_row, at))
            series[place.series_row] = series.get(place.series_row, 0) + 1
            gain = studies.setdefault(place.study_row, _Gain())
            gain.instances += 1
            gain.of_patient += new.header.of_patient
        with self._database.write_lean() as cursor:
            if self._insert.run_many(cursor, rows) != len(rows):
                raise NotAppended
            touched = sum(self._count_series.run(cursor, {"row": row, "more": more}) for row, more in series.items())
            for row, gain in studies.items():
                statement = self._grow_study if gain.of_patient else self._count_study
                touched += statement.run(cursor, {"row": row, "more": gain.instances, "at": at})
            if touched != len(series) + len(studies):
                raise NotAppended
            if deeds:
                self._trail.record(cursor, deeds)
