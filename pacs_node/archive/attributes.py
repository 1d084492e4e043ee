"""Which attributes can be asked for and which come back, at each level (PS3.4 C.6.1.1, PS3.18 section 10.6)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import func, literal_column, select

from pacs_node.archive.matching import (
    Column,
    Criterion,
    Looking,
    Matcher,
    all_of,
    dates,
    integers,
    names,
    none,
    text,
    times,
    uids,
)
from pacs_node.archive.parts import choices, part_of
from pacs_node.archive.tables import InstanceRow, PatientRow, SeriesRow, StudyRow
from pacs_node.header.person_name import person_name
from pacs_node.model import PersonName


class Level(StrEnum):
    """QueryRetrieveLevel (0008,0052); patients are asked for through their studies."""

    STUDY = "STUDY"
    SERIES = "SERIES"
    INSTANCE = "IMAGE"


class Attribute(NamedTuple):
    """One attribute: the columns that its value comes from, how that is made of them, and how a key matches.

    `match` is None for an attribute that is returned but not matched (the counts).
    """

    columns: tuple[Column, ...]
    value: Callable[..., Any]
    match: Matcher | None
    is_at_hand: bool = True
    """Whether it is part of every answer of its level; else it is looked for when somebody wants it."""
    compared: tuple[Column, ...] = ()
    """What a key is compared with, where that is not what is returned."""

    @property
    def without_value(self) -> Criterion:
        """What has no value (PS3.4 section C.2.2.2.7)."""
        return all_of([none(column) for column in self.compared or self.columns])


def plain(value: Any) -> Any:
    """A column whose value is the attribute's."""
    return value


def _time(value: str) -> str:
    """Without a fraction that is nothing."""
    return value.removesuffix(".000000")


def _listed(value: str) -> list[str]:
    return [part for part in value.split("\\") if part]


def _requests(value: str) -> list[Mapping[str, str]]:
    keywords = ("ScheduledProcedureStepID", "RequestedProcedureID")
    return [dict(zip(keywords, pair, strict=True)) for pair in json.loads(value)] if value else []


def _name(alphabetic: str, ideographic: str, phonetic: str) -> PersonName:
    return PersonName(alphabetic=alphabetic, ideographic=ideographic, phonetic=phonetic)


def _of(column: Column, match: Callable[[Column], Matcher]) -> Attribute:
    return Attribute((column,), plain, match(column))


def _requested(column: Column) -> Attribute:
    """Matched only: it is answered within its sequence."""
    return Attribute((), plain, part_of(column), is_at_hand=False, compared=(column,))


def _counted(column: Column) -> Attribute:
    return Attribute((column,), plain, None)


_ISSUER: Any = (
    select(PatientRow.issuer).where(PatientRow.id == StudyRow.patient_row).correlate(StudyRow).scalar_subquery()
)

_OF_STUDY: Any = (
    select(InstanceRow.sop_class_uid)
    .join(SeriesRow, SeriesRow.id == InstanceRow.series_row)
    .where(SeriesRow.study_row == StudyRow.id)
    .correlate(StudyRow)
)
_classes = _OF_STUDY.distinct().subquery()
_aggregated: Any = func.aggregate_strings
_SOP_CLASSES: Any = select(_aggregated(_classes.c.sop_class_uid, literal_column("','"))).scalar_subquery()


def _sop_classes(looking: Looking, keyword: str, value: str) -> Criterion:
    """A list of UIDs, of which one instance of the study must have one."""
    one = uids(InstanceRow.sop_class_uid)(looking, keyword, value)
    return Criterion(
        ("some instance", one.form), one.values, lambda *values: _OF_STUDY.where(one.build(*values)).exists()
    )


def _classes_listed(value: str | None) -> list[str]:
    return sorted(value.split(",")) if value else []


STUDY: Mapping[str, Attribute] = {
    "StudyInstanceUID": _of(StudyRow.study_uid, uids),
    "StudyDate": _of(StudyRow.study_date, dates),
    "StudyTime": Attribute((StudyRow.study_time,), _time, times(StudyRow.study_time)),
    "AccessionNumber": _of(StudyRow.accession_number, text),
    "StudyID": _of(StudyRow.study_id, text),
    "StudyDescription": _of(StudyRow.study_description, text),
    "ModalitiesInStudy": Attribute((StudyRow.modalities,), _listed, choices(StudyRow.modalities)),
    "ReferringPhysicianName": Attribute(
        (StudyRow.referring_physician,),
        person_name,
        names(StudyRow.referring_physician_match, StudyRow.referring_physician_key),
    ),
    "PatientName": Attribute(
        (StudyRow.name_alphabetic, StudyRow.name_ideographic, StudyRow.name_phonetic),
        _name,
        names(
            StudyRow.patient_name_match,
            StudyRow.patient_name_key,
            (StudyRow.name_ideographic, StudyRow.name_phonetic),
            (StudyRow.key_ideographic, StudyRow.key_phonetic),
        ),
    ),
    "PatientID": _of(StudyRow.patient_id, text),
    "PatientBirthDate": _of(StudyRow.birth_date, dates),
    "PatientSex": _of(StudyRow.sex, text),
    "IssuerOfPatientID": _of(_ISSUER, text),
    # Every instance of a study is read for it.
    "SOPClassesInStudy": Attribute((_SOP_CLASSES,), _classes_listed, _sop_classes, is_at_hand=False),
    "NumberOfStudyRelatedSeries": _counted(StudyRow.series_count),
    "NumberOfStudyRelatedInstances": _counted(StudyRow.instance_count),
}

SERIES: Mapping[str, Attribute] = {
    "SeriesInstanceUID": _of(SeriesRow.series_uid, uids),
    "Modality": _of(SeriesRow.modality, text),
    "SeriesNumber": _of(SeriesRow.series_number, integers),
    "SeriesDate": _of(SeriesRow.series_date, dates),
    "SeriesTime": Attribute((SeriesRow.series_time,), _time, times(SeriesRow.series_time)),
    "SeriesDescription": _of(SeriesRow.series_description, text),
    "BodyPartExamined": _of(SeriesRow.body_part, text),
    "NumberOfSeriesRelatedInstances": _counted(SeriesRow.instance_count),
}

INSTANCE: Mapping[str, Attribute] = {
    "SOPInstanceUID": _of(InstanceRow.sop_instance_uid, uids),
    "SOPClassUID": _of(InstanceRow.sop_class_uid, uids),
    "InstanceNumber": _of(InstanceRow.instance_number, integers),
    "NumberOfFrames": _counted(InstanceRow.number_of_frames),
    "Rows": _counted(InstanceRow.rows),
    "Columns": _counted(InstanceRow.columns),
    "AvailableTransferSyntaxUID": _of(InstanceRow.transfer_syntax_uid, uids),
}

REQUESTS = "RequestAttributesSequence"
_MORE_OF_SERIES: Mapping[str, Attribute] = {
    "PerformedProcedureStepStartDate": _of(SeriesRow.step_date, dates),
    "PerformedProcedureStepStartTime": Attribute((SeriesRow.step_time,), _time, times(SeriesRow.step_time)),
    REQUESTS: Attribute((SeriesRow.requests,), _requests, None),
    "InstitutionName": _of(SeriesRow.institution_name, text)._replace(is_at_hand=False),
    "StationName": _of(SeriesRow.station_name, text)._replace(is_at_hand=False),
    "ProtocolName": _of(SeriesRow.protocol_name, text)._replace(is_at_hand=False),
    "Laterality": _of(SeriesRow.laterality, text)._replace(is_at_hand=False),
    f"{REQUESTS}.ScheduledProcedureStepID": _requested(SeriesRow.requested_steps),
    f"{REQUESTS}.RequestedProcedureID": _requested(SeriesRow.requested_procedures),
}
"""What QIDO-RS answers of a series beside what C-FIND does."""
SERIES_OF_WEB: Mapping[str, Attribute] = {**SERIES, **_MORE_OF_SERIES}

AT_LEVEL: Mapping[Level, Mapping[str, Attribute]] = {
    Level.STUDY: STUDY,
    Level.SERIES: {**STUDY, **SERIES_OF_WEB},
    Level.INSTANCE: {**STUDY, **SERIES_OF_WEB, **INSTANCE},
}
