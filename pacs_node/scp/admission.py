"""Who is let in, decided once for both lanes: AE titles, addresses, certificates, numbers; and put into the trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from access_control.gate import audit_entry
from access_control.model import Actor, Resource
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.peers.model import Peer
from pacs_node.peers.refusals import Why, sentence
from pacs_node.peers.service import PeerDirectory
from pacs_node.scp.contexts import Negotiated, negotiate, only_stores
from pacs_node.scp.places import Place
from pacs_node.scp.rate import Meter, Meters
from pacs_node.scp.refusals import Refusals
from pacs_node.scp.service import Offer
from pacs_node.upper_layer.items import APPLICATION_CONTEXT, AssociateAccept, AssociateRequest, UserInformation
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.ids import new_id

# A-ASSOCIATE-RJ: result, source, reason (PS3.8 section 9.3.4).
CALLING_AE_UNKNOWN = (1, 1, 3)
CALLED_AE_UNKNOWN = (1, 1, 7)
APPLICATION_CONTEXT_UNKNOWN = (1, 1, 2)
PROTOCOL_VERSION_UNKNOWN = (1, 2, 2)
CONGESTION = (2, 3, 1)
LOCAL_LIMIT = (2, 3, 2)

MAXIMUM_PDU = 256 * 1024
"""Bytes of a P-DATA-TF PDU that we announce (PS3.8 annex D.1)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """An association that was let in: whose it is, and what it may be used for."""

    request: AssociateRequest
    peer: Peer
    sender: Actor
    negotiated: Negotiated
    stores_only: bool
    """Whether nothing but storage and verification was proposed: the storage lane's."""
    meter: Meter | None

    def answer(self) -> AssociateAccept:
        """What is said to the requestor."""
        return AssociateAccept(
            called="",
            calling="",
            contexts=self.negotiated.results,
            user=UserInformation(
                maximum_length=MAXIMUM_PDU,
                implementation_class_uid=IMPLEMENTATION_CLASS_UID,
                implementation_version_name=IMPLEMENTATION_VERSION_NAME,
                roles=self.negotiated.roles,
                extended=self.negotiated.extended,
            ),
        )


class Rejection(Exception):
    """The request is rejected: result, source, reason."""

    def __init__(self, why: tuple[int, int, int]) -> None:
        super().__init__(f"rejected: {why}")
        self.why = why


class Admission:
    """Lets associations in. Safe to share between threads."""

    def __init__(
        self,
        peers: PeerDirectory,
        *,
        database: Database,
        clock: Clock,
        ae_title: str,
        offers: Sequence[Offer] = (),
        private: frozenset[str] = frozenset(),
    ) -> None:
        self._peers = peers
        self._database = database
        self._clock = clock
        self._ae_title = ae_title.strip()
        self._offers = offers
        self._private = private
        self._meters = Meters()
        self._refusals = Refusals(database, clock)

    def decide(self, request: AssociateRequest, place: Place, certificate: str = "") -> Admitted:
        """Let an association in, or raise Rejection; either way the trail knows.

        `certificate` is the SHA-256 of the one that the client showed and TLS has verified, hexadecimal.
        """
        try:
            return self._decide(request, place, certificate)
        except Rejection:
            raise
        except Exception:
            log.exception("scp.admission_failed")
            raise Rejection(CONGESTION) from None

    def close(self) -> None:
        """Write what is still to be said of refusals."""
        self._refusals.settle(all_of_them=True)

    def _decide(self, request: AssociateRequest, place: Place, certificate: str) -> Admitted:
        calling, host = request.calling, place.host
        self._refusals.settle()
        if not request.protocol_version & 1:
            words = sentence(Why.OTHER, "protocol version")
            raise self._refuse(calling, host, words, PROTOCOL_VERSION_UNKNOWN)
        if request.application_context != APPLICATION_CONTEXT:
            words = sentence(Why.OTHER, "application context")
            raise self._refuse(calling, host, words, APPLICATION_CONTEXT_UNKNOWN)
        if request.called != self._ae_title:
            words = sentence(Why.CALLED, f"{request.called!r} is not ours")
            raise self._refuse(calling, host, words, CALLED_AE_UNKNOWN)
        peer = self._peers.find(calling)
        if peer is None:
            raise self._refuse(calling, host, sentence(Why.UNKNOWN))
        if not peer.enabled:
            raise self._refuse(calling, host, sentence(Why.DISABLED), stranger=False)
        if not peer.may_come_from(host):
            raise self._refuse(calling, host, sentence(Why.NETWORK), stranger=False)
        if peer.certificate and _plain(peer.certificate) != certificate:
            words = sentence(
                Why.CERTIFICATE, f"another certificate: {certificate}" if certificate else "no certificate"
            )
            raise self._refuse(calling, host, words, stranger=False)
        if not place.admit(peer.ae_title, peer.max_associations):
            raise self._refuse(calling, host, sentence(Why.LIMIT), LOCAL_LIMIT, stranger=False)
        sender = peer.actor(new_id())
        self._note(sender, f"from {host}")
        log.info("scp.association_opened", calling_ae=calling, site=peer.site_code)
        return Admitted(
            request=request,
            peer=peer,
            sender=sender,
            negotiated=negotiate(request, peer, self._offers, self._private),
            stores_only=only_stores(request, self._private),
            meter=self._meters.of(peer.ae_title, peer.max_rate),
        )

    def _note(self, sender: Actor, reason: str) -> None:
        """One row for each association: a peer that can't be put into the trail isn't let in."""
        resource = Resource(label="association", site_code=sender.site_code)
        entry = audit_entry(sender, "association.open", resource, clock=self._clock, outcome="done", reason=reason)
        with self._database.write() as session:
            record(session, [entry])

    def _refuse(
        self,
        calling: str,
        host: str,
        words: str,
        why: tuple[int, int, int] = CALLING_AE_UNKNOWN,
        *,
        stranger: bool = True,
    ) -> Rejection:
        log.warning("scp.association_refused", calling_ae=calling, host=host, reason=words)
        self._refusals.note(calling, words, host, stranger=stranger)
        return Rejection(why)


def _plain(digest: str) -> str:
    return digest.replace(":", "").lower()
