"""Brings transactions to their end in the background: what is due stands in the database, so a restart loses none."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import structlog

from pacs_node.commitment.model import Commitment, CommitmentState, Direction, Reference, Taken
from pacs_node.commitment.scu import CommitmentScu, NotTaken
from pacs_node.commitment.service import CommitmentService
from pacs_node.peers.model import Peer, Service
from pacs_node.peers.service import PeerDirectory
from pacs_node.scu.lanes import PeerLanes
from pacs_node.upper_layer.errors import AssociationError

MOST_PEERS = 8
"""Peers that are dealt with at once."""
_AT_ONCE = 20
_PAUSE = 2.0
_GRACE_SECONDS = 5.0
_UNREACHABLE_PAUSE = timedelta(minutes=1)

log = structlog.get_logger(__name__)


class CommitmentWorker:
    """Checks, reports and asks; failed attempts are tried again after growing pauses.

    Peers are dealt with side by side, each one's transactions one after the other.
    """

    def __init__(
        self,
        commitments: CommitmentService,
        peers: PeerDirectory,
        scu: CommitmentScu,
        *,
        grace: float = _GRACE_SECONDS,
        most_peers: int = MOST_PEERS,
    ) -> None:
        self._commitments = commitments
        self._peers = peers
        self._scu = scu
        self._grace = grace
        self._stopping = False
        self._woken = threading.Event()
        self._lanes = PeerLanes("storage-commitment", most_peers, self._woken.set)
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="storage-commitment", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the attempts in hand; what takes longer is cut, and was a failed attempt."""
        self._stopping = True
        self._woken.set()
        if self._thread:
            self._thread.join(self._grace)
        if not self._lanes.join(self._grace):
            self._scu.cut()
            if not self._lanes.join(self._grace):
                log.warning("commitment.still_busy", peers=sorted(self._lanes.busy))

    def wake(self) -> None:
        """Something is due."""
        self._woken.set()

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def run_once(self) -> int:
        """One attempt at everything that is due, one peer after the other; returns at how many."""
        due = self._commitments.take_due(_AT_ONCE)
        for peer in dict.fromkeys(each.ae_title for each in due):
            self._attempt_all([each for each in due if each.ae_title == peer])
        return len(due)

    def look(self) -> int:
        """Give lanes to peers with something due, as far as there are any; returns how many transactions were due."""
        free = self._lanes.free
        if not free:
            return 0
        due = self._commitments.take_due(_AT_ONCE, self._lanes.busy, free)
        for peer in dict.fromkeys(each.ae_title for each in due):
            of_peer = [each for each in due if each.ae_title == peer]
            if not self._lanes.begin(peer, partial(self._attempt_all, of_peer)):
                for each in of_peer:
                    self._commitments.hand_to_worker(each.commitment_id)
        return len(due)

    def _attempt_all(self, of_peer: Sequence[Commitment]) -> None:
        unreachable = False
        for commitment in of_peer:
            if self._stopping:
                self._commitments.hand_to_worker(commitment.commitment_id)
            elif unreachable:
                # What is kept is found out all the same.
                if commitment.direction is Direction.BY_PEER:
                    self._commitments.check(commitment.commitment_id)
                self._commitments.hand_to_worker(commitment.commitment_id, after=_UNREACHABLE_PAUSE)
            else:
                unreachable = self._attempt(commitment)

    def _attempt(self, commitment: Commitment) -> bool:
        """Whether it is of no use to try the peer's other transactions now."""
        try:
            peer = self._peer(commitment)
            if commitment.direction is Direction.BY_US:
                self._ask(peer, commitment)
            else:
                self._scu.report(peer, self._commitments.check(commitment.commitment_id))
                self._commitments.reported(commitment.commitment_id)
        except (AssociationError, NotTaken, OSError) as error:
            log.warning("commitment.attempt_failed", peer=commitment.ae_title, reason=str(error))
            self._commitments.failed(commitment.commitment_id, str(error))
            return not isinstance(error, NotTaken)
        except Exception as error:
            log.exception("commitment.attempt_failed", peer=commitment.ae_title)
            self._commitments.failed(commitment.commitment_id, repr(error))
        return False

    def _ask(self, peer: Peer, commitment: Commitment) -> None:
        def told(transaction_uid: str, references: list[Reference]) -> Taken:
            return self._commitments.told(peer.actor("commitment"), transaction_uid, references)

        self._scu.ask(peer, commitment, asked=lambda: self._commitments.asked(commitment.commitment_id), told=told)

    def _peer(self, commitment: Commitment) -> Peer:
        if commitment.direction is Direction.BY_PEER and commitment.state is CommitmentState.WAITING:
            # What is kept is to be known even if nobody can be told of it.
            self._commitments.check(commitment.commitment_id)
        peer = self._peers.find(commitment.ae_title)
        if peer is None or not peer.enabled:
            raise NotTaken("the peer is not known any more, or is disabled")
        if commitment.direction is Direction.BY_PEER and not peer.may(Service.COMMITMENT):
            raise NotTaken("the peer may not use storage commitment any more")
        if peer.site_code != commitment.site_code:
            raise NotTaken("the peer belongs to another site now")
        return peer

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.look()
            except Exception:
                # A locked or full database: what is due stays due.
                log.exception("commitment.failed")
            self._woken.wait(_PAUSE)
            self._woken.clear()
