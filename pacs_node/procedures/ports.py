"""What the Modality Worklist asks of whoever plans examinations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Protocol

from pacs_node.model import Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledProcedure:
    """One planned examination: one requested procedure of one scheduled step."""

    site_code: str
    patient: Patient
    study_uid: str
    accession_number: str
    """VR SH: at most 16 characters; also names the requested procedure and its step."""
    modality: str
    scheduled_date: date
    """In Japan."""
    scheduled_time: time | None = None
    """In Japan; None: at any time of the day."""
    station_ae_title: str = ""
    """The scanner; empty: any of the site's."""
    procedure_description: str = ""
    body_part: str = ""
    requesting_doctor: str = ""
    reason: str = ""
    """検査目的; may have several lines."""
    clinical_history: str = ""
    priority: str = "ROUTINE"
    """RequestedProcedurePriority (0040,1003)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What can be left out early, by columns; None and empty mean all. The worklist matches exactly itself."""

    site_code: str
    first_day: date | None = None
    last_day: date | None = None
    modality: str = ""
    patient_id: str = ""
    accession_number: str = ""
    study_uid: str = ""


class ScheduledProcedures(Protocol):
    """Who plans examinations: reading requests, later also bookings."""

    def scheduled(self, wanted: Wanted) -> Iterator[ScheduledProcedure]:
        """The open ones of a site by date and time (those of any time last), fetched bit by bit.

        No transaction is held between two.
        """
        ...
