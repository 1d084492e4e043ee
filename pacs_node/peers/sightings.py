"""Who has come and who was turned away, read from the audit trail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from shared_kernel.audit.tables import AuditRow

_LOOKED_AT = 2000
_ASSOCIATION = "association"
_PREFIX = "ae:"
_HOST = re.compile(r"\bfrom ([0-9A-Fa-f.:]+)$")


class Why(StrEnum):
    """Why an association was refused, as far as an administrator can mend it."""

    UNKNOWN = "unknown"
    DISABLED = "disabled"
    NETWORK = "network"
    CERTIFICATE = "certificate"
    CALLED = "called"
    LIMIT = "limit"
    OTHER = "other"


# Words of the refusal to its kind; the first that fits.
_KINDS = (
    # First, because it quotes a word of the stranger's.
    ("called AE title", Why.CALLED),
    ("calling AE title is unknown", Why.UNKNOWN),
    ("disabled", Why.DISABLED),
    ("addresses", Why.NETWORK),
    ("certificate", Why.CERTIFICATE),
    ("the peer showed", Why.CERTIFICATE),
    ("too many", Why.LIMIT),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """When a peer's last association was let in, and from where (empty where the trail does not say)."""

    at: datetime
    host: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused associations under one AE title: how many, the newest and why; `reason` is the trail's sentence."""

    ae_title: str
    count: int
    last_at: datetime
    why: Why
    reason: str
    host: str


def last_seen(session: Session, ae_titles: Iterable[str]) -> dict[str, Seen]:
    """The newest association of each of these peers that had one."""
    found = {}
    for title in ae_titles:
        row = session.execute(
            select(AuditRow.at, AuditRow.reason)
            .filter_by(actor=f"{_PREFIX}{title}", action="association.open")
            .order_by(AuditRow.number.desc())
            .limit(1)
        ).first()
        if row is not None:
            found[title] = Seen(row.at, _host(row.reason))
    return found


def refused(session: Session, since: datetime) -> list[Refused]:
    """Who was turned away since then, by AE title, the newest first; of very many, the newest 2000 are counted."""
    rows = session.execute(
        select(AuditRow.actor, AuditRow.at, AuditRow.reason)
        # A literal, not a parameter: the partial index is for this value only.
        .where(AuditRow.outcome == literal_column("'denied'"), AuditRow.at > since, AuditRow.resource == _ASSOCIATION)
        .order_by(AuditRow.number.desc())
        .limit(_LOOKED_AT)
    )
    found: dict[str, Refused] = {}
    for actor, at, reason in rows:
        title = str(actor).removeprefix(_PREFIX)
        known = found.get(title)
        if known is None:
            found[title] = Refused(title, 1, at, why(reason), reason, _host(reason))
        else:
            found[title] = Refused(title, known.count + 1, known.last_at, known.why, known.reason, known.host)
    return list(found.values())


def why(reason: str) -> Why:
    """The kind of a refusal by the trail's sentence."""
    return next((kind for words, kind in _KINDS if words in reason), Why.OTHER)


def _host(reason: str) -> str:
    match = _HOST.search(reason)
    return match[1] if match else ""
