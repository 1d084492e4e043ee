"""Which presentation contexts the node accepts: verification, and every class of the storage service."""

from __future__ import annotations

from collections.abc import Iterable

from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.service_class import NonPatientObjectStorageServiceClass, ServiceClass, StorageServiceClass
from pynetdicom.sop_class import uid_to_service_class

VERIFICATION = "1.2.840.10008.1.1"
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
# A class that pynetdicom has no service for is a private or a newer storage class.
_STORAGE_SERVICES = (StorageServiceClass, NonPatientObjectStorageServiceClass, ServiceClass)


def is_storage(sop_class_uid: str) -> bool:
    """Whether instances of the class can be stored, as far as anybody knows."""
    return uid_to_service_class(sop_class_uid) in _STORAGE_SERVICES and sop_class_uid != _MEDIA_DIRECTORY


def accepted(proposed: Iterable[PresentationContext]) -> list[PresentationContext]:
    """What to support on an association where this is proposed.

    Every transfer syntax is supported for storage, because nothing is decoded. Of each context's
    syntaxes the requestor's first is taken (the acceptor may choose, PS3.8 section 9.3.3); the others
    are struck from `proposed`, because pynetdicom chooses by abstract syntax, not by context.
    """
    proposed = list(proposed)
    for context in proposed:
        context.transfer_syntax = [*context.transfer_syntax[:1]]
    syntaxes: dict[str, list[str]] = {}
    for context in proposed:
        sop_class = str(context.abstract_syntax)
        if sop_class == VERIFICATION or is_storage(sop_class):
            known = syntaxes.setdefault(sop_class, [])
            known += [str(uid) for uid in context.transfer_syntax if str(uid) not in known]
    return [build_context(sop_class, uids) for sop_class, uids in syntaxes.items() if uids]
