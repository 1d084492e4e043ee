"""What the worklist asks of other rooms; the composition root gives it the answers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from access_control.model import Actor
from pacs_node.model import StudySummary
from worklist.clinical_days import ClinicalCalendar

SiteName = Callable[[Session, str], str]
"""The name of the site of a code."""

CalendarOf = Callable[[str], ClinicalCalendar]
"""The calendar of clinical days of a site."""


SiteStudy = tuple[str, str]
"""A site's code and a Study Instance UID."""

ExpectedCounts = Callable[[Session, Sequence[SiteStudy]], Mapping[SiteStudy, int]]
"""How many instances each of these studies is to have, where its own site has said so."""


def nothing_expected(session: Session, studies: Sequence[SiteStudy]) -> Mapping[SiteStudy, int]:
    """Stands in where nobody tells."""
    return {}


class Studies(Protocol):
    """The archive's catalogue, as far as a case needs it."""

    def study(self, study_uid: str) -> StudySummary | None:
        """The study as it is now; None if there is none."""
        ...

    def studies(self, study_uids: Iterable[str], *, session: Session) -> Mapping[str, StudySummary]:
        """Those of the studies that there are, by Study Instance UID."""
        ...

    def priors(self, study_uid: str) -> list[StudySummary]:
        """Older studies of the same patient, newest first; none while the patient is in question."""
        ...

    def prior_counts(self, study_uids: Iterable[str], sites: Collection[str], *, session: Session) -> Mapping[str, int]:
        """How many of those each study has that are of `sites`."""
        ...

    def replaced(self, study_uid: str, *, session: Session) -> Sequence[tuple[str, datetime]]:
        """Each time that another version took the place of an image: SOP Instance UID and moment, in order."""
        ...


class CaseReport(Protocol):
    """A report as the list of cases shows it."""

    @property
    def report_id(self) -> str:
        """The report's id."""
        ...

    @property
    def state(self) -> str:
        """`draft` or `final`."""
        ...

    @property
    def begun_at(self) -> datetime:
        """When its first draft was written."""
        ...

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed."""
        ...


class Reports(Protocol):
    """The reports of cases, as far as an actor may know of them."""

    def of_cases(self, session: Session, actor: Actor, case_ids: Sequence[str]) -> Mapping[str, CaseReport]:
        """The report of each case that has one, by case id."""
        ...


class NoReports:
    """Stands in where the hub runs without reporting."""

    def of_cases(self, session: Session, actor: Actor, case_ids: Sequence[str]) -> Mapping[str, CaseReport]:
        """Nothing."""
        return {}
