"""What becomes of an instance that is sent. Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_SUCCESS = 0x0000
_WARNINGS = frozenset({0x0001, 0x0107, 0x0116})
_WARNING_RANGE = 0xB000
_RANGE = 0xF000


class Fate(StrEnum):
    """How the sending of one instance ended."""

    SENT = "sent"
    WARNING = "warning"
    """Stored by the peer, with a warning status."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One instance and its fate; `status` is that of the C-STORE response, None where there was none."""

    sop_instance_uid: str
    fate: Fate
    status: int | None = None
    reason: str = ""
    again: bool = False
    """Whether it may go better another time: the connection broke, or the peer is out of resources."""
    reached: bool | None = None
    """Whether the peer was there to take it; None where it was not tried, as nothing could be sent."""


def fate_of(status: int) -> Fate:
    """By the classes of PS3.7 annex C."""
    if status == _SUCCESS:
        return Fate.SENT
    if status in _WARNINGS or status & _RANGE == _WARNING_RANGE:
        return Fate.WARNING
    return Fate.FAILED


def may_go_better(status: int) -> bool:
    """Whether a failure status is one of resources (A7xx, PS3.4 table B.2-1)."""
    return status & 0xFF00 == 0xA700  # noqa: PLR2004
