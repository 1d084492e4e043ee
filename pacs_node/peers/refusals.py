"""Why an association is refused, in one place: the words that go into the audit trail, and how they are read again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Why(StrEnum):
    """Why an association was refused, as far as an administrator can mend it."""

    UNKNOWN = "unknown"
    DISABLED = "disabled"
    NETWORK = "network"
    CERTIFICATE = "certificate"
    CALLED = "called"
    LIMIT = "limit"
    OTHER = "other"


# How the sentence of each kind begins; the trail is read by it, so that words once written stay.
_BEGINNINGS = {
    Why.UNKNOWN: "calling AE title is unknown",
    Why.DISABLED: "the peer is disabled",
    Why.NETWORK: "not one of the peer's addresses",
    Why.CERTIFICATE: "the peer showed",
    Why.CALLED: "called AE title",
    Why.LIMIT: "too many associations",
    Why.OTHER: "another",
}
SEVERAL = "…"
"""Stands for the AE titles that are not named one by one; no title can be this."""

_COUNTED = re.compile(r", ([0-9]{1,12}) times more, the last at (\S{1,40})(?=$|, from )")
_HOST = re.compile(r", from ([0-9A-Fa-f.:]+)$")


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence of the trail tells: `more` is None where it tells of one refusal, else of how many more."""

    why: Why
    host: str
    more: int | None = None
    last_at: datetime | None = None


def sentence(why: Why, rest: str = "") -> str:
    """The words for a refusal; `rest` follows the beginning that all of its kind have."""
    return f"{_BEGINNINGS[why]}{' ' if rest else ''}{rest}"


def written(words: str, host: str, more: int = 0, last_at: datetime | None = None) -> str:
    """What the trail says of a refusal from `host` (empty: several), or of `more` like it until `last_at`."""
    counted = f", {more} times more, the last at {last_at.isoformat()}" if more and last_at else ""
    return f"{words}{counted}{f', from {host}' if host else ''}"


def read(reason: str) -> Told:
    """The trail's sentence taken apart."""
    why = next((kind for kind, words in _BEGINNINGS.items() if reason.startswith(words)), Why.OTHER)
    host = _HOST.search(reason)
    counted = _COUNTED.search(reason)
    try:
        last_at = datetime.fromisoformat(counted[2]) if counted else None
    except ValueError:
        counted = last_at = None
    return Told(why, host[1] if host else "", int(counted[1]) if counted else None, last_at)
