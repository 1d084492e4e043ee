"""Who has come and who was turned away, read from the audit trail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import literal_column, select
from sqlalchemy.orm import Session

from pacs_node.peers.refusals import Why, read
from shared_kernel.audit.tables import AuditRow

_LOOKED_AT = 2000
_ASSOCIATION = "association"
_PREFIX = "ae:"
_HOST = re.compile(r"\bfrom ([0-9A-Fa-f.:]+)$")


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
        title, told = str(actor).removeprefix(_PREFIX), read(reason)
        # Of those like it that were only counted, the sentence says how many, and when the last one was.
        count, last_at = told.more or 1, told.last_at or at
        known = found.get(title)
        if known is None:
            found[title] = Refused(title, count, last_at, told.why, reason, told.host)
        else:
            found[title] = replace(known, count=known.count + count)
    return list(found.values())


def _host(reason: str) -> str:
    match = _HOST.search(reason)
    return match[1] if match else ""
