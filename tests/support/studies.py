"""Studies written straight into the index, for tests of searching: thousands in a second, without a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from pacs_node.archive.rows import compared_patient_name, name_columns
from pacs_node.archive.tables import InstanceRow, PatientRow, SeriesRow, StudyRow
from pacs_node.header.person_name import encoded, key_form, match_form
from pacs_node.model import PersonName

_NOW = datetime(2026, 4, 1, tzinfo=UTC)
_TEXTS = ("study_id", "study_description", "body_part", "accession_number", "patient_id", "birth_date", "sex")


def insert_studies(session: Session, studies: Sequence[Mapping[str, Any]]) -> list[int]:
    """Write studies of one series with one instance each; returns their row numbers.

    Each says by column names what is its own; `name` and `referring` are PersonNames, `series` and `instance` hold
    columns of those rows.
    """
    begin = (session.scalar(select(func.max(PatientRow.id))) or 0) + 1
    rows = list(range(begin, begin + len(studies)))
    patients, made, series, instances = [], [], [], []
    for row, study in zip(rows, studies, strict=True):
        said = {"site_code": "CLINIC", "modalities": "\\CT\\", "study_date": "20260401", "study_time": "", **study}
        said = {**dict.fromkeys(_TEXTS, ""), **said}
        name, referring = said.pop("name", PersonName()), said.pop("referring", PersonName())
        of_series, of_instance = said.pop("series", {}), said.pop("instance", {})
        said.setdefault("study_uid", f"1.{row}")
        person = {**name_columns(name), "birth_date": said["birth_date"], "sex": said["sex"]}
        patients.append(
            {
                "id": row,
                "issuer": said["site_code"],
                "identity": f"id:{row}",
                "patient_id": said["patient_id"],
                "first_received_at": _NOW,
                **person,
            }
        )
        made.append(
            {
                **said,
                **person,
                **compared_patient_name(name),
                "referring_physician": encoded(referring),
                "referring_physician_match": match_form(referring),
                "referring_physician_key": key_form(referring),
                "id": row,
                "patient_row": row,
                "series_count": 1,
                "instance_count": 1,
                "told_instances": 1,
                "first_received_at": _NOW,
                "last_received_at": _NOW,
            }
        )
        series.append(
            {
                "id": row,
                "study_row": row,
                "series_uid": f"{said['study_uid']}.1",
                "modality": said["modalities"].strip("\\").split("\\")[0],
                "series_number": 1,
                "series_date": said["study_date"],
                "series_time": said["study_time"],
                "series_description": "",
                "body_part": said["body_part"],
                "instance_count": 1,
                **of_series,
            }
        )
        instances.append(
            {
                "series_row": row,
                "sop_instance_uid": f"{said['study_uid']}.1.1",
                "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
                "transfer_syntax_uid": "1.2.840.10008.1.2.1",
                "file": f"2026/04/01/{row}.dcm",
                "dataset_offset": 132,
                "size": 1000,
                "instance_number": 1,
                "received_at": _NOW,
                **of_instance,
            }
        )
    for table, values in ((PatientRow, patients), (StudyRow, made), (SeriesRow, series), (InstanceRow, instances)):
        session.execute(insert(table), values)
    return rows
