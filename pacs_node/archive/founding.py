"""The first image of a series, where nothing has to be decided: its study is new, or it says of it what is known.

Its patient is new, or known as exactly this. Whatever asks a question, fills a gap or contradicts is
`index.IndexWriter`'s; what is written here is what that would have written, in a tenth of the time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Dialect, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from pacs_node.archive.identity import said_by
from pacs_node.archive.index import NewInstance, with_modality
from pacs_node.archive.rows import new_patient_values, new_series_values, new_study_values, said_of_study
from pacs_node.archive.tables import PatientRow, SeriesRow, StudyRow
from pacs_node.header.scan import Header
from pacs_node.model import PersonName
from pacs_node.patients.arrival import identity_of
from pacs_node.patients.model import Demographics
from shared_kernel.prepared import Prepared


class Place(NamedTuple):
    """The rows of a series and its study."""

    study_row: int
    series_row: int


class Founded(NamedTuple):
    """Where an instance goes, and whether its study is there since now."""

    place: Place
    new_study: bool


class Conflict(Exception):
    """What was about to be written is there already; the transaction must be given up."""


class Founder:
    """Finds or makes the rows above an instance, with the driver's cursor of a writing transaction."""

    def __init__(self, dialect: Dialect) -> None:
        tables: Any = [row.__table__ for row in (PatientRow, StudyRow, SeriesRow)]
        patient, study, series = tables
        insert = (sqlite if dialect.name == "sqlite" else postgresql).insert

        def adding(table: Any) -> Prepared:
            columns = [column.name for column in table.columns if column.name not in _LEFT_OUT]
            return Prepared(insert(table).on_conflict_do_nothing().returning(table.c.id), dialect, columns)

        self._add_patient, self._add_study, self._add_series = adding(patient), adding(study), adding(series)
        self._study = Prepared(
            select(
                study.c.id, study.c.site_code, study.c.identity_conflict, study.c.text_suspect, study.c.modalities,
                study.c.patient_id, study.c.name_alphabetic, study.c.name_ideographic, study.c.name_phonetic,
                study.c.birth_date, study.c.sex, *[study.c[name] for name in _DESCRIBING],
            ).where(study.c.study_uid == bindparam("study_uid")),
            dialect,
        )  # fmt: skip
        self._series = Prepared(
            select(series.c.id).where(
                series.c.study_row == bindparam("study_row"), series.c.series_uid == bindparam("series_uid")
            ),
            dialect,
        )
        self._patients = Prepared(
            select(
                patient.c.id, patient.c.identity, patient.c.merged_into, patient.c.patient_id,
                patient.c.name_alphabetic, patient.c.name_ideographic, patient.c.name_phonetic,
                patient.c.birth_date, patient.c.sex,
            ).where(patient.c.issuer == bindparam("issuer"), patient.c.patient_id == bindparam("patient_id")),
            dialect,
        )  # fmt: skip
        self._is_used = Prepared(select(study.c.id).where(study.c.patient_row == bindparam("row")).limit(1), dialect)
        self._one_more_series = Prepared(
            update(study)
            .where(study.c.id == bindparam("row"))
            .values(series_count=study.c.series_count + 1, modalities=bindparam("now")),
            dialect,
        )

    def found(self, cursor: Any, new: NewInstance, at: datetime) -> Founded | None:
        """The rows for this instance, made where there are none; None where it is not for here: nothing was written.

        Raises Conflict, and what the database raises.
        """
        header = new.header
        self._study.run(cursor, {"study_uid": header.study_uid})
        known = cursor.fetchone()
        if known is None:
            return self._new_study(cursor, new, at)
        if not _says_the_same(known, new):
            return None
        study_row, modalities = known[0], known[4]
        self._series.run(cursor, {"study_row": study_row, "series_uid": header.series_uid})
        series = cursor.fetchone()
        if series is not None:
            return Founded(Place(study_row, series[0]), new_study=False)
        place = Place(study_row, self._new_series(cursor, study_row, header))
        self._one_more_series.run(cursor, {"row": study_row, "now": with_modality(modalities, header.modality)})
        return Founded(place, new_study=False)

    def _new_study(self, cursor: Any, new: NewInstance, at: datetime) -> Founded | None:
        header = new.header
        if not header.patient_id or header.patient_site:
            return None
        patient = self._patient(cursor, new, at)
        if patient is None:
            return None
        values = new_study_values(new.site_code, header, at) | {
            "patient_row": patient,
            "series_count": 1,
            "modalities": with_modality("", header.modality),
        }
        study = _added(cursor, self._add_study, values)
        return Founded(Place(study, self._new_series(cursor, study, header)), new_study=True)

    def _patient(self, cursor: Any, new: NewInstance, at: datetime) -> int | None:
        """The patient of a new study; None where that is a question."""
        said, identity = said_by(new.header), identity_of(new.header.patient_id)
        self._patients.run(cursor, {"issuer": new.site_code, "patient_id": said.patient_id})
        named = cursor.fetchall()
        if not named:
            return _added(cursor, self._add_patient, new_patient_values(new.site_code, identity, said, at))
        if len(named) > 1:
            return None
        row, known_identity, merged_into, *known = named[0]
        if known_identity != identity or merged_into is not None or _demographics(known) != said:
            return None
        self._is_used.run(cursor, {"row": row})
        return int(row) if cursor.fetchone() else None

    def _new_series(self, cursor: Any, study_row: int, header: Header) -> int:
        return _added(cursor, self._add_series, {**new_series_values(header), "study_row": study_row})


_LEFT_OUT = {"id", "merged_into", "person"}
"""What the database fills, and what a new patient has nothing of."""
_DESCRIBING = (
    "study_date", "study_time", "accession_number", "study_id", "study_description", "body_part",
    "issuer_of_patient_id", "referring_physician",
)  # fmt: skip


def _says_the_same(known: Any, new: NewInstance) -> bool:
    """Whether the index would learn nothing about the study, nor about whose it is."""
    header = new.header
    _row, site_code, conflict, suspect, _modalities, *rest = known
    if site_code != new.site_code or conflict or (header.text_suspect and not suspect):
        return False
    person, describing = rest[:6], rest[6:]
    said = said_of_study(header)
    return _demographics(person) == said_by(header) and all(
        not said[name] or said[name] == value for name, value in zip(_DESCRIBING, describing, strict=True)
    )


def _demographics(columns: Any) -> Demographics:
    patient_id, alphabetic, ideographic, phonetic, birth_date, sex = columns
    name = PersonName(alphabetic=alphabetic, ideographic=ideographic, phonetic=phonetic)
    return Demographics(patient_id=patient_id, name=name, birth_date=birth_date, sex=sex)


def _added(cursor: Any, statement: Prepared, values: dict[str, Any]) -> int:
    statement.run(cursor, values)
    row = cursor.fetchone()
    if row is None:
        raise Conflict
    return int(row[0])
