"""What C-MOVE and C-GET have in common: the request, its instances, pending responses and the last one."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import structlog
from pydicom.uid import UID

from access_control.decision import visible_sites
from access_control.gate import AccessGate
from access_control.model import Action
from pacs_node.archive.catalogue import Catalogue
from pacs_node.header.elements import BrokenDataSet
from pacs_node.model import InstanceRecord
from pacs_node.peers.model import Service
from pacs_node.scp.query_retrieve.encoding import ElementWriter, tag_and_vr
from pacs_node.scp.query_retrieve.errors import CannotProcess, NotAuthorised, RequestRefused
from pacs_node.scp.query_retrieve.extended import agreed
from pacs_node.scp.query_retrieve.identifier import Identifier, read_identifier
from pacs_node.scp.query_retrieve.models import model_of, offers_of
from pacs_node.scp.query_retrieve.selection import Selection, admit, named, records_of, select_instances
from pacs_node.scp.query_retrieve.suboperations import PENDING, SubOperations
from pacs_node.scp.query_retrieve.wire import ConnectionGone, Responses, is_gone
from pacs_node.scp.service import Offer
from pacs_node.scu.model import Sent
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, NotFound, Unavailable

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

OUT_OF_RESOURCES = 0xA701
"""Unable to calculate the number of matches."""
FAILED = 0xC0FF
_FAILED_LIST = tag_and_vr("FailedSOPInstanceUIDList")
_SECONDS_BETWEEN_PENDING = 1.0

log = structlog.get_logger(__name__)


class Retrieval(ABC):
    """A service that answers with sub-operations; subclasses say how an instance gets to whom."""

    service: ClassVar[Service]
    response_field: ClassVar[int]
    request_type: ClassVar[type[Any]]

    def __init__(self, database: Database, catalogue: Catalogue, gate: AccessGate) -> None:
        self.database = database
        self.catalogue = catalogue
        self.gate = gate

    @property
    def offers(self) -> Sequence[Offer]:
        """The service on every information model."""
        return offers_of(self.service)

    @abstractmethod
    def check(self, association: NodeAssociation, request: Any, selection: Selection) -> None:
        """Raise RequestRefused, Forbidden or NotFound where it can't begin."""

    @abstractmethod
    def deliver(self, association: NodeAssociation, request: Any, records: Sequence[InstanceRecord]) -> Iterator[Sent]:
        """Perform the sub-operations for these instances; ends early when the peer cancels."""

    def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
        """Answer one request."""
        if not isinstance(request, self.request_type):
            association.abort()
            return
        responses = Responses(association, request, context_id, self.response_field)
        syntax = str(association._accepted_cx[context_id].transfer_syntax[0])
        try:
            responses.send([self._answer(association, request, syntax, responses)])
        except ConnectionGone as gone:
            log.info("retrieve.peer_gone", calling_ae=association.requestor.ae_title, reason=str(gone))
        finally:
            association.dimse.cancel_req.pop(int(request.MessageID or 0), None)
            # While it was served, nothing was read; that is not the peer's silence.
            association.dul._idle_timer.restart()

    def is_cancelled(self, association: NodeAssociation, request: Any) -> bool:
        """Whether a C-CANCEL came, or nobody is there any more."""
        return request.MessageID in association.dimse.cancel_req or is_gone(association)

    def _answer(self, association: NodeAssociation, request: Any, syntax: str, responses: Responses) -> bytes:
        peer = association.peer
        try:
            selection = self._selected(association, request, syntax)
            self.check(association, request, selection)
            return self._perform(association, request, selection, ElementWriter(syntax), responses)
        except RequestRefused as refusal:
            log.info("retrieve.refused", calling_ae=peer.ae_title, reason=str(refusal))
            return responses.response(refusal.status, comment=str(refusal))
        except (Forbidden, NotFound):
            return responses.response(NotAuthorised.status, comment="Not everybody may see what is named.")
        except Unavailable as refusal:
            log.warning("retrieve.unavailable", calling_ae=peer.ae_title, reason=str(refusal))
            return responses.response(OUT_OF_RESOURCES, comment="The hub can't answer now; ask again later.")
        except ConnectionGone:
            raise
        except Exception:
            log.exception("retrieve.failed", calling_ae=peer.ae_title)
            return responses.response(FAILED, comment="The hub failed; its log says why.")

    def _selected(self, association: NodeAssociation, request: Any, syntax: str) -> Selection:
        peer, sender = association.peer, association.sender
        sop_class = str(request.AffectedSOPClassUID)
        identifier = _identifier(request, syntax, peer.intake.character_set)
        extended = agreed(association.requestor.sop_class_extended.get(UID(sop_class)), find=False)
        keys = named(identifier, model_of(sop_class), extended)
        selection = select_instances(self.database, keys, visible_sites(sender, Action.STUDY_VIEW))
        admit(self.gate, sender, selection.studies)
        return selection

    def _perform(
        self,
        association: NodeAssociation,
        request: Any,
        selection: Selection,
        writer: ElementWriter,
        responses: Responses,
    ) -> bytes:
        counted = SubOperations(len(selection.instances))
        told = time.monotonic()
        for records in records_of(self.catalogue, selection):
            for sent in self.deliver(association, request, records):
                counted.take(sent)
                if is_gone(association):
                    raise ConnectionGone("the association has ended")
                if time.monotonic() - told >= _SECONDS_BETWEEN_PENDING and counted.remaining:
                    responses.send([responses.response(PENDING, counts=counted.counts(remaining=True))])
                    told = time.monotonic()
            if is_gone(association):
                raise ConnectionGone("the association has ended")
            if self.is_cancelled(association, request):
                break
        cancelled = bool(counted.remaining) and request.MessageID in association.dimse.cancel_req
        if counted.remaining and not cancelled:
            # They were there a moment ago: removed, or moved to another study by somebody.
            missing = counted.remaining
            log.warning("retrieve.vanished", instances=missing)
            counted.failed += [""] * missing
        return self._last(counted, cancelled=cancelled, writer=writer, responses=responses)

    def _last(self, counted: SubOperations, *, cancelled: bool, writer: ElementWriter, responses: Responses) -> bytes:
        status = counted.final_status(cancelled=cancelled)
        data_set = writer.element(*_FAILED_LIST, counted.failed_list()) if any(counted.failed) else b""
        return responses.response(status, data_set, counts=counted.counts(remaining=cancelled))


def _identifier(request: Any, syntax: str, character_set: str) -> Identifier:
    if request.Identifier is None:
        raise CannotProcess("There is no identifier.")
    try:
        return read_identifier(request.Identifier.getvalue(), syntax, character_set)
    except BrokenDataSet as error:
        raise CannotProcess(f"The identifier can't be read: {error}") from error
