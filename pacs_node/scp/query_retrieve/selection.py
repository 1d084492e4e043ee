"""Which instances a C-MOVE or C-GET names (PS3.4 sections C.4.2.1.4 and C.4.3.1.3), among those that may be seen.

A PatientID alone is no patient: each site gives its own. Several patients of one id are never sent together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from access_control.gate import AccessGate
from access_control.model import Action, Actor, Resource
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.paging import FindLevel
from pacs_node.archive.tables import InstanceRow, PatientRow, SeriesRow, StudyRow
from pacs_node.header.scan import uid
from pacs_node.model import InstanceRecord
from pacs_node.scp.query_retrieve.errors import NoMatchOfModel, SeveralPatients
from pacs_node.scp.query_retrieve.extended import Extended
from pacs_node.scp.query_retrieve.identifier import Identifier
from pacs_node.scp.query_retrieve.models import InformationModel
from pacs_node.scp.query_retrieve.question import level_of, require_single
from shared_kernel.database import Database

_MOST_UIDS = 5000
_AT_ONCE = 500
_FEW_PATIENTS = 50
_ISSUER = "IssuerOfPatientID"
_COLUMNS = {
    "PatientID": StudyRow.patient_id,
    _ISSUER: PatientRow.issuer,
    "StudyInstanceUID": StudyRow.study_uid,
    "SeriesInstanceUID": SeriesRow.series_uid,
    "SOPInstanceUID": InstanceRow.sop_instance_uid,
}


@dataclass(frozen=True, slots=True)
class Selection:
    """What was named: Study Instance UID and site of each study, and the SOP Instance UIDs, in order."""

    studies: Sequence[tuple[str, str]]
    instances: Sequence[str]


def named(identifier: Identifier, model: InformationModel, extended: Extended) -> Mapping[str, list[str]]:
    """The unique keys with their values, and IssuerOfPatientID where it goes with a PatientID.

    Raises NoMatchOfModel for a unique key that is missing or malformed.
    """
    level = level_of(identifier, model)
    found: dict[str, list[str]] = {}
    for keyword in model.keys_above(level):
        value = identifier.keys.get(keyword, "")
        if value or not extended.relational:
            require_single(keyword, value)
            found[keyword] = [value]
    keyword = model.unique_key(level)
    value = identifier.keys.get(keyword, "")
    if level is FindLevel.PATIENT:
        require_single(keyword, value)
    values = [part.strip(" \0") for part in re.split(r"\\", value)]
    if level is not FindLevel.PATIENT and (len(values) > _MOST_UIDS or any(uid(part) is None for part in values)):
        raise NoMatchOfModel(f"{keyword} must have 1 to {_MOST_UIDS} UIDs here.")
    found[keyword] = values
    if "PatientID" in found and (issuer := identifier.keys.get(_ISSUER, "").strip()):
        require_single(_ISSUER, issuer)
        found[_ISSUER] = [issuer]
    return found


def select_instances(database: Database, keys: Mapping[str, list[str]], sites: frozenset[str]) -> Selection:
    """What the keys name, of the studies of `sites`; ordered by study, series number and instance number.

    Raises SeveralPatients where only a PatientID, with or without its issuer, says whose they are, and more than one
    patient has it.
    """
    if not set(keys) - {"PatientID", _ISSUER}:
        _require_one_patient(database, keys, sites)
    longest = max(keys, key=lambda keyword: len(keys[keyword]))
    studies: dict[tuple[str, str], None] = {}
    instances: dict[str, None] = {}
    for start in range(0, len(keys[longest]), _AT_ONCE):
        part = {**keys, longest: keys[longest][start : start + _AT_ONCE]}
        statement = (
            select(StudyRow.study_uid, StudyRow.site_code, InstanceRow.sop_instance_uid)
            .join(PatientRow, PatientRow.id == StudyRow.patient_row)
            .join(SeriesRow, SeriesRow.study_row == StudyRow.id)
            .join(InstanceRow, InstanceRow.series_row == SeriesRow.id)
            .where(*(_COLUMNS[keyword].in_(values) for keyword, values in part.items()))
            .where(StudyRow.site_code.concat("").in_(sorted(sites)))
            .order_by(StudyRow.id, SeriesRow.series_number, SeriesRow.id, InstanceRow.instance_number, InstanceRow.id)
        )
        with database.read() as session:
            for study_uid, site_code, sop_instance_uid in session.execute(statement):
                studies[study_uid, site_code] = None
                instances[sop_instance_uid] = None
    return Selection(list(studies), list(instances))


def _require_one_patient(database: Database, keys: Mapping[str, list[str]], sites: frozenset[str]) -> None:
    found = (
        select(PatientRow.issuer, func.coalesce(PatientRow.person, PatientRow.id))
        .join(StudyRow, StudyRow.patient_row == PatientRow.id)
        .where(*(_COLUMNS[keyword].in_(values) for keyword, values in keys.items()))
        .where(StudyRow.site_code.concat("").in_(sorted(sites)))
        .distinct()
        .limit(_FEW_PATIENTS)
    )
    with database.read() as session:
        patients = session.execute(found).all()
    if len({issuer for issuer, _ in patients}) > 1:
        raise SeveralPatients("Patients of several sites have this id: add IssuerOfPatientID.")
    if len(patients) > 1:
        raise SeveralPatients("Several patients have this id: name StudyInstanceUID.")


def admit(gate: AccessGate, actor: Actor, studies: Sequence[tuple[str, str]]) -> None:
    """Let an actor see studies, each with its line in the trail. Raises NotFound, Forbidden."""
    for study_uid, site_code in studies:
        resource = Resource(label=f"study/{study_uid}", site_code=site_code, study_uid=study_uid)
        gate.require(actor, Action.STUDY_VIEW, resource)


def records_of(catalogue: Catalogue, selection: Selection) -> Iterator[list[InstanceRecord]]:
    """The instances of a selection, some hundred at a time; one that has gone meanwhile is left out."""
    for start in range(0, len(selection.instances), _AT_ONCE):
        yield catalogue.records(selection.instances[start : start + _AT_ONCE])
