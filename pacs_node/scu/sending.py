"""Storage SCU (PS3.4 annex B): stored instances to a peer, on associations that we open."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence

import structlog

from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.model import InstanceRecord
from pacs_node.peers.model import Peer
from pacs_node.scu.associations import OpenAssociations
from pacs_node.scu.contexts import batches, proposals
from pacs_node.scu.model import Sent
from pacs_node.scu.requests import StoreRequests, failed
from pacs_node.transcoding.workspace import SYSTEM, Workspace
from pacs_node.upper_layer.errors import AssociationError, Refused
from pacs_node.upper_layer.requestor import Proposal, Requestor

_ASSOCIATIONS = 3
"""How often a broken association is opened anew before what it left has failed."""

log = structlog.get_logger(__name__)


def _never() -> bool:
    return False


class StorageScu:
    """Sends instances to peers under our AE title. Each call has associations of its own; safe between threads."""

    def __init__(
        self,
        ae_title: str,
        *,
        patience: float = 60.0,
        connect_patience: float = 10.0,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        work: Workspace = SYSTEM,
    ) -> None:
        self._ae_title = ae_title.strip()
        self._patience = patience
        self._connect_patience = connect_patience
        self._tls = tls
        self._work = work
        self._associations = OpenAssociations()

    def cut(self) -> None:
        """From any thread: end every association that is open now; what it was sending has failed."""
        self._associations.cut()

    def send(
        self,
        peer: Peer,
        records: Sequence[InstanceRecord],
        *,
        originator: tuple[str, int] | None = None,
        cancelled: Callable[[], bool] = _never,
    ) -> Iterator[Sent]:
        """Send instances one after the other; says of each, once it is known, what became of it.

        `originator` is the AE title and message id of the C-MOVE behind it. What is left when `cancelled` says so is
        not told of. An association that breaks is opened again for what it left. Never raises for what the peer
        does; ValueError for a peer without an address.
        """
        if peer.address is None:
            raise ValueError(f"{peer.ae_title} has no address")
        for batch in batches(records, peer.accepts):
            yield from self._batch(peer, batch, originator, cancelled)
            if cancelled():
                return

    def _batch(
        self,
        peer: Peer,
        batch: list[InstanceRecord],
        originator: tuple[str, int] | None,
        cancelled: Callable[[], bool],
    ) -> Iterator[Sent]:
        left = list(reversed(batch))
        broken = 0
        while left and not cancelled():
            unsent = len(left)
            try:
                yield from self._associate(peer, left, originator, cancelled)
            except AssociationError as error:
                reason = str(error)
                log.info("scu.association_failed", called_ae=peer.ae_title, reason=reason, left=len(left))
                # One that brings us nowhere is tried a few times; one that sent something counts from the start.
                broken = broken + 1 if len(left) == unsent else 1
                if broken >= _ASSOCIATIONS or (isinstance(error, Refused) and not error.is_transient):
                    while left:
                        yield failed(left.pop(), reason, again=True, reached=False)

    def _associate(
        self,
        peer: Peer,
        left: list[InstanceRecord],
        originator: tuple[str, int] | None,
        cancelled: Callable[[], bool],
    ) -> Iterator[Sent]:
        """Send from the end of `left`, which becomes shorter. Raises AssociationError."""
        wanted = proposals(left, peer.accepts)
        if not wanted:
            while left:
                yield failed(left.pop(), "the peer's setting allows no transfer syntax that it can be given in")
            return
        association = self._open(peer, wanted)
        requests = StoreRequests(association, peer.accepts, peer.intake.coercions, originator, self._work)
        with self._associations.holding(association), association, requests:
            while left and not cancelled():
                sent = requests.store(left[-1], following=left[-2] if len(left) > 1 else None)
                left.pop()
                yield sent

    def _open(self, peer: Peer, wanted: list[Proposal]) -> Requestor:
        assert peer.address is not None  # noqa: S101 - asked by `send`
        return Requestor.open(
            peer.address,
            calling=self._ae_title,
            called=peer.ae_title,
            proposals=wanted,
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            tls=self._tls() if peer.tls else None,
            connect_patience=self._connect_patience,
            patience=self._patience,
        )
