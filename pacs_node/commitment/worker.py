"""Brings transactions to their end in the background: what is due stands in the database, so a restart loses none."""

from __future__ import annotations

import threading

import structlog

from pacs_node.commitment.model import Commitment, CommitmentState, Direction, Reference
from pacs_node.commitment.scu import CommitmentScu, NotTaken
from pacs_node.commitment.service import CommitmentService
from pacs_node.peers.model import Peer, Service
from pacs_node.peers.service import PeerDirectory
from pacs_node.upper_layer.errors import AssociationError

_AT_ONCE = 20
_PAUSE = 2.0

log = structlog.get_logger(__name__)


class CommitmentWorker:
    """One thread that checks, reports and asks; failed attempts are tried again after growing pauses."""

    def __init__(self, commitments: CommitmentService, peers: PeerDirectory, scu: CommitmentScu) -> None:
        self._commitments = commitments
        self._peers = peers
        self._scu = scu
        self._stopping = False
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="storage-commitment", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the attempt in hand."""
        self._stopping = True
        self._woken.set()
        if self._thread:
            self._thread.join()

    def wake(self) -> None:
        """Something is due."""
        self._woken.set()

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def run_once(self) -> int:
        """One attempt at everything that is due; returns at how many."""
        due = self._commitments.take_due(_AT_ONCE)
        for commitment in due:
            if self._stopping:
                self._commitments.hand_to_worker(commitment.commitment_id)
                continue
            self._attempt(commitment)
        return len(due)

    def _attempt(self, commitment: Commitment) -> None:
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
        except Exception as error:
            log.exception("commitment.attempt_failed", peer=commitment.ae_title)
            self._commitments.failed(commitment.commitment_id, repr(error))

    def _ask(self, peer: Peer, commitment: Commitment) -> None:
        def told(transaction_uid: str, references: list[Reference]) -> bool:
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
                while self.run_once() == _AT_ONCE and not self._stopping:
                    pass
            except Exception:
                # A locked or full database: what is due stays due.
                log.exception("commitment.failed")
            self._woken.wait(_PAUSE)
            self._woken.clear()
