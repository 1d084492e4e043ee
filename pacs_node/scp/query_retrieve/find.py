"""C-FIND SCP (PS3.4 section C.4.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import structlog
from pydicom.uid import UID
from pynetdicom.dimse_primitives import C_FIND

from access_control.decision import visible_sites
from access_control.gate import audit_entry
from access_control.model import Action, Resource
from pacs_node.archive.paging import pages
from pacs_node.header.elements import BrokenDataSet
from pacs_node.header.single_set import single_set
from pacs_node.peers.model import Peer, Service
from pacs_node.procedures.dimse import said_of
from pacs_node.scp.query_retrieve.answers import TIMEZONE, AnswerWriter
from pacs_node.scp.query_retrieve.errors import CannotProcess, NoMatchOfModel, RequestRefused
from pacs_node.scp.query_retrieve.extended import Extended, agreed
from pacs_node.scp.query_retrieve.identifier import Identifier, read_identifier
from pacs_node.scp.query_retrieve.models import model_of, offers_of
from pacs_node.scp.query_retrieve.question import Question, understood
from pacs_node.scp.query_retrieve.wire import ConnectionGone, Responses
from pacs_node.scp.service import Offer
from shared_kernel.audit.trail import LeanTrail
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

SUCCESS = 0x0000
PENDING = 0xFF00
PENDING_WITH_UNSUPPORTED_KEYS = 0xFF01
CANCELLED = 0xFE00
OUT_OF_RESOURCES = 0xA700
FAILED = 0xC0FF
"""Our own failure; the log says which."""

_C_FIND_RSP = 0x8020
_AT_ONCE = 50
"""Answers between two looks at whether the peer has cancelled."""

log = structlog.get_logger(__name__)


class FindService:
    """Answers queries of the peers that may use FIND, within the sites that each may see.

    `fuzzy` compares names by their search key for everybody, not only for those who negotiate it.
    """

    def __init__(self, database: Database, clock: Clock, *, ae_title: str, fuzzy: bool = False) -> None:
        self._database = database
        self._clock = clock
        self._ae_title = ae_title.strip()
        self._fuzzy = fuzzy
        self._trail = LeanTrail(database.engine.dialect)

    @property
    def offers(self) -> Sequence[Offer]:
        """FIND on every information model."""
        return offers_of(Service.FIND)

    def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
        """Answer one C-FIND request."""
        responses = Responses(association, request, context_id, _C_FIND_RSP)
        if not isinstance(request, C_FIND):
            association.abort()
            return
        try:
            status, comment = self._answer(association, request, context_id, responses)
            responses.send([responses.response(status, comment=comment)])
        except ConnectionGone as gone:
            log.info("find.peer_gone", calling_ae=association.requestor.ae_title, reason=str(gone))
        finally:
            association.dimse.cancel_req.pop(int(request.MessageID or 0), None)

    def _answer(
        self, association: NodeAssociation, request: C_FIND, context_id: int, responses: Responses
    ) -> tuple[int, str]:
        peer, sender = association.peer, association.sender
        sop_class = str(request.AffectedSOPClassUID)
        syntax = str(association._accepted_cx[context_id].transfer_syntax[0])
        try:
            identifier = _identifier(request, syntax, peer.intake.character_set)
            extended = agreed(association.requestor.sop_class_extended.get(UID(sop_class)), find=True)
            question = understood(
                identifier,
                model_of(sop_class),
                extended,
                visible_sites(sender, Action.STUDY_VIEW),
                fuzzy=self._fuzzy,
            )
            self._note(association, question)
            return self._stream(
                association, request, question, self._writer(peer, question, identifier, extended, syntax), responses
            )
        except RequestRefused as refusal:
            log.info("find.refused", calling_ae=peer.ae_title, reason=str(refusal))
            return refusal.status, str(refusal)
        except InvalidInput as refusal:
            log.info("find.refused", calling_ae=peer.ae_title, **refusal.details)
            return NoMatchOfModel.status, said_of(refusal)
        except Unavailable as refusal:
            log.warning("find.unavailable", calling_ae=peer.ae_title, reason=str(refusal))
            return OUT_OF_RESOURCES, "The hub can't answer now; ask again later."
        except ConnectionGone:
            raise
        except Exception:
            log.exception("find.failed", calling_ae=peer.ae_title)
            return FAILED, "The hub failed; its log says why."

    def _stream(
        self,
        association: NodeAssociation,
        request: C_FIND,
        question: Question,
        writer: AnswerWriter,
        responses: Responses,
    ) -> tuple[int, str]:
        pending = PENDING_WITH_UNSUPPORTED_KEYS if question.unsupported else PENDING
        for page in pages(self._database, question.find):
            for start in range(0, len(page), _AT_ONCE):
                if request.MessageID in association.dimse.cancel_req:
                    return CANCELLED, ""
                part = page[start : start + _AT_ONCE]
                responses.send(responses.response(pending, identifier) for identifier in writer.write(part))
        return SUCCESS, ""

    def _writer(
        self, peer: Peer, question: Question, identifier: Identifier, extended: Extended, syntax: str
    ) -> AnswerWriter:
        fixed = {
            "QueryRetrieveLevel": question.find.level.value,
            "RetrieveAETitle": self._ae_title,
            "InstanceAvailability": "ONLINE",
        }
        if identifier.timezone is not None or extended.timezone:
            fixed["TimezoneOffsetFromUTC"] = TIMEZONE
        preferred = peer.answer_set(identifier.character_set)
        return AnswerWriter(question.find.wanted, fixed, syntax, preferred, single_set(peer.answers_in))

    def _note(self, association: NodeAssociation, question: Question) -> None:
        """One row for each query, before its first answer: which keys had values, not which values."""
        sender = association.sender
        resource = Resource(label=f"query/{question.find.level}", site_code=sender.site_code)
        keys = ", ".join(sorted(question.find.keys)) or "no key"
        entry = audit_entry(
            sender, Action.STUDY_VIEW, resource, clock=self._clock, outcome="allowed", reason=f"C-FIND by {keys}"
        )
        with self._database.write_lean() as cursor:
            self._trail.record(cursor, [entry])


def _identifier(request: C_FIND, syntax: str, character_set: str) -> Identifier:
    if request.Identifier is None:
        raise CannotProcess("There is no identifier.")
    try:
        return read_identifier(request.Identifier.getvalue(), syntax, character_set)
    except BrokenDataSet as error:
        raise CannotProcess(f"The identifier can't be read: {error}") from error
