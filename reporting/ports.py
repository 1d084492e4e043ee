"""What reporting asks of the worklist; the composition root gives it the answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Protocol

from sqlalchemy.orm import Session

from pacs_node.model import Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFacts:
    """A reading case with what a report shows of it, and who holds it."""

    case_id: str
    study_uid: str
    site_code: str
    """The requesting site."""
    site_name: str
    patient: Patient
    modalities: tuple[str, ...]
    body_part: str
    study_description: str
    study_date: date | None
    study_time: time | None
    accession_number: str
    referring_physician: str
    reason: str
    clinical_history: str
    instance_count: int
    """Images of the study."""
    identity_conflict: bool
    """Images of the study name different patients."""
    reader_login: str | None
    """The radiologist who has claimed the case."""
    reader_name: str | None


class CaseDesk(Protocol):
    """Where reporting learns of cases."""

    def case(self, session: Session, case_id: str) -> CaseFacts | None:
        """The case as this transaction sees it, without asking an access rule; None if there is none.

        Called in a writing session for every save and signature, so that who holds the case is still
        true when the text is written.
        """
        ...

    def versions_replaced(self, session: Session, study_uid: str) -> int:
        """How often an image of the study has been replaced by another version, as the archive knows by now."""
        ...
