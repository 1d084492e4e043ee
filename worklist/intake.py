"""From arriving images to a case: opened 受信中, then 未読 with a due date, later grown."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from pacs_node.model import StudySummary
from shared_kernel.events.outbox import publish
from shared_kernel.ids import new_id
from worklist import replacements
from worklist.events import ReadingBecameDue, ReadingCaseOpened
from worklist.model import CaseState, CaseStep
from worklist.ports import CalendarOf, Studies
from worklist.requests.arrivals import Arrivals
from worklist.snapshot import copy_study
from worklist.steps import move
from worklist.tables import CaseRow

log = structlog.get_logger(__name__)


class Intake:
    """Opens and renews the cases of some studies in one transaction of a subscriber, and each call may be repeated.

    What is known of studies, cases and requests is asked for at the beginning, once for all; the transaction keeps it
    true.
    """

    def __init__(
        self, session: Session, studies: Studies, calendar_of: CalendarOf, study_uids: Collection[str]
    ) -> None:
        self._session = session
        self._calendar_of = calendar_of
        self._studies = studies.studies(study_uids, session=session)
        cases = select(CaseRow).where(CaseRow.study_uid.in_(study_uids)).with_for_update()
        self._cases = {row.study_uid: row for row in session.scalars(cases)}
        self._arrivals = Arrivals(session, self._studies.values())

    def images_came(self, study_uid: str, *, at: datetime, actor: str) -> None:
        """Open the case with the first images; renew what it shows until the study has arrived."""
        row = self._cases.get(study_uid)
        if (study := self._study(study_uid)) is None:
            return
        if row is not None and row.state != CaseState.RECEIVING:
            # StudyGrew tells of late images once it is quiet again; a wrong patient can't wait for that.
            row.identity_conflict = study.identity_conflict
        elif row is None:
            row = self._open(study, at=at, actor=actor)
        else:
            copy_study(row, study)
        self._arrivals.meet(row, study, at=at, actor=actor)

    def study_arrived(self, study_uid: str, *, at: datetime, actor: str) -> None:
        """The study is complete: the case is 未読, due on the clinic's 翌診療日 after `at`."""
        if (study := self._study(study_uid)) is None:
            return
        row = self._cases.get(study_uid) or self._open(study, at=at, actor=actor)
        copy_study(row, study)
        self._arrivals.meet(row, study, at=at, actor=actor)
        if row.state != CaseState.RECEIVING:
            return  # told twice
        row.arrived_at = study.arrived_at or at
        row.due_date = self._calendar_of(row.site_code).due_date(row.arrived_at)
        move(self._session, row, CaseStep.ARRIVE, at=row.arrived_at, actor=actor)
        event = ReadingBecameDue(
            case_id=row.case_id, study_uid=row.study_uid, site_code=row.site_code, due_date=row.due_date
        )
        publish(self._session, event, at=row.arrived_at, actor=actor)

    def study_changed(self, study_uid: str, *, at: datetime, actor: str) -> None:
        """More images came, somebody said who the patient is, or texts were read anew.

        The case shows it and keeps its state and due date.
        """
        row = self._cases.get(study_uid)
        study = self._study(study_uid)
        if row is not None and study is not None:
            copy_study(row, study)
            self._arrivals.meet(row, study, at=at, actor=actor)

    def image_replaced(self, study_uid: str, sop_instance_uid: str, version: int, *, at: datetime, actor: str) -> None:
        """Another version of an image has become the current one: noted, for who reads the study or has read it."""
        row = self._cases.get(study_uid)
        if row is None:
            log.warning("worklist.replacement_of_no_case", study_uid=study_uid)
            return
        replacements.note(self._session, row.case_id, sop_instance_uid, version, at=at)
        self.study_changed(study_uid, at=at, actor=actor)

    def _open(self, study: StudySummary, *, at: datetime, actor: str) -> CaseRow:
        row = CaseRow(
            case_id=new_id(),
            study_uid=study.study_uid,
            site_code=study.site_code,
            state=CaseState.RECEIVING.value,
            opened_at=at,
            request_version=0,
        )
        copy_study(row, study)
        self._session.add(row)
        self._cases[study.study_uid] = row
        event = ReadingCaseOpened(case_id=row.case_id, study_uid=row.study_uid, site_code=row.site_code)
        publish(self._session, event, at=at, actor=actor)
        return row

    def _study(self, study_uid: str) -> StudySummary | None:
        study = self._studies.get(study_uid)
        if study is None:
            # The index and the event were committed together: the study was deleted since.
            log.warning("worklist.study_missing", study_uid=study_uid)
        return study
