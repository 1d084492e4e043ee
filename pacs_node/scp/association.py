"""An association on pynetdicom's lane: admitted already, its services ours, C-STORE answered as on the other lane."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, cast

import structlog
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.acse import ACSE
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation, SOPClassExtendedNegotiation
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation

from access_control.model import Actor
from pacs_node.ingest.service import IngestService
from pacs_node.peers.model import Peer
from pacs_node.scp.admission import MAXIMUM_PDU, Admitted
from pacs_node.scp.answers import stored
from pacs_node.scp.receiving import ReceivingProvider
from pacs_node.scp.service import DimseService
from pacs_node.scp.transport import BoundedSocket, UpperLayer
from pacs_node.upper_layer.command_set import LONGEST_COMMENT
from pacs_node.upper_layer.items import ACCEPTANCE, ContextResult

_ABORT_SECONDS = 0.5
# These format every PDU for a debugging log that nobody reads.
_QUIET_EVENTS = (evt.EVT_DIMSE_RECV, evt.EVT_DIMSE_SENT, evt.EVT_PDU_RECV, evt.EVT_PDU_SENT)

log = structlog.get_logger(__name__)

Serving = Callable[[str, Peer], DimseService | None]
"""The service that answers requests of a SOP class from a peer, if any."""


class _Acse(ACSE):
    """pynetdicom's negotiation, with the decisions that admission has made."""

    def _negotiate_as_acceptor(self) -> None:
        assoc = cast(NodeAssociation, self.assoc)
        admitted = assoc.admitted
        contexts = [_context(one, admitted) for one in admitted.negotiated.results]
        assoc._accepted_cx = {cast(int, one.context_id): one for one in contexts if one.result == ACCEPTANCE}
        assoc._rejected_cx = [one for one in contexts if one.result != ACCEPTANCE]
        for role in admitted.negotiated.roles:
            item = SCP_SCU_RoleSelectionNegotiation()
            item.sop_class_uid, item.scu_role, item.scp_role = UID(role.sop_class_uid), role.scu, role.scp
            self.acceptor.add_negotiation_item(item)
        for uid, information in admitted.negotiated.extended:
            extended = SOPClassExtendedNegotiation()
            extended.sop_class_uid, extended.service_class_application_information = UID(uid), information
            self.acceptor.add_negotiation_item(extended)
        self.send_accept()
        self.assoc.is_established = True


def _context(one: ContextResult, admitted: Admitted) -> PresentationContext:
    proposed = admitted.negotiated.proposed[one.context_id]
    role = next((role for role in admitted.negotiated.roles if role.sop_class_uid == proposed.abstract_syntax), None)
    context = PresentationContext()
    context.context_id = one.context_id
    context.abstract_syntax = UID(proposed.abstract_syntax)
    context.transfer_syntax = [UID(one.transfer_syntax)]
    context.result = one.result
    # Ours are the roles that the requestor does not have.
    context._as_scp = role.scu if role else True
    context._as_scu = role.scp if role else False
    return context


class NodeAssociation(Association):
    """One association of `peer`, who acts as `sender`; `request` are the bytes from the A-ASSOCIATE-RQ on."""

    def __init__(
        self,
        ae: Any,
        sock: socket.socket,
        admitted: Admitted,
        *,
        request: bytes,
        ingest: IngestService,
        serving: Serving,
        patience: float,
        message_patience: float,
        address: tuple[str, int],
    ) -> None:
        super().__init__(ae, MODE_ACCEPTOR)
        self.admitted = admitted
        self.peer: Peer = admitted.peer
        self.sender: Actor = admitted.sender
        self._serving = serving
        self.acse = _Acse(self)
        self.dul = UpperLayer(self)
        # These were set on the upper layer that pynetdicom made.
        self.acse_timeout, self.network_timeout = ae.acse_timeout, ae.network_timeout
        self.receiver = ReceivingProvider(self, admitted, ingest, patience=message_patience)
        self.dimse = self.receiver
        for event in _QUIET_EVENTS:
            bound: Any = self.get_handlers(event)
            for handler, _ in list(bound):
                self.unbind(event, handler)
        self.set_socket(BoundedSocket(self, sock, patience=patience, ahead=request, meter=admitted.meter))
        self.acceptor.maximum_length = MAXIMUM_PDU
        self.acceptor.ae_title = ae.ae_title
        self.acceptor.implementation_class_uid = ae.implementation_class_uid
        self.acceptor.implementation_version_name = ae.implementation_version_name
        self.acceptor.supported_contexts = []
        self.requestor.ae_title = admitted.request.calling
        self.requestor.address_info = AddressInformation.from_tuple(address)

    def run_reactor(self) -> None:
        """Serve until released or aborted, and leave nothing half received."""
        try:
            super().run_reactor()
        finally:
            self.receiver.close()
            if self.dul.socket is not None:
                self.dul.socket.close()

    def end(self) -> None:
        """Abort if established, and close the connection; does not wait for the peer to agree."""
        if self.is_established:
            self.abort(block=False)
            self.dul.join(_ABORT_SECONDS)
        self._kill = True
        self.dul.kill_dul()
        self.dul.join(_ABORT_SECONDS)
        if self.dul.socket is not None:
            self.dul.socket.close()

    def _serve_request(self, msg: Any, context_id: int) -> None:
        if isinstance(msg, C_ECHO):
            super()._serve_request(msg, context_id)
            return
        if not isinstance(msg, C_STORE):
            self._serve_other(msg, context_id)
            return
        if context_id not in self.admitted.negotiated.storing or not msg.is_valid_request:
            self.receiver.answered(msg)
            log.warning("scp.protocol_error", reason="no valid C-STORE request", calling_ae=self.peer.ae_title)
            self.abort()
            return
        status, comment = stored(
            self.receiver.received_with(msg),
            calling=self.sender.login,
            sop_instance_uid=str(msg.AffectedSOPInstanceUID),
        )
        self.receiver.answered(msg)
        if not self.is_established:
            return
        response = C_STORE()
        response.MessageID = msg.MessageID
        response.MessageIDBeingRespondedTo = msg.MessageID
        response.AffectedSOPClassUID = msg.AffectedSOPClassUID
        response.AffectedSOPInstanceUID = msg.AffectedSOPInstanceUID
        response.Status = status
        if comment:
            setattr(response, "ErrorComment", comment[:LONGEST_COMMENT])  # noqa: B010 - None in the class's type
        self.dimse.send_msg(response, context_id)

    def _serve_other(self, msg: Any, context_id: int) -> None:
        context = self._accepted_cx.get(context_id)
        service = context and self._serving(str(context.abstract_syntax), self.peer)
        if not service or not msg.is_valid_request:
            log.warning(
                "scp.protocol_error",
                reason=f"a request that is not offered: {msg.msg_type}",
                calling_ae=self.peer.ae_title,
            )
            self.abort()
            return
        try:
            service.serve(self, msg, context_id)
        except Exception:
            log.exception("scp.service_failed", calling_ae=self.peer.ae_title, request=msg.msg_type)
            self.abort()
        finally:
            # A long answer is no silence of the peer.
            self.dul._idle_timer.restart()
