"""Storage Commitment transactions: who asked whom, how far they are, what was found. Pure values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum

COMMITMENT_CLASS = "1.2.840.10008.1.20.1"
WELL_KNOWN_INSTANCE = "1.2.840.10008.1.20.1.1"
REQUEST_COMMITMENT = 1
"""Action Type ID (PS3.4 table J.3-1)."""
ALL_COMMITTED, SOME_FAILED = 1, 2
"""Event Type ID (PS3.4 table J.3-2)."""

# FailureReason (0008,1197), PS3.3 section C.14.1.1.
CONFIRMED = 0
PROCESSING_FAILURE = 0x0110
NO_SUCH_INSTANCE = 0x0112
CLASS_CONFLICT = 0x0119
DUPLICATE_TRANSACTION = 0x0131
NEVER_TOLD = 0xFFFF
"""Ours alone, never sent: the peer's report does not name the instance."""

MOST_ATTEMPTS = 12
_PAUSES = (10, 30, 120, 600, 1800, 3600, 4 * 3600)


class Direction(StrEnum):
    """Who asked whom."""

    BY_PEER = "by-peer"
    """A peer asked us to commit."""
    BY_US = "by-us"
    """We asked a peer."""


class CommitmentState(StrEnum):
    """How far a transaction is."""

    WAITING = "waiting"
    """By a peer: not checked yet. By us: the peer has not taken it yet."""
    CHECKED = "checked"
    """By a peer: the result stands and has not reached the peer."""
    ASKED = "asked"
    """By us: the peer has taken it and owes the result."""
    ENDED = "ended"
    """The result has reached whoever asked."""
    GIVEN_UP = "given-up"
    """It could not be brought to its end; the row says why. What was found stays on record."""


class Taken(Enum):
    """What became of a peer's report of a result."""

    KEPT = "kept"
    """It is the result; or it says once more what stands already."""
    UNKNOWN = "unknown"
    """We have asked this peer for no such transaction."""
    CONTRADICTS = "contradicts"
    """Another result stands already; that one is the proof and stays."""

    @property
    def status(self) -> int:
        """Status of the response to the report (PS3.7 section 10.1.1.1.8)."""
        return {Taken.KEPT: 0x0000, Taken.UNKNOWN: 0x0115, Taken.CONTRADICTS: 0x0110}[self]


@dataclass(frozen=True, slots=True)
class Reference:
    """One instance of a transaction; `failure_reason` is None while unknown and 0 when confirmed."""

    sop_class_uid: str
    sop_instance_uid: str
    failure_reason: int | None = None
    study_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """A transaction with its instances."""

    commitment_id: str
    direction: Direction
    ae_title: str
    site_code: str
    transaction_uid: str
    state: CommitmentState
    asked_at: datetime
    checked_at: datetime | None
    ended_at: datetime | None
    attempts: int
    last_error: str
    references: Sequence[Reference]

    @property
    def event_type(self) -> int:
        """1 when all are confirmed, 2 otherwise."""
        return ALL_COMMITTED if all(each.failure_reason == CONFIRMED for each in self.references) else SOME_FAILED


def pause_after(attempts: int) -> timedelta | None:
    """How long to wait after so many failed attempts; None: give up, after about a day."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return timedelta(seconds=_PAUSES[min(max(attempts, 1), len(_PAUSES)) - 1])
