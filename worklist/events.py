"""What the worklist tells the other rooms."""

from __future__ import annotations

from datetime import date

from shared_kernel.events.event import Event


class _CaseEvent(Event, frozen=True, kw_only=True):
    case_id: str
    study_uid: str
    site_code: str


class _RequestEvent(Event, frozen=True, kw_only=True):
    request_id: str
    site_code: str
    accession_number: str


class RequestEntered(_RequestEvent, frozen=True, kw_only=True):
    """A clinic asked for an examination and its reading."""


class RequestChanged(_RequestEvent, frozen=True, kw_only=True):
    """A clinic changed an open request."""


class RequestCancelled(_RequestEvent, frozen=True, kw_only=True):
    """A clinic took a request back."""


class RequestDone(_RequestEvent, frozen=True, kw_only=True):
    """The first images of a request's study came."""

    study_uid: str


class ReadingCaseOpened(_CaseEvent, frozen=True, kw_only=True):
    """The first images of a study came: a case exists, 受信中."""


class ReadingBecameDue(_CaseEvent, frozen=True, kw_only=True):
    """All images are here: the case is 未読, due on the 翌診療日."""

    due_date: date


class ReadingRequestChanged(_CaseEvent, frozen=True, kw_only=True):
    """The clinic wrote 検査目的 or 臨床情報."""

    version: int


class ReadingClaimed(_CaseEvent, frozen=True, kw_only=True):
    """A radiologist took the case to read it."""

    reader: str


class ReadingReleased(_CaseEvent, frozen=True, kw_only=True):
    """The reader gave the case back; it is 未読 again."""

    reader: str


class ReadingCompleted(_CaseEvent, frozen=True, kw_only=True):
    """The case's report was signed: 読影済."""

    report_id: str
    reader: str
