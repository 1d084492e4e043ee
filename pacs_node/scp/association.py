"""An association of the node: pynetdicom's, with C-STORE answered by ingest."""

from __future__ import annotations

import socket
from typing import Any, Protocol, cast

import structlog
from pynetdicom._globals import MODE_ACCEPTOR
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.transport import AddressInformation, AssociationServer, RequestHandler

from access_control.model import Actor
from pacs_node.errors import InstanceRefused, StorageFull
from pacs_node.ingest.service import IngestService
from pacs_node.peers.model import Peer
from pacs_node.scp.places import Place, Places
from pacs_node.scp.receiving import ReceivingProvider
from pacs_node.scp.service import DimseService
from pacs_node.scp.transport import BoundedSocket, UpperLayer
from shared_kernel.errors import Forbidden, Unavailable

SUCCESS = 0x0000
NOT_AUTHORISED = 0x0124
OUT_OF_RESOURCES = 0xA700
CANNOT_UNDERSTAND = 0xC000
UNEXPECTED = 0xC0FF
"""Our own failure (of the range C000-CFFF, PS3.4 table B.2-1); the log says which."""

_LONGEST_COMMENT = 64
_ABORT_SECONDS = 0.5

log = structlog.get_logger(__name__)


class Services(Protocol):
    """What an association needs of the node."""

    @property
    def ingest(self) -> IngestService:
        """Where instances go."""
        ...

    @property
    def patience(self) -> float:
        """Seconds that a silent peer is waited for."""
        ...

    @property
    def request_patience(self) -> float:
        """Seconds that the A-ASSOCIATE-RQ is waited for."""
        ...

    @property
    def message_patience(self) -> float:
        """Seconds that a message has, beside those for the bytes of its data set."""
        ...

    @property
    def places(self) -> Places:
        """Who is connected."""
        ...

    def serving(self, sop_class_uid: str, peer: Peer) -> DimseService | None:
        """The service that answers requests of this SOP class from this peer, if any."""
        ...


class NodeAssociation(Association):
    """One association; `peer` and `sender` are set when it has been let in."""

    def __init__(self, ae: Any, services: Services, place: Place) -> None:
        super().__init__(ae, MODE_ACCEPTOR)
        self._services = services
        self.place = place
        self.peer: Peer | None = None
        self.sender: Actor | None = None
        self.dul = UpperLayer(self)
        # These were set on the upper layer that pynetdicom made.
        self.acse_timeout, self.network_timeout = ae.acse_timeout, ae.network_timeout
        self.receiver = ReceivingProvider(self, services.ingest, patience=services.message_patience)
        self.dimse = self.receiver

    def run_reactor(self) -> None:
        """Serve until released or aborted, and leave nothing half received."""
        try:
            super().run_reactor()
        finally:
            self.receiver.close()
            self.place.leave()

    def let_in(self, peer: Peer, sender: Actor) -> None:
        """From now on the peer acts as `sender`, and has the time of an association."""
        self.peer, self.sender = peer, sender
        self.receiver.admitted(peer, sender)
        if isinstance(self.dul.socket, BoundedSocket):
            self.dul.socket.admitted()

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
        if context_id not in self._accepted_cx or not msg.is_valid_request:
            self.receiver.answered(msg)
            log.warning("scp.invalid_request", calling_ae=str(self.requestor.ae_title), context_id=context_id)
            self.abort()
            return
        status, comment = self._store(msg)
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
            setattr(response, "ErrorComment", comment[:_LONGEST_COMMENT])  # noqa: B010 - None in the class's type
        self.dimse.send_msg(response, context_id)

    def _serve_other(self, msg: Any, context_id: int) -> None:
        context = self._accepted_cx.get(context_id)
        service = self.peer and context and self._services.serving(str(context.abstract_syntax), self.peer)
        if not service or not msg.is_valid_request:
            log.warning(
                "scp.protocol_error", reason=f"a request that is not offered: {msg.msg_type}", calling_ae=self._peer()
            )
            self.abort()
            return
        try:
            service.serve(self, msg, context_id)
        except Exception:
            log.exception("scp.service_failed", calling_ae=self._peer(), request=msg.msg_type)
            self.abort()

    def _store(self, msg: C_STORE) -> tuple[int, str]:
        """Store what was received; returns the status and the comment of the response (PS3.4 table B.2-1)."""
        receiving = self.receiver.received_with(msg)
        if receiving is None:
            return CANNOT_UNDERSTAND, "There is no data set in the request."
        try:
            receiving.store()
        except InstanceRefused as refusal:
            # Of a full disk the archive tells once; a line an instance would fill what is left of it.
            tell = log.debug if isinstance(refusal, StorageFull) else log.info
            tell("scp.instance_refused", code=refusal.code, calling_ae=self._peer(), **refusal.details)
            return refusal.dimse_status, _ascii(refusal)
        except Forbidden as refusal:
            return NOT_AUTHORISED, _ascii(refusal)
        except Unavailable as refusal:
            return OUT_OF_RESOURCES, _ascii(refusal)
        except Exception:
            log.exception("scp.store_failed", calling_ae=self._peer(), sop_instance_uid=str(msg.AffectedSOPInstanceUID))
            return UNEXPECTED, "The hub failed; its log says why."
        return SUCCESS, ""

    def _peer(self) -> str:
        return self.sender.login if self.sender else ""


def _ascii(error: Exception) -> str:
    return str(error).encode("ascii", "replace").decode("ascii")


class ServingAssociations(AssociationServer):
    """The server's type as an association sees it."""

    services: Services


class Door(RequestHandler):
    """Makes a NodeAssociation of each TCP connection that there is a place for."""

    def handle(self) -> None:
        """Start the association, or close the connection before there is one."""
        server, sock = cast(ServingAssociations, self.server), cast(socket.socket, self.request)
        place = server.services.places.enter(self.client_address[0], sock)
        if place is None:
            server.shutdown_request(sock)
            return
        try:
            self._make(place).start()
        except BaseException:
            place.leave()
            raise

    def _make(self, place: Place) -> NodeAssociation:
        server, ae = cast(ServingAssociations, self.server), self.ae
        services = server.services
        assoc = NodeAssociation(ae, services, place)
        assoc._server = server
        # pynetdicom finds its acceptors by this name.
        assoc.name = f"AcceptorThread@{self.client_address[0]}:{self.client_address[1]}"
        assoc.set_socket(
            BoundedSocket(assoc, self.request, patience=services.patience, request_patience=services.request_patience)
        )
        acceptor = assoc.acceptor
        acceptor.maximum_length = ae.maximum_pdu_size
        acceptor.ae_title = server.ae_title
        acceptor.address_info = AddressInformation.from_tuple(server.server_address)
        acceptor.implementation_class_uid = ae.implementation_class_uid
        acceptor.implementation_version_name = ae.implementation_version_name
        acceptor.supported_contexts = []
        assoc.requestor.address_info = AddressInformation.from_tuple(self.client_address)
        bindings: dict[Any, Any] = dict(server._handlers)
        for event, bound in bindings.items():
            for handler, args in [bound] if event.is_intervention else bound:
                assoc.bind(event, handler, args)
        return assoc
