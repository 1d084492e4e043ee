"""Modality Worklist SCP (PS3.4 annex K): what is planned for the asking scanner's site."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from pydicom.dataset import Dataset
from pynetdicom.dimse_primitives import C_FIND

from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.header.outgoing_text import encode_dataset_text
from pacs_node.header.single_set import SingleSet, single_set
from pacs_node.peers.model import Peer, Service
from pacs_node.procedures import dimse, matching
from pacs_node.procedures.item import worklist_item
from pacs_node.procedures.ports import ScheduledProcedure, ScheduledProcedures
from pacs_node.scp.query_retrieve.answers import TIMEZONE
from pacs_node.scp.query_retrieve.wire import ConnectionGone, Responses
from pacs_node.scp.service import Offer
from pacs_node.upper_layer.command_set import C_FIND_RSP
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

MODALITY_WORKLIST = "1.2.840.10008.5.1.4.31"

log = structlog.get_logger(__name__)


class WorklistService:
    """Answers C-FIND of scanners, items one by one as they are fetched.

    The serving thread writes itself: pynetdicom's queue would take all items at once, and its upper layer reads
    no cancel while that has anything to send.
    """

    def __init__(self, planned: ScheduledProcedures, gate: AccessGate, database: Database, clock: Clock) -> None:
        self._planned = planned
        self._gate = gate
        self._database = database
        self._clock = clock

    @property
    def offers(self) -> Sequence[Offer]:
        """The one SOP class of the service."""
        return (Offer(sop_class_uid=MODALITY_WORKLIST, service=Service.WORKLIST),)

    def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
        """Answer one C-FIND; anything else is no request of this class."""
        if not isinstance(request, C_FIND):
            raise TypeError(f"{type(request).__name__} is no request of the worklist")
        responses = Responses(association, request, context_id, C_FIND_RSP)
        try:
            status, comment = self._answer(association, request, context_id, responses)
            responses.send([responses.response(status, comment=comment)])
        except ConnectionGone as gone:
            log.info("worklist.scanner_gone", calling_ae=association.sender.login, reason=str(gone))

    def _answer(
        self, association: NodeAssociation, request: C_FIND, context_id: int, responses: Responses
    ) -> tuple[int, str]:
        """Send the items; returns the last status and its comment. Raises ConnectionGone."""
        peer, sender = association.peer, association.sender
        status, comment, sent = dimse.SUCCESS, "", 0
        try:
            resource = Resource(label="worklist", site_code=peer.site_code)
            self._gate.require(sender, Action.REQUEST_LIST, resource)
            keys = dimse.data_set(association, context_id, request.Identifier)
            matching.check(keys)
            pending = dimse.PENDING_UNMATCHED if matching.unmatched(keys) else dimse.PENDING
            for item in self._items(peer, keys):
                if request.MessageID in association.dimse.cancel_req:
                    status = dimse.CANCELLED
                    break
                identifier = dimse.encoded(association, context_id, item).getvalue()
                responses.send([responses.response(pending, identifier)])
                sent += 1
            self._note(sender, resource, sent)
        except dimse.Undecodable as error:
            status, comment = dimse.UNABLE_TO_PROCESS, str(error)
        except InvalidInput as error:
            status, comment = dimse.IDENTIFIER_MISMATCH, dimse.said_of(error)
        except (Forbidden, NotFound) as error:
            status, comment = dimse.NOT_AUTHORISED, str(error)
        except Unavailable as error:
            status, comment = dimse.OUT_OF_RESOURCES, str(error)
        except ConnectionGone:
            self._note(sender, resource, sent)
            raise
        except Exception:
            log.exception("worklist.failed", calling_ae=sender.login)
            status, comment = dimse.UNABLE_TO_PROCESS, "The hub failed; its log says how."
        log.info("worklist.answered", calling_ae=sender.login, items=sent, status=f"{status:04X}")
        return status, comment

    def _items(self, peer: Peer, keys: Dataset) -> Iterator[Dataset]:
        only = single_set(peer.answers_in)
        for planned in self._planned.scheduled(matching.wanted(keys, peer.site_code)):
            if planned.site_code != peer.site_code:
                raise RuntimeError("another site's item")
            item = worklist_item(planned, asking=peer.ae_title)
            free = {"any_station": not planned.station_ae_title, "any_time": planned.scheduled_time is None}
            if matching.matches(keys, item, **free):
                answer = matching.answered(keys, item)
                if "TimezoneOffsetFromUTC" in keys:
                    answer.TimezoneOffsetFromUTC = TIMEZONE
                encode_dataset_text(answer, _character_set(peer, keys), only=only)
                if only is not None:
                    _complete(answer, planned, only)
                if _names_its_patient(answer, item):
                    yield answer
                else:
                    log.warning("worklist.item_left_out", calling_ae=peer.ae_title, study_uid=planned.study_uid)

    def _note(self, sender: Actor, resource: Resource, items: int) -> None:
        entry = audit_entry(
            sender,
            Action.REQUEST_LIST,
            resource,
            clock=self._clock,
            outcome="done",
            reason=f"{items} worklist items sent",
        )
        with self._database.write() as session:
            record(session, [entry])


def _character_set(peer: Peer, keys: Dataset) -> str:
    """What the scanner takes: as the peer is set up, else as it writes itself, else whatever is smallest."""
    declared = keys.get("SpecificCharacterSet") or ""
    return peer.answer_set(declared if isinstance(declared, str) else "\\".join(declared))


def _complete(answer: Dataset, planned: ScheduledProcedure, only: SingleSet) -> None:
    """What must have a value (PS3.4 table K.6-1) has one where the scanner's set can't say it: id and modality do."""
    if "PatientName" in answer and not answer.PatientName:
        answer.PatientName = only.identifier(planned.patient.patient_id)
    for item in (answer, *(answer.get(matching.STEP) or ())):
        for keyword in ("RequestedProcedureDescription", "ScheduledProcedureStepDescription"):
            if keyword in item and not item[keyword].value:
                setattr(item, keyword, planned.modality)


def _names_its_patient(answer: Dataset, item: Dataset) -> bool:
    """Whether of PatientID and PatientName, both of type 1, the scanner gets what it asks for and the item has."""
    asked = (keyword for keyword in ("PatientID", "PatientName") if keyword in answer)
    return all(answer[keyword].value or not item[keyword].value for keyword in asked)
