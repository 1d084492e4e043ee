"""Which presentation contexts the node accepts: verification, every storage class, and what services offer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pynetdicom.service_class import NonPatientObjectStorageServiceClass, ServiceClass, StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from pacs_node.peers.model import Peer, Service
from pacs_node.scp.service import Offer
from pacs_node.upper_layer.items import (
    ABSTRACT_SYNTAX_NOT_SUPPORTED,
    ACCEPTANCE,
    TRANSFER_SYNTAXES_NOT_SUPPORTED,
    AssociateRequest,
    ContextResult,
    ProposedContext,
    Role,
)

VERIFICATION = "1.2.840.10008.1.1"
_STORAGE_SERVICES = (StorageServiceClass, NonPatientObjectStorageServiceClass)
_STORAGE_ROOT = "1.2.840.10008.5.1.4.1.1."
"""Where the standard puts its storage classes; what pynetdicom does not know there is a newer or a retired one.

What the rule takes was compared in November 2026 with edition 2026d, the newest then: every row of PS3.4 table B.5-1
and every SOP class of the registry of UIDs (PS3.6 table A-1) is taken if it is a storage class, and nothing else is. A
test compares it with the installed dictionary and with what has come since.
"""
_RETIRED = {
    "1.2.840.10008.5.1.1.27",  # Stored Print
    "1.2.840.10008.5.1.1.29",  # Hardcopy Grayscale Image
    "1.2.840.10008.5.1.1.30",  # Hardcopy Color Image
    "1.2.840.10008.5.1.4.34.1",  # RT Beams Delivery Instruction - Trial
}
_NO_CLASSES = {
    "1.2.840.10008.4.2",  # the service class itself
    "1.2.840.10008.5.1.4.1.1.201.1.1",  # the well-known instance of storage management
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What an association may be used for."""

    results: tuple[ContextResult, ...]
    """One for each proposed context, in their order."""
    proposed: dict[int, ProposedContext]
    roles: tuple[Role, ...] = ()
    """The answers to the role selections that we take up."""
    extended: tuple[tuple[str, bytes], ...] = ()
    storing: frozenset[int] = frozenset()
    """Ids of the contexts on which the peer may send C-STORE requests."""

    @property
    def accepted(self) -> dict[int, tuple[str, str]]:
        """Abstract and transfer syntax of the accepted contexts."""
        return {
            one.context_id: (self.proposed[one.context_id].abstract_syntax, one.transfer_syntax)
            for one in self.results
            if one.result == ACCEPTANCE
        }


@lru_cache(maxsize=1024)
def is_storage(sop_class_uid: str) -> bool:
    """Whether the standard has it as a storage class, of an edition past or to come; private ones it has none."""
    if sop_class_uid in _NO_CLASSES:
        return False
    service = uid_to_service_class(sop_class_uid)
    if service is ServiceClass:
        return sop_class_uid.startswith(_STORAGE_ROOT) or sop_class_uid in _RETIRED
    return service in _STORAGE_SERVICES


def only_stores(request: AssociateRequest, private: frozenset[str]) -> bool:
    """Whether nothing but storage and verification is proposed."""
    return all(
        one.abstract_syntax == VERIFICATION or one.abstract_syntax in private or is_storage(one.abstract_syntax)
        for one in request.contexts
    )


def negotiate(
    request: AssociateRequest, peer: Peer, offers: Iterable[Offer] = (), private: frozenset[str] = frozenset()
) -> Negotiated:
    """What becomes of each context of `request` from `peer`; `private` are storage classes beside the standard's.

    Every transfer syntax is accepted for verification and storage, because nothing is decoded, and of each
    context's syntaxes the requestor's first is taken (the acceptor may choose, PS3.8 section 9.3.3). Of an
    offer, the first of its own syntaxes that is proposed. A requestor that proposes to be the SCP of a storage
    class may be, if it may C-GET (PS3.4 section C.5.3, PS3.7 annex D.3.3.4).
    """
    offered = {offer.sop_class_uid: offer for offer in offers if peer.may(offer.service)}
    asked = {role.sop_class_uid: role for role in request.user.roles}
    results: list[ContextResult] = []
    roles: dict[str, Role] = {}
    storing: set[int] = set()
    for context in request.contexts:
        sop_class = context.abstract_syntax
        chosen: str | None = context.transfer_syntaxes[0]
        reason = ACCEPTANCE
        if sop_class in offered:
            wanted = offered[sop_class].transfer_syntaxes
            chosen = next((uid for uid in wanted if uid in context.transfer_syntaxes), None)
            reason = ACCEPTANCE if chosen else TRANSFER_SYNTAXES_NOT_SUPPORTED
            if offered[sop_class].either_role and sop_class in asked:
                roles[sop_class] = asked[sop_class]
        elif is_storage(sop_class) or sop_class in private:
            role = _role(asked.get(sop_class), peer)
            if role is not None:
                roles[sop_class] = role
            sends = peer.may(Service.STORE) and (role is None or role.scu)
            if sends:
                storing.add(context.context_id)
            if not sends and not (role and role.scp):
                reason = ABSTRACT_SYNTAX_NOT_SUPPORTED
        elif sop_class != VERIFICATION:
            reason = ABSTRACT_SYNTAX_NOT_SUPPORTED
        results.append(ContextResult(context.context_id, reason, chosen or context.transfer_syntaxes[0]))
    extended = tuple(
        (uid, negotiated(information))
        for uid, information in request.user.extended
        if uid in offered and (negotiated := offered[uid].negotiate)
    )
    return Negotiated(
        results=tuple(results),
        proposed={context.context_id: context for context in request.contexts},
        roles=tuple(roles.values()),
        extended=extended,
        storing=frozenset(storing),
    )


def _role(asked: Role | None, peer: Peer) -> Role | None:
    """The roles that we grant of those asked for; None leaves it at the default, SCU."""
    if asked is None or not asked.scp or not peer.may(Service.GET):
        return None
    return Role(asked.sop_class_uid, scu=asked.scu and peer.may(Service.STORE), scp=True)
