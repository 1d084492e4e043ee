"""The JSON of reports. Timestamps are UTC with `Z`, dates those of Japan."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from reporting.model import DeliveryState, ReportState

LARGEST_PAGE = 200
LARGEST_OFFSET = 10_000_000


class ReportSite(msgspec.Struct, frozen=True, kw_only=True):
    """A clinic or a hospital."""

    code: str
    name: str


class ReportPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody by log-in and name."""

    login: str
    name: str


class ReportPatientName(msgspec.Struct, frozen=True, kw_only=True):
    """A person's name in the three groups of VR PN (PS3.5 section 6.2.1)."""

    alphabetic: str
    ideographic: str
    phonetic: str


class ReportPatient(msgspec.Struct, frozen=True, kw_only=True):
    """The patient; of a signed report as of the signature."""

    id: str
    name: ReportPatientName
    birth_date: date | None
    sex: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How far the signed version has come at the requesting site."""

    state: DeliveryState
    delivered_at: datetime
    opened_at: datetime | None
    opened_by: ReportPerson | None
    acknowledged_at: datetime | None
    acknowledged_by: ReportPerson | None
    acted_on_at: datetime | None
    acted_on_by: ReportPerson | None
    action_note: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report; `version` is 0 for a draft, `content_sha256` the hash of the signed version.

    `damaged` says that the stored text is not what was signed: a list shows the report without its text.
    """

    id: str
    case_id: str
    study_uid: str
    state: ReportState
    revision: int
    findings: str
    impression: str
    author: ReportPerson
    site: ReportSite
    reading_site: ReportSite
    patient: ReportPatient
    modalities: list[str]
    study_description: str
    study_date: date | None
    body_part: str
    reason: str
    saved_at: datetime
    signed_at: datetime | None
    signed_by: ReportPerson | None
    version: int
    content_sha256: str | None
    delivery: Delivery | None
    damaged: bool = False


class DeliveryCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Reports of the site in each state of delivery."""

    delivered: int
    acknowledged: int
    acted_on: int


class ReportPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of 届いた報告, each with an excerpt of its text; `total` counts all that match."""

    reports: list[Report]
    total: int
    counts: DeliveryCounts


class ReportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; `q` searches name (any writing), patient ID and accession number."""

    state: tuple[DeliveryState, ...] = ()
    q: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 50
    offset: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_OFFSET)] = 0


class DraftChange(msgspec.Struct, frozen=True, kw_only=True):
    """所見 and 診断; `revision` is that of the draft that was changed, 0 for the first."""

    findings: str
    impression: str
    revision: int


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Signs the draft of this revision.

    With `seen_instance_count`, how many images the signer's screen has shown there to be, it is refused
    when there are more by now; with `seen_images_replaced`, the case's `versions_replaced` of when the images
    came on the screen, when an image has been replaced since. Without them nothing is compared.
    """

    revision: int
    seen_instance_count: int | None = None
    seen_images_replaced: int | None = None


class ActionNote(msgspec.Struct, frozen=True, kw_only=True):
    """What was done about a report; may be empty."""

    note: str = ""
