"""Reading the index: what the other rooms ask of a study they know by its UID."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from pacs_node.archive import versions
from pacs_node.archive.files import FileStore
from pacs_node.archive.index import owner_of
from pacs_node.archive.tables import InstanceRow, PatientRow, SeriesRow, StudyRow
from pacs_node.header.person_name import person_name, shown
from pacs_node.header.values import as_date, as_time
from pacs_node.model import InstanceRecord, Patient, PersonName, StudySummary
from shared_kernel.database import Database
from shared_kernel.prepared import Prepared

_MOST_UIDS = 500


class Catalogue:
    """Studies and instances by UID. It asks no access rule: callers pass the gate first, with `site_of`.

    Every method takes a `session` to read within a transaction of the caller's; without one it
    opens its own.
    """

    def __init__(self, database: Database, file_store: FileStore) -> None:
        self._database = database
        self._files = file_store
        uids = [StudyRow.study_uid, SeriesRow.series_uid, InstanceRow.sop_instance_uid]
        self._current = Prepared(
            _from_instances(select(StudyRow.site_code, InstanceRow.file)).where(
                *(column == bindparam(f"asked_{column.key}") for column in uids)
            ),
            database.engine.dialect,
        )
        one = _instances().where(*(column == bindparam(f"asked_{column.key}") for column in uids))
        self._one = Prepared(one, database.engine.dialect)
        self._columns = tuple(column.key for column in one.selected_columns)
        of_dialect: Any = InstanceRow.received_at.type.dialect_impl(database.engine.dialect)
        self._moment = of_dialect.result_processor(database.engine.dialect, None)

    def study(self, study_uid: str, *, session: Session | None = None) -> StudySummary | None:
        """The study, or None."""
        return self.studies([study_uid], session=session).get(study_uid)

    def studies(self, study_uids: Iterable[str], *, session: Session | None = None) -> dict[str, StudySummary]:
        """Those of the studies that are here, by Study Instance UID."""
        if session is None:
            with self._database.read() as own:
                return self.studies(study_uids, session=own)
        wanted = list(dict.fromkeys(study_uids))
        found: dict[str, StudySummary] = {}
        for start in range(0, len(wanted), _MOST_UIDS):
            part = wanted[start : start + _MOST_UIDS]
            statement = select(StudyRow, PatientRow.issuer).join(PatientRow, PatientRow.id == StudyRow.patient_row)
            for row, issuer in session.execute(statement.where(StudyRow.study_uid.in_(part))):
                found[row.study_uid] = _summary(row, issuer)
        return {study_uid: found[study_uid] for study_uid in wanted if study_uid in found}

    def instances(
        self,
        study_uid: str,
        series_uid: str | None = None,
        sop_instance_uid: str | None = None,
        *,
        session: Session | None = None,
    ) -> list[InstanceRecord]:
        """Instances of a study, a series or one alone, ordered by series number, then instance number."""
        if session is None:
            with self._database.read() as own:
                return self.instances(study_uid, series_uid, sop_instance_uid, session=own)
        statement = (
            _instances()
            .where(StudyRow.study_uid == study_uid)
            .order_by(SeriesRow.series_number, SeriesRow.id, InstanceRow.instance_number, InstanceRow.id)
        )
        if series_uid is not None:
            statement = statement.where(SeriesRow.series_uid == series_uid)
        if sop_instance_uid is not None:
            statement = statement.where(InstanceRow.sop_instance_uid == sop_instance_uid)
        return [self._record(row) for row in session.execute(statement)]

    def records(self, sop_instance_uids: Iterable[str], *, session: Session | None = None) -> list[InstanceRecord]:
        """Those of the instances that are here, in the order given."""
        if session is None:
            with self._database.read() as own:
                return self.records(sop_instance_uids, session=own)
        wanted = list(dict.fromkeys(sop_instance_uids))
        found: dict[str, InstanceRecord] = {}
        for start in range(0, len(wanted), _MOST_UIDS):
            part = wanted[start : start + _MOST_UIDS]
            for row in session.execute(_instances().where(InstanceRow.sop_instance_uid.in_(part))):
                found[row.sop_instance_uid] = self._record(row)
        return [found[each] for each in wanted if each in found]

    def priors(self, study_uid: str, *, session: Session | None = None) -> list[StudySummary]:
        """Earlier studies of the same person, newest first; none while it is in question who the patient is.

        A person is a patient (issuer and PatientID) and whoever is merged with them; the studies may be of
        several sites. Earlier is by StudyDate and StudyTime, of the same moment by receipt; a study without a
        date counts against others without one, and never as a prior of a dated one.
        """
        if session is None:
            with self._database.read() as own:
                return self.priors(study_uid, session=own)
        of_person = _of_one_person(session, [study_uid]).get(study_uid, [])
        uids = [other.study_uid for other in of_person if _is_prior(other, of_person, study_uid)]
        return list(self.studies(uids, session=session).values())

    def prior_counts(
        self, study_uids: Iterable[str], sites: Collection[str], *, session: Session | None = None
    ) -> dict[str, int]:
        """How many priors each study has that are of `sites`; the same that `priors` gives."""
        if session is None:
            with self._database.read() as own:
                return self.prior_counts(study_uids, sites, session=own)
        return {
            study_uid: sum(other.site_code in sites and _is_prior(other, of_person, study_uid) for other in of_person)
            for study_uid, of_person in _of_one_person(session, list(study_uids)).items()
        }

    def replaced(self, study_uid: str, *, session: Session | None = None) -> list[tuple[str, datetime]]:
        """Each time that another version took the place of an image of the study; see `versions.replaced`."""
        if session is None:
            with self._database.read() as own:
                return versions.replaced(own, study_uid)
        return versions.replaced(session, study_uid)

    def site_of(self, study_uid: str, *, session: Session | None = None) -> str | None:
        """Code of the site whose study it is; None for a study that is not here."""
        if session is None:
            with self._database.read() as own:
                return self.site_of(study_uid, session=own)
        return owner_of(session, study_uid)

    def instance(self, study_uid: str, series_uid: str, sop_instance_uid: str) -> InstanceRecord | None:
        """One instance, by some microseconds' work where the database is a file; None when it is not here."""
        asked = {
            "asked_study_uid": study_uid,
            "asked_series_uid": series_uid,
            "asked_sop_instance_uid": sop_instance_uid,
        }
        found = self._database.watch.ask(self._one, asked)
        if found is None:
            return next(iter(self.instances(study_uid, series_uid, sop_instance_uid)), None)
        for row in found:
            values = dict(zip(self._columns, row, strict=True))
            if self._moment is not None:
                values["received_at"] = self._moment(values["received_at"])
            return InstanceRecord(path=self._files.path_of(values.pop("file")), **values)
        return None

    def is_current(self, record: InstanceRecord) -> bool:
        """Whether the index says today what `record` says: the same file, of the same site.

        Asked in some microseconds and without waiting; also False when it can't be asked so.
        """
        found = self._database.watch.ask(
            self._current,
            {
                "asked_study_uid": record.study_uid,
                "asked_series_uid": record.series_uid,
                "asked_sop_instance_uid": record.sop_instance_uid,
            },
        )
        return found == [(record.site_code, self._files.name_of(record.path))]

    def _record(self, row: Any) -> InstanceRecord:
        values = row._asdict()
        return InstanceRecord(path=self._files.path_of(values.pop("file")), **values)


class _Moment(NamedTuple):
    """A study's place in the order of a person's studies."""

    study_date: str
    study_time: str
    row: int
    study_uid: str
    site_code: str


def _instances() -> Any:
    """A select of an InstanceRecord's columns, by its names: for hundreds at once the ORM's objects cost too much."""
    return _from_instances(
        select(
            StudyRow.study_uid,
            SeriesRow.series_uid,
            InstanceRow.sop_instance_uid,
            InstanceRow.sop_class_uid,
            InstanceRow.transfer_syntax_uid,
            StudyRow.site_code,
            InstanceRow.file,
            InstanceRow.dataset_offset,
            InstanceRow.size,
            InstanceRow.instance_number,
            InstanceRow.number_of_frames,
            InstanceRow.rows,
            InstanceRow.columns,
            InstanceRow.received_at,
        )
    )


def _from_instances(statement: Any) -> Any:
    return statement.join(SeriesRow, SeriesRow.id == InstanceRow.series_row).join(
        StudyRow, StudyRow.id == SeriesRow.study_row
    )


def _of_one_person(session: Session, study_uids: Sequence[str]) -> dict[str, list[_Moment]]:
    """All studies of the person whose each study is, newest first; nothing for a study whose patient is in question."""
    person = func.coalesce(PatientRow.person, PatientRow.id)
    people: dict[int, list[str]] = {}
    for start in range(0, len(study_uids), _MOST_UIDS):
        certain = (
            select(StudyRow.study_uid, person)
            .join(PatientRow, PatientRow.id == StudyRow.patient_row)
            .where(
                StudyRow.study_uid.in_(study_uids[start : start + _MOST_UIDS]),
                StudyRow.identity_conflict.is_(False),
                StudyRow.patient_id != "",
            )
        )
        for study_uid, number in session.execute(certain):
            people.setdefault(number, []).append(study_uid)
    found: dict[str, list[_Moment]] = {}
    numbers = list(people)
    for start in range(0, len(numbers), _MOST_UIDS):
        part = numbers[start : start + _MOST_UIDS]
        studies: dict[int, list[_Moment]] = {}
        of_them = (
            select(
                person,
                StudyRow.study_date,
                StudyRow.study_time,
                StudyRow.id,
                StudyRow.study_uid,
                StudyRow.site_code,
            )
            .join(PatientRow, PatientRow.id == StudyRow.patient_row)
            .where(
                or_(PatientRow.id.in_(part), PatientRow.person.in_(part)),
                StudyRow.identity_conflict.is_(False),
            )
            .order_by(StudyRow.study_date.desc(), StudyRow.study_time.desc(), StudyRow.id.desc())
        )
        for row in session.execute(of_them):
            studies.setdefault(row[0], []).append(_Moment(*row[1:]))
        found |= {study_uid: studies[number] for number in part for study_uid in people[number]}
    return found


def _is_prior(other: _Moment, of_person: Sequence[_Moment], study_uid: str) -> bool:
    study = next(each for each in of_person if each.study_uid == study_uid)
    return other[:3] < study[:3] and bool(other.study_date) == bool(study.study_date)


def _summary(row: StudyRow, issuer: str) -> StudySummary:
    name = PersonName(alphabetic=row.name_alphabetic, ideographic=row.name_ideographic, phonetic=row.name_phonetic)
    referring = shown(person_name(row.referring_physician))
    return StudySummary(
        study_uid=row.study_uid,
        site_code=row.site_code,
        patient=Patient(
            issuer=issuer,
            patient_id=row.patient_id,
            name=shown(name),
            birth_date=as_date(row.birth_date),
            sex=row.sex if row.sex in {"M", "F", "O"} else "",
        ),
        study_date=as_date(row.study_date),
        study_time=as_time(row.study_time),
        accession_number=row.accession_number,
        study_description=row.study_description,
        referring_physician=referring.ideographic or referring.alphabetic or referring.phonetic,
        body_part=row.body_part,
        modalities=tuple(modality for modality in row.modalities.split("\\") if modality),
        series_count=row.series_count,
        instance_count=row.instance_count,
        first_received_at=row.first_received_at,
        last_received_at=row.last_received_at,
        arrived_at=row.arrived_at,
        identity_conflict=row.identity_conflict,
        issuer_of_patient_id=row.issuer_of_patient_id,
        text_suspect=row.text_suspect,
    )
