"""What a DIMSE service of the node is, beside storage and verification."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pacs_node.peers.model import Service

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A SOP class that is accepted from peers that may use `service`, and the syntaxes of its data sets."""

    sop_class_uid: str
    service: Service
    transfer_syntaxes: tuple[str, ...] = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)
    """In the order in which we choose of those that are proposed."""
    either_role: bool = False
    """Whether the requestor may be the SCP of the class, by role selection (PS3.7 annex D.3.3.4)."""
    negotiate: Callable[[bytes], bytes] | None = None
    """From the requestor's SOP class extended negotiation to our answer (PS3.7 annex D.3.3.5); None: no answer."""


class DimseService(Protocol):
    """A service on pynetdicom's lane. One object serves all associations, each on a thread of its own."""

    @property
    def offers(self) -> Sequence[Offer]:
        """What it can be asked for."""
        ...

    def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
        """Answer one request (a pynetdicom DIMSE primitive) of an offer's SOP class.

        `association.peer` and `association.sender` say who asks; responses go out by
        `association.dimse.send_msg`, a C-CANCEL is in `association.dimse.cancel_req`. Whatever this raises
        is logged and aborts the association: a service answers with the status of its error itself.
        """
        ...
