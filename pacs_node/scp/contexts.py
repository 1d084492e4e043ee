"""Which presentation contexts the node accepts: verification, every storage class, and what services offer."""

from __future__ import annotations

from collections.abc import Iterable

from pydicom.uid import UID
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.service_class import NonPatientObjectStorageServiceClass, ServiceClass, StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

from pacs_node.peers.model import Peer, Service
from pacs_node.scp.service import Offer

VERIFICATION = "1.2.840.10008.1.1"
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
# A class that pynetdicom has no service for is a private or a newer storage class.
_STORAGE_SERVICES = (StorageServiceClass, NonPatientObjectStorageServiceClass, ServiceClass)


def is_storage(sop_class_uid: str) -> bool:
    """Whether instances of the class can be stored, as far as anybody knows."""
    return uid_to_service_class(sop_class_uid) in _STORAGE_SERVICES and sop_class_uid != _MEDIA_DIRECTORY


def accepted(
    proposed: Iterable[PresentationContext], peer: Peer, offers: Iterable[Offer] = ()
) -> list[PresentationContext]:
    """What to support on an association of `peer` where this is proposed.

    Every transfer syntax is supported for verification and storage, because nothing is decoded, and of each
    context's syntaxes the requestor's first is taken (the acceptor may choose, PS3.8 section 9.3.3). Of an
    offer, the first of its own syntaxes that is proposed. The others are struck from `proposed`, because
    pynetdicom chooses by abstract syntax, not by context.
    """
    offered = {offer.sop_class_uid: offer for offer in offers if peer.may(offer.service)}
    syntaxes: dict[str, list[str]] = {}
    for context in proposed:
        sop_class = str(context.abstract_syntax)
        asked = [str(uid) for uid in context.transfer_syntax]
        chosen: list[str] = []
        if sop_class in offered:
            chosen = [uid for uid in offered[sop_class].transfer_syntaxes if uid in asked][:1]
        elif sop_class == VERIFICATION or (peer.may(Service.STORE) and is_storage(sop_class)):
            chosen = asked[:1]
        context.transfer_syntax = [UID(uid) for uid in chosen or asked]
        if chosen:
            known = syntaxes.setdefault(sop_class, [])
            known += [uid for uid in chosen if uid not in known]
    supported = [build_context(sop_class, uids) for sop_class, uids in syntaxes.items()]
    for context in supported:
        if (offer := offered.get(str(context.abstract_syntax))) and offer.either_role:
            context.scu_role = context.scp_role = True
    return supported
