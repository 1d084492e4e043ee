"""Writing the index: rows for instances that are durable already, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from pacs_node.archive.identity import complete, contradicts, said_by
from pacs_node.archive.rows import compared_names, new_series_values, new_study_values, said_of_study
from pacs_node.archive.tables import InstanceRow, InstanceVersionRow, SeriesRow, StudyRow
from pacs_node.archive.versions import keep
from pacs_node.header.scan import Header
from pacs_node.patients.arrival import contradicted, place

_MODALITIES_WIDTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInstance:
    """An instance to be indexed, and where its file is."""

    site_code: str
    header: Header
    transfer_syntax_uid: str
    file: str
    """Path below the archive folder."""
    dataset_offset: int
    size: int
    received_from: str = ""
    """Login of the sender."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the data set of an instance is that the index knows already."""

    site_code: str
    study_uid: str
    series_uid: str
    file: str
    dataset_offset: int


class IndexWriter:
    """Adds instances to the index within one transaction; rows read once are remembered for its length.

    The session must be a writing one: the write lock makes "look, then insert" safe, so two
    associations with the first images of one patient make one patient.
    """

    def __init__(self, session: Session, at: datetime) -> None:
        self._session = session
        self._at = at
        self._studies: dict[str, StudyRow | None] = {}
        self._series: dict[tuple[str, str], SeriesRow] = {}
        self._instances: list[tuple[NewInstance, SeriesRow]] = []
        self.added: dict[str, int] = {}
        """Instances added so far that are of a patient, by Study Instance UID: those that others are told of."""
        self.opened: set[str] = set()
        """Study Instance UIDs of the studies that are new."""

    def owner(self, study_uid: str) -> str | None:
        """Code of the site that a study belongs to; None for a new one."""
        study = self._study(study_uid)
        return study.site_code if study else None

    def counted(self, study_uid: str) -> int:
        """Instances of a study that others are told of now; InstancesStored says the same number."""
        study = self._study(study_uid)
        if study is None:
            return 0
        study.counted_instances = study.instance_count
        return study.instance_count

    def add(self, new: NewInstance) -> None:
        """Index an instance that `find` does not know and whose study is the site's own, or new."""
        known = self._study(new.header.study_uid)
        study = known or self._new_study(new)
        if known is not None:
            self._learn(study, new.header)
        if new.header.text_suspect and not study.text_suspect:
            study.text_suspect = True
        series = self._series_of(study, new.header)
        series.instance_count += 1
        study.instance_count += 1
        study.last_received_at = self._at
        self._instances.append((new, series))
        if new.header.of_patient:
            study.unsettled_since = self._at
            self.added[study.study_uid] = self.added.get(study.study_uid, 0) + 1

    def _learn(self, study: StudyRow, header: Header) -> None:
        """Let the study learn from another instance, unless that names somebody else."""
        differs = contradicts(study, header)
        if differs and contradicted(self._session, study, header, self._at):
            return
        if not differs:
            if header.patient_id and not study.patient_id:
                study.patient_id = header.patient_id
                place(self._session, study, said_by(header), self._at)
            complete(study, header)
        describe_study(study, header, first=study.instance_count == 0)

    def replace(self, new: NewInstance, there: Found) -> int | None:
        """Make another version of an instance the current one, of the same study and series; returns its number.

        None when `there` is no longer the current version, and nothing was done.
        """
        row = self._session.scalar(select(InstanceRow).filter_by(sop_instance_uid=new.header.sop_instance_uid))
        study = self._study(new.header.study_uid)
        if row is None or study is None or row.file != there.file:
            return None
        number = keep(self._session, row, at=self._at, replaced_by=new.received_from)
        for column, value in instance_values(new, row.series_row, self._at).items():
            setattr(row, column, value)
        differs = contradicts(study, new.header)
        if not (differs and contradicted(self._session, study, new.header, self._at)):
            if not differs:
                complete(study, new.header)
            describe_study(study, new.header, first=study.instance_count == 0)
        if new.header.text_suspect:
            study.text_suspect = True
        study.last_received_at = self._at
        return number

    def finish(self) -> None:
        """Send everything to the database; errors of the database come from here."""
        self._session.flush()
        if self._instances:
            rows = [instance_values(new, series.id, self._at) for new, series in self._instances]
            self._session.execute(insert(InstanceRow), rows)

    def _study(self, study_uid: str) -> StudyRow | None:
        if study_uid not in self._studies:
            self._studies[study_uid] = self._session.scalar(select(StudyRow).filter_by(study_uid=study_uid))
        return self._studies[study_uid]

    def _new_study(self, new: NewInstance) -> StudyRow:
        header = new.header
        study = StudyRow(**new_study_values(new.site_code, header, self._at))
        place(self._session, study, said_by(header), self._at)
        self._session.add(study)
        self._studies[header.study_uid] = study
        self.opened.add(header.study_uid)
        return study

    def _series_of(self, study: StudyRow, header: Header) -> SeriesRow:
        key = (study.study_uid, header.series_uid)
        series = self._series.get(key)
        if series is None and study.study_uid not in self.opened:
            series = self._session.scalar(select(SeriesRow).filter_by(study_row=study.id, series_uid=header.series_uid))
        if series is None:
            series = SeriesRow(study=study, **new_series_values(header))
            self._session.add(series)
            study.series_count += 1
            study.modalities = with_modality(study.modalities, header.modality)
        self._series[key] = series
        return series


def find(session: Session, sop_instance_uids: Sequence[str]) -> dict[str, Found]:
    """Those of the instances that the index knows, by SOP Instance UID."""
    rows = session.execute(
        select(
            InstanceRow.sop_instance_uid,
            StudyRow.site_code,
            StudyRow.study_uid,
            SeriesRow.series_uid,
            InstanceRow.file,
            InstanceRow.dataset_offset,
        )
        .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
        .join(StudyRow, StudyRow.id == SeriesRow.study_row)
        .where(InstanceRow.sop_instance_uid.in_(sop_instance_uids))
    )
    return {row[0]: Found(*row[1:]) for row in rows}


def describe_study(study: StudyRow, header: Header, *, first: bool) -> None:
    """Let the study say what this instance says, where that says anything.

    An object without a StudyDescription (a presentation state) does not take the images' away. An instance whose
    like came before is not asked again (`appending`): of two kinds that contradict each other, the one that came
    later for the first time stays. Whose study it is, is no matter of that; see `identity`.
    """
    values = said_of_study(header) | compared_names(header)
    for column, value in values.items():
        if first or (value and value != getattr(study, column)):
            setattr(study, column, value)


def with_modality(modalities: str, modality: str) -> str:
    """ModalitiesInStudy with one more, as its column keeps them."""
    known = {known for known in modalities.split("\\") if known}
    if not modality or modality in known:
        return modalities
    together = "\\" + "\\".join(sorted(known | {modality})) + "\\"
    return together if len(together) <= _MODALITIES_WIDTH else modalities


def instance_values(new: NewInstance, series_row: int, at: datetime) -> dict[str, Any]:
    """The columns of an instance's row."""
    header = new.header
    return {
        "series_row": series_row,
        "sop_instance_uid": header.sop_instance_uid,
        "sop_class_uid": header.sop_class_uid,
        "transfer_syntax_uid": new.transfer_syntax_uid,
        "file": new.file,
        "dataset_offset": new.dataset_offset,
        "size": new.size,
        "instance_number": header.instance_number,
        "number_of_frames": header.number_of_frames,
        "rows": header.rows,
        "columns": header.columns,
        "received_at": at,
        "received_from": new.received_from,
    }


def names_file(session: Session, file: str) -> bool:
    """Whether a row of the index names this file of the archive."""
    return any(
        session.scalar(select(row.id).filter_by(file=file)) is not None for row in (InstanceRow, InstanceVersionRow)
    )


def owner_of(session: Session, study_uid: str) -> str | None:
    """Code of the site that a study belongs to; None if the index does not know it."""
    return session.scalar(select(StudyRow.site_code).filter_by(study_uid=study_uid))
