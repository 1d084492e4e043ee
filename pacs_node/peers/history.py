"""What was done to a peer's settings, by whom, from what to what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.gate import audit_entry
from access_control.model import Actor, Resource
from pacs_node.peers.model import Peer
from pacs_node.peers.settings import told
from pacs_node.peers.tables import DicomPeerChangeRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock

_MOST = 200


@dataclass(frozen=True, slots=True)
class Change:
    """One deed: `add`, `change` or `remove`. `changes` maps a setting to its plain value before and after."""

    at: datetime
    actor: str
    deed: str
    changes: Mapping[str, tuple[Any, Any]]


def note(session: Session, actor: Actor, before: Peer | None, after: Peer | None, clock: Clock) -> bool:
    """Write a change down, for the title's history and the audit trail; False where nothing is different."""
    peer = after or before
    assert peer is not None  # noqa: S101  # a deed is done to something
    old, new = told(before) if before else {}, told(after) if after else {}
    changes = {
        name: [old.get(name), new.get(name)] for name in {**old, **new} if old.get(name) != new.get(name) or not old
    }
    if before and after and not changes:
        return False
    deed = "change" if before and after else "add" if after else "remove"
    row = DicomPeerChangeRow(
        ae_title=peer.ae_title,
        at=clock.now(),
        actor=actor.login,
        deed=deed,
        changes=json.dumps(changes, ensure_ascii=False),
    )
    session.add(row)
    session.flush()
    resource = Resource(label=f"peer/{peer.ae_title}", site_code=peer.site_code)
    reason = "; ".join(f"{name}: {_shown(pair[0])} → {_shown(pair[1])}" for name, pair in changes.items())
    record(session, [audit_entry(actor, f"peer.{deed}", resource, clock=clock, outcome="done", reason=reason)])
    return True


def history(session: Session, ae_title: str) -> list[Change]:
    """What was done under an AE title, the newest first, at most 200; also of a peer that is gone."""
    rows = session.scalars(
        select(DicomPeerChangeRow)
        .filter_by(ae_title=ae_title.strip())
        .order_by(DicomPeerChangeRow.number.desc())
        .limit(_MOST)
    )
    return [
        Change(row.at, row.actor, row.deed, {k: tuple(v) for k, v in json.loads(row.changes).items()}) for row in rows
    ]


def _shown(value: object) -> str:
    if value in (None, "", []):  # a list can't be in a set
        return "-"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
