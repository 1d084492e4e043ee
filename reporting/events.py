"""What reporting tells the other rooms. No event carries report text or patient data."""

from __future__ import annotations

from shared_kernel.events.event import Event


class _ReportEvent(Event, frozen=True, kw_only=True):
    report_id: str
    case_id: str
    study_uid: str
    site_code: str
    """The requesting site."""


class ReportDrafted(_ReportEvent, frozen=True, kw_only=True):
    """A reader saved the first draft."""

    author: str


class ReportSigned(_ReportEvent, frozen=True, kw_only=True):
    """A reader signed; the version is final. The event's time is that of the signature."""

    version: int
    content_sha256: str
    reading_site_code: str
    signed_by: str
    signer_name: str
    instance_count: int
    """Images of the study when it was signed."""


class ReportDelivered(_ReportEvent, frozen=True, kw_only=True):
    """配信: the version is at the requesting site by this channel."""

    version: int
    channel: str


class ReportOpened(_ReportEvent, frozen=True, kw_only=True):
    """A doctor of the requesting site saw the version for the first time."""

    version: int
    opened_by: str


class ReportAcknowledged(_ReportEvent, frozen=True, kw_only=True):
    """確認した."""

    version: int
    acknowledged_by: str


class ReportActedOn(_ReportEvent, frozen=True, kw_only=True):
    """対応済."""

    version: int
    acted_on_by: str
