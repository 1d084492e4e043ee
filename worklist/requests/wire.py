"""The JSON of reading requests. Timestamps are UTC with `Z`, dates and times of day those of Japan."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import msgspec

from worklist.requests.model import Priority, RequestState
from worklist.wire import LARGEST_OFFSET, LARGEST_PAGE, Patient, Person, Site

_Line = Annotated[str, msgspec.Meta(max_length=200)]
_Prose = Annotated[str, msgspec.Meta(max_length=20_000)]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A reading request as lists show it."""

    id: str
    state: RequestState
    version: int
    site: Site
    patient: Patient
    modality: str
    procedure_description: str
    body_part: str
    scheduled_date: date
    scheduled_time: str | None
    """`HH:MM`; null: at any time of the day."""
    station_ae_title: str
    requesting_doctor: str
    reason: str
    clinical_history: str
    priority: Priority
    accession_number: str
    study_uid: str
    entered_at: datetime
    entered_by: Person
    cancelled_reason: str
    performed: str
    """What the scanner says of its work: IN PROGRESS, COMPLETED, DISCONTINUED, or empty."""
    instance_count: int
    expected_count: int | None
    """Instances that the study is to have, where a manifest or MPPS says so."""
    case_id: str | None
    done_at: datetime | None
    patient_differs: bool
    """Images under this number name another patient and were not taken for this request."""
    changeable: bool
    """Whether the caller may change or cancel it as it stands."""


class RequestCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Requests in each state, and those of today that are not cancelled."""

    today: int
    open: int
    done: int
    cancelled: int


class RequestPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list; `total` counts all that match."""

    requests: list[Request]
    total: int
    counts: RequestCounts
    today: date
    """The day in Japan that `counts.today` is about."""


class RequestQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; `q` searches name (any writing), patient ID and accession number."""

    state: tuple[RequestState, ...] = ()
    day: date | None = None
    """The scheduled day."""
    q: Annotated[str, msgspec.Meta(max_length=200)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE)] = 50
    offset: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_OFFSET)] = 0


class NameIn(msgspec.Struct, frozen=True, kw_only=True):
    """A person's name in up to three writings; one is needed."""

    alphabetic: _Line = ""
    ideographic: _Line = ""
    phonetic: _Line = ""


class PatientIn(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the request is for."""

    id: _Line
    name: NameIn
    birth_date: date | None = None
    sex: Annotated[str, msgspec.Meta(pattern="^[MFO]?$")] = ""


class RequestIn(msgspec.Struct, frozen=True, kw_only=True):
    """A request as somebody enters or changes it; `version` is that of the request that is changed."""

    patient: PatientIn
    modality: _Line
    procedure_description: _Line = ""
    body_part: _Line = ""
    scheduled_date: date | None = None
    """Null: today."""
    scheduled_time: Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")] | None = None
    station_ae_title: _Line = ""
    requesting_doctor: _Line = ""
    reason: _Prose = ""
    clinical_history: _Prose = ""
    priority: Priority = Priority.ROUTINE
    accession_number: _Line = ""
    """Empty: a fresh one is given."""
    version: int = 0


class CancelIn(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request is cancelled."""

    reason: _Line = ""
    version: int


class KnownPatientQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A patient ID of the caller's site."""

    patient_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class KnownPatient(msgspec.Struct, frozen=True, kw_only=True):
    """What the site's own requests and images say of a patient, to fill in a form; null: nobody is known."""

    patient: Patient | None
