"""The Modality Worklist's question, answered by the reading requests of the clinics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pacs_node.model import Patient, PersonName
from pacs_node.procedures.ports import ScheduledProcedure, Wanted
from shared_kernel.database import Database
from worklist.requests.listing import Open, open_requests
from worklist.requests.model import Priority
from worklist.requests.tables import ReadingRequestRow

_AT_ONCE = 200
_PRIORITIES: Mapping[str, str] = {Priority.ROUTINE: "ROUTINE", Priority.URGENT: "HIGH", Priority.STAT: "STAT"}


class PlannedByRequests:
    """ScheduledProcedures over reading requests."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def scheduled(self, wanted: Wanted) -> Iterator[ScheduledProcedure]:
        """Open requests by date, time (those of any time last) and id, a few hundred a transaction, each once."""
        asked = Open(
            site_code=wanted.site_code,
            first_day=wanted.first_day,
            last_day=wanted.last_day,
            modality=wanted.modality,
            patient_id=wanted.patient_id,
            accession_number=wanted.accession_number,
            study_uid=wanted.study_uid,
        )
        last: ReadingRequestRow | None = None
        seen: set[str] = set()  # one that is put off meanwhile comes along again
        while True:
            with self._database.read() as session:
                rows = open_requests(session, asked, after=last, limit=_AT_ONCE)
                planned = [_planned(row) for row in rows if row.request_id not in seen]
                session.expunge_all()
            seen.update(row.request_id for row in rows)
            yield from planned
            if len(rows) < _AT_ONCE:
                return
            last = rows[-1]


def _planned(row: ReadingRequestRow) -> ScheduledProcedure:
    name = PersonName(alphabetic=row.name_alphabetic, ideographic=row.name_ideographic, phonetic=row.name_phonetic)
    return ScheduledProcedure(
        site_code=row.site_code,
        patient=Patient(
            issuer=row.site_code, patient_id=row.patient_id, name=name, birth_date=row.birth_date, sex=row.sex
        ),
        study_uid=row.study_uid,
        accession_number=row.accession_number,
        modality=row.modality,
        scheduled_date=row.scheduled_date,
        scheduled_time=row.scheduled_time,
        station_ae_title=row.station_ae_title,
        procedure_description=row.procedure_description,
        body_part=row.body_part,
        requesting_doctor=row.requesting_doctor,
        reason=row.reason,
        clinical_history=row.clinical_history,
        priority=_PRIORITIES[row.priority],
    )
