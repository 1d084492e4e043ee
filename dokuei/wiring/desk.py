"""Reporting's question about cases, answered by the worklist."""

from __future__ import annotations

from sqlalchemy.orm import Session

from pacs_node.archive.catalogue import Catalogue
from reporting.ports import CaseFacts
from worklist.service import CaseService


class WorklistDesk:
    """A CaseDesk over the worklist, and the archive for what happened to images."""

    def __init__(self, cases: CaseService, catalogue: Catalogue) -> None:
        self._cases = cases
        self._catalogue = catalogue

    def case(self, session: Session, case_id: str) -> CaseFacts | None:
        """The case as this transaction sees it; None if there is none."""
        case = self._cases.facts(session, case_id)
        if case is None:
            return None
        return CaseFacts(
            case_id=case.case_id,
            study_uid=case.study_uid,
            site_code=case.site_code,
            site_name=case.site_name,
            patient=case.patient,
            modalities=case.modalities,
            body_part=case.body_part,
            study_description=case.study_description,
            study_date=case.study_date,
            study_time=case.study_time,
            accession_number=case.accession_number,
            referring_physician=case.referring_physician,
            reason=case.reason,
            clinical_history=case.clinical_history,
            instance_count=case.instance_count,
            identity_conflict=case.identity_conflict,
            reader_login=case.reader.login if case.reader else None,
            reader_name=case.reader.name if case.reader else None,
        )

    def versions_replaced(self, session: Session, study_uid: str) -> int:
        """How often an image of the study has been replaced by another version."""
        return len(self._catalogue.replaced(study_uid, session=session))
