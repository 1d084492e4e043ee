"""C-MOVE SCP (PS3.4 section C.4.2): sub-operations on associations that we open to the destination."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pynetdicom.dimse_primitives import C_MOVE

from access_control.gate import AccessGate
from pacs_node.archive.catalogue import Catalogue
from pacs_node.model import InstanceRecord
from pacs_node.peers.model import Peer, Service
from pacs_node.peers.service import PeerDirectory
from pacs_node.scp.query_retrieve.errors import DestinationUnknown
from pacs_node.scp.query_retrieve.retrieval import Retrieval
from pacs_node.scp.query_retrieve.selection import Selection, admit
from pacs_node.scu.model import Sent
from pacs_node.scu.sending import StorageScu
from pacs_node.upper_layer.command_set import C_MOVE_RSP
from shared_kernel.database import Database

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation


class MoveService(Retrieval):
    """Sends to known peers; both the asker and the destination must be of sites that may see each study."""

    service = Service.MOVE
    response_field = C_MOVE_RSP
    request_type = C_MOVE

    def __init__(
        self, database: Database, catalogue: Catalogue, gate: AccessGate, peers: PeerDirectory, scu: StorageScu
    ) -> None:
        super().__init__(database, catalogue, gate)
        self._peers = peers
        self._scu = scu

    def check(self, association: NodeAssociation, request: Any, selection: Selection) -> None:
        """Whether the destination is known, and may see what is named."""
        destination = self._destination(request)
        admit(self.gate, destination.actor(association.sender.session_id), selection.studies)

    def deliver(self, association: NodeAssociation, request: Any, records: Sequence[InstanceRecord]) -> Iterator[Sent]:
        """Send them to the destination."""
        return self._scu.send(
            self._destination(request),
            records,
            originator=(association.peer.ae_title, int(request.MessageID)),
            cancelled=partial(self.is_cancelled, association, request),
        )

    def _destination(self, request: Any) -> Peer:
        title = str(request.MoveDestination or "").strip()
        peer = self._peers.find(title)
        if peer is None or not peer.enabled or peer.address is None:
            raise DestinationUnknown(f"{title} is no peer that can be sent to.")
        return peer
