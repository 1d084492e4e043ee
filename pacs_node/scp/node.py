"""The DICOM port of the hub."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog
from pydicom.uid import UID
from pynetdicom import AE, evt
from pynetdicom.transport import AssociationServer, ThreadedAssociationServer

from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, ActorKind, Resource
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.ingest.service import IngestService
from pacs_node.peers.model import Peer
from pacs_node.peers.service import PeerDirectory
from pacs_node.scp.association import Door, NodeAssociation
from pacs_node.scp.contexts import accepted
from pacs_node.scp.places import Places
from pacs_node.scp.service import DimseService
from pacs_node.scp.transport import MAXIMUM_PDU
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.ids import new_id
from shared_kernel.settings import Address, Settings

# A-ASSOCIATE-RJ: result, source, reason (PS3.8 section 9.3.4).
CALLING_AE_UNKNOWN = (1, 1, 3)
CALLED_AE_UNKNOWN = (1, 1, 7)
CONGESTION = (2, 3, 1)
LOCAL_LIMIT = (2, 3, 2)

_QUIET_EVENTS = (evt.EVT_DIMSE_RECV, evt.EVT_DIMSE_SENT, evt.EVT_PDU_RECV, evt.EVT_PDU_SENT)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Services:
    ingest: IngestService
    places: Places
    patience: float
    request_patience: float
    message_patience: float
    others: tuple[DimseService, ...] = ()

    def serving(self, sop_class_uid: str, peer: Peer) -> DimseService | None:
        """See `association.Services`."""
        for service in self.others:
            if any(offer.sop_class_uid == sop_class_uid and peer.may(offer.service) for offer in service.offers):
                return service
        return None


class _Server(AssociationServer):
    """pynetdicom's server, knowing what its associations need.

    A connection has no thread before it has a place.
    """

    request_queue_size = 128

    def __init__(self, *args: Any, services: _Services, **kwargs: Any) -> None:
        self.services = services
        super().__init__(*args, **kwargs)

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what went wrong with a new connection; the base class prints it."""
        log.exception("scp.connection_failed", host=str(client_address))


class DicomNode:
    """Storage SCP, Verification SCP and further `services`, for known peers.

    An association is let in when the calling AE title is a peer's at that moment and the called one is
    ours; otherwise it is rejected with the standard's reason and a line in the audit trail. `patience`
    is how many seconds a silent peer is waited for, `request_patience` how many a connection has until its
    A-ASSOCIATE-RQ is there (the ARTIM timer, PS3.8 section 9.1.5), and
    `message_patience` how many a message has from its first fragment to its last, beside those that its
    bytes take at SLOWEST_BYTES_PER_SECOND (unless said, ten times `patience`).
    """

    def __init__(
        self,
        settings: Settings,
        ingest: IngestService,
        peers: PeerDirectory,
        gate: AccessGate,
        *,
        database: Database,
        clock: Clock,
        services: Sequence[DimseService] = (),
        patience: float = 60.0,
        request_patience: float = 10.0,
        message_patience: float | None = None,
    ) -> None:
        self._settings = settings
        self._peers = peers
        self._gate = gate
        self._database = database
        self._clock = clock
        self._services = _Services(
            ingest,
            Places(settings.max_associations),
            patience,
            request_patience,
            message_patience or 10 * patience,
            tuple(services),
        )
        self._ae = AE(ae_title=settings.ae_title)
        self._ae.maximum_pdu_size = MAXIMUM_PDU
        # pynetdicom would count every connection; places count those that were let in.
        self._ae.maximum_associations = sys.maxsize
        self._ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self._ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self._ae.acse_timeout = request_patience
        self._ae.dimse_timeout = self._ae.network_timeout = patience
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Address:
        """Listen; returns the address, with the port that the system chose where the setting is 0. Raises OSError."""
        server = _Server(
            self._ae,
            tuple(self._settings.dicom),
            self._settings.ae_title,
            [],
            evt_handlers=[(evt.EVT_REQUESTED, self._requested), (evt.EVT_SOP_EXTENDED, self._extended)],
            request_handler=Door,
            services=self._services,
        )
        for event in _QUIET_EVENTS:
            # These format every PDU for a debugging log that nobody reads.
            bound: Any = server.get_handlers(event)
            for handler, _ in list(bound):
                server.unbind(event, handler)
        # Annotated as the threaded kind, which differs only in how connections are taken.
        self._ae._servers.append(cast(ThreadedAssociationServer, server))
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="dicom-node", daemon=True)
        self._thread.start()
        host, port = server.server_address[:2]
        return Address(str(host), int(port))

    def stop(self) -> None:
        """Take no more associations and abort those that are open; returns when they have ended."""
        if self._server is None:
            return
        server, self._server = self._server, None
        server.shutdown()
        open_associations = server.active_associations
        for assoc in open_associations:
            cast(NodeAssociation, assoc).end()
        for assoc in open_associations:
            assoc.join(self._services.patience)
        if self._thread:
            self._thread.join()

    def _requested(self, event: Any) -> None:
        assoc: NodeAssociation = event.assoc
        assoc.place.ask()
        try:
            rejection = self._admit(assoc)
        except Exception:
            log.exception("scp.admission_failed")
            rejection = CONGESTION
        if rejection is not None:
            assoc.place.refuse()
            assoc.acse.send_reject(*rejection)
            assoc.kill()

    def _admit(self, assoc: NodeAssociation) -> tuple[int, int, int] | None:
        """Let an association in, or say why not."""
        request: Any = assoc.requestor.primitive
        calling, called = str(request.calling_ae_title).strip(), str(request.called_ae_title).strip()
        assoc.requestor.ae_title = calling
        if called != self._settings.ae_title.strip():
            self._refuse(calling, f"called AE title {called!r} is not ours")
            return CALLED_AE_UNKNOWN
        peer = self._peers.find(calling)
        if peer is None or not peer.enabled:
            self._refuse(calling, "calling AE title is unknown" if peer is None else "the peer is disabled")
            return CALLING_AE_UNKNOWN
        if not peer.may_come_from(assoc.place.host):
            self._refuse(calling, f"not one of the peer's addresses: {assoc.place.host}")
            return CALLING_AE_UNKNOWN
        if not assoc.place.admit():
            log.warning("scp.association_refused", calling_ae=calling, reason="too many associations")
            return LOCAL_LIMIT
        sender = peer.actor(new_id())
        self._note(sender, f"from {assoc.place.host}")
        assoc.let_in(peer, sender)
        offers = [offer for service in self._services.others for offer in service.offers]
        assoc.acceptor.supported_contexts = accepted(request.presentation_context_definition_list, peer, offers)
        log.info("scp.association_opened", calling_ae=calling, site=peer.site_code)
        return None

    def _extended(self, event: Any) -> dict[UID, bytes]:
        """Answer the SOP class extended negotiation of what we offer this peer."""
        assoc: NodeAssociation = event.assoc
        offers = [offer for service in self._services.others for offer in service.offers]
        return {
            UID(offer.sop_class_uid): offer.negotiate(event.app_info[offer.sop_class_uid])
            for offer in offers
            if offer.negotiate
            and offer.sop_class_uid in event.app_info
            and assoc.peer
            and assoc.peer.may(offer.service)
        }

    def _note(self, sender: Actor, reason: str) -> None:
        """One row for each association: a peer that can't be put into the trail isn't let in."""
        resource = Resource(label="association", site_code=sender.site_code)
        entry = audit_entry(sender, "association.open", resource, clock=self._clock, outcome="done", reason=reason)
        with self._database.write() as session:
            record(session, [entry])

    def _refuse(self, calling: str, reason: str) -> None:
        stranger = Actor(
            kind=ActorKind.PEER,
            login=f"ae:{calling}",
            name=calling,
            role=None,
            site_code="",
            site_name="",
            session_id="",
        )
        log.warning("scp.association_refused", calling_ae=calling, reason=reason)
        self._gate.deny(stranger, Action.STUDY_STORE, Resource(label="association", site_code=""), reason)
