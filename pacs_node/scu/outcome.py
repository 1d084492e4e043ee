"""How an attempt at an order ends: to be tried again after a pause, or for good, with its audit line and its proof."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from access_control.gate import audit_entry
from access_control.model import OPERATOR, Resource
from pacs_node.peers.errors import NoSuchPeer
from pacs_node.peers.model import Peer
from pacs_node.peers.service import PeerDirectory
from pacs_node.scu.orders import State, numbers
from pacs_node.scu.tables import OutgoingItemRow, OutgoingSendRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock

Proof = Callable[[Session, Peer, Sequence[str]], str]
"""Has a peer asked to commit to these instances, if its settings want that; returns the commitment's id, or nothing."""

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_GIVEN_UP = "given up after the last attempt"


def finish(
    session: Session,
    row: OutgoingSendRow,
    error: str,
    *,
    clock: Clock,
    cut: bool,
    last: bool,
    peers: PeerDirectory,
    proof: Proof | None,
) -> None:
    """End an attempt at an order: nobody holds it any longer.

    After the `last` attempt what still waits has failed, with the reason; an order that was `cut` short goes on at
    once, and that was no attempt. Instances that the peer took are told of in the audit trail when the order is over.
    """
    now = clock.now()
    row.holder, row.last_error = "", error
    counted = dict(numbers(session, [row.id])[row.id])
    waiting = counted.get(State.WAITING, 0)
    if waiting and (cut or not last):
        row.state = State.WAITING
        row.due_at = now if cut else now + _pause(row.attempts)
        row.attempts -= int(cut)
        return
    if waiting:
        session.execute(
            update(OutgoingItemRow)
            .where(OutgoingItemRow.send == row.id, OutgoingItemRow.state == State.WAITING)
            .values(state=State.FAILED, reason=error or _GIVEN_UP)
        )
        counted[State.FAILED] = counted.get(State.FAILED, 0) + waiting
    row.state = State.FAILED if counted.get(State.FAILED) else State.SENT
    row.due_at, row.finished_at = None, now
    sent = counted.get(State.SENT, 0) + counted.get(State.WARNING, 0)
    _tell(session, row, f"{sent} of {sum(counted.values())} instances arrived", clock, peers)
    if proof is not None:
        row.commitment_id = _proof(session, row, peers, proof) or row.commitment_id


def _tell(session: Session, row: OutgoingSendRow, told: str, clock: Clock, peers: PeerDirectory) -> None:
    peer = _peer(session, row, peers)
    actor = OPERATOR if peer is None else peer.actor("outgoing")
    resource = Resource(label=row.label, site_code=actor.site_code, study_uid=_study(session, row))
    reason = f"{told} at {row.destination}; ordered by {row.asked_by}"
    record(session, [audit_entry(actor, "study.send", resource, clock=clock, outcome="done", reason=reason)])


def _proof(session: Session, row: OutgoingSendRow, peers: PeerDirectory, proof: Proof) -> str:
    peer = _peer(session, row, peers)
    sent = select(OutgoingItemRow.sop_instance_uid).where(
        OutgoingItemRow.send == row.id, OutgoingItemRow.state.in_([State.SENT, State.WARNING])
    )
    uids = session.scalars(sent.order_by(OutgoingItemRow.id)).all()
    return proof(session, peer, uids) if peer is not None and uids else ""


def _peer(session: Session, row: OutgoingSendRow, peers: PeerDirectory) -> Peer | None:
    try:
        return peers.get(session, row.destination)
    except NoSuchPeer:
        return None


def _study(session: Session, row: OutgoingSendRow) -> str:
    return session.scalar(select(OutgoingItemRow.study_uid).where(OutgoingItemRow.send == row.id).limit(1)) or ""


def _pause(attempts: int) -> timedelta:
    return min(_FIRST_PAUSE * float(4 ** max(attempts - 1, 0)), _LONGEST_PAUSE)
