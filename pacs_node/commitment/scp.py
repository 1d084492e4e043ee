"""Storage Commitment on the node's associations (PS3.4 annex J).

N-ACTION is answered, and the result reported on the same association while that stays open; N-EVENT-REPORT of a
peer that we have asked is taken.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import structlog
from pynetdicom.dimse_primitives import N_ACTION, N_EVENT_REPORT

from access_control.model import Actor
from pacs_node.commitment.messages import event_information, read_report, read_request
from pacs_node.commitment.model import COMMITMENT_CLASS, REQUEST_COMMITMENT, WELL_KNOWN_INSTANCE, Taken
from pacs_node.commitment.service import CommitmentService
from pacs_node.peers.model import Service
from pacs_node.procedures import dimse
from pacs_node.scp.service import Offer
from shared_kernel.errors import Forbidden, InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from pacs_node.scp.association import NodeAssociation

_TICK = 0.05
_MESSAGE_ID = 1

log = structlog.get_logger(__name__)


class CommitmentScp:
    """Answers requests and reports; what it can't bring to an end it leaves to the worker (`wake`).

    Before it reports on the same association it gives a peer `grace` seconds to release, as many do at once;
    an answer to its report it awaits `patience` seconds.
    """

    def __init__(
        self,
        commitments: CommitmentService,
        *,
        ae_title: str,
        wake: Callable[[], None],
        grace: float = 0.3,
        patience: float = 30.0,
    ) -> None:
        self._commitments = commitments
        self._ae_title = ae_title
        self._wake = wake
        self._grace = grace
        self._patience = patience

    @property
    def offers(self) -> Sequence[Offer]:
        """The one SOP class of the service; a peer that reports to us is its SCP."""
        return (Offer(sop_class_uid=COMMITMENT_CLASS, service=Service.COMMITMENT, either_role=True),)

    def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
        """Answer one N-ACTION or N-EVENT-REPORT."""
        sender = association.sender
        if sender is None:
            raise RuntimeError("a request came before the association was let in")
        response: Any = type(request)()
        response.MessageIDBeingRespondedTo = request.MessageID
        response.AffectedSOPClassUID, response.AffectedSOPInstanceUID = COMMITMENT_CLASS, WELL_KNOWN_INSTANCE
        status, comment, commitment_id = dimse.SUCCESS, "", ""
        try:
            if isinstance(request, N_ACTION):
                commitment_id = self._asked(association, sender, request, context_id)
            elif isinstance(request, N_EVENT_REPORT):
                status = self._told(association, sender, request, context_id)
            else:
                raise TypeError(f"{type(request).__name__} is no request of storage commitment")
        except InvalidInput as error:
            status, comment = dimse.INVALID_ARGUMENT_VALUE, str(error)
        except (Forbidden, NotFound) as error:
            status, comment = dimse.NOT_AUTHORISED, str(error)
        except _Refused as error:
            status, comment = error.status, str(error)
        except Unavailable as error:
            status, comment = dimse.RESOURCE_LIMITATION, str(error)
        log.info("commitment.answered", calling_ae=sender.login, request=request.msg_type, status=f"{status:04X}")
        if association.is_established:
            association.dimse.send_msg(dimse.answer(response, status, comment), context_id)
        if commitment_id:
            self._go_on(association, commitment_id, context_id)

    def _asked(self, association: NodeAssociation, sender: Actor, request: N_ACTION, context_id: int) -> str:
        if request.ActionTypeID != REQUEST_COMMITMENT:
            raise _Refused(dimse.NO_SUCH_ACTION, "There is no such action.")
        if str(request.RequestedSOPInstanceUID) != WELL_KNOWN_INSTANCE:
            raise _Refused(dimse.NO_SUCH_SOP_INSTANCE, "This is not the well-known SOP instance.")
        said = dimse.data_set(association, context_id, request.ActionInformation)
        transaction_uid, references = read_request(said)
        return self._commitments.requested(sender, transaction_uid, references)

    def _told(self, association: NodeAssociation, sender: Actor, request: N_EVENT_REPORT, context_id: int) -> int:
        said = dimse.data_set(association, context_id, request.EventInformation)
        transaction_uid, references = read_report(said)
        taken = self._commitments.told(sender, transaction_uid, references)
        if taken is Taken.KEPT:
            return taken.status
        log.warning(
            "commitment.report_refused", calling_ae=sender.login, transaction_uid=transaction_uid, why=taken.value
        )
        comment = "There is no such transaction." if taken is Taken.UNKNOWN else "Another result stands already."
        raise _Refused(taken.status, comment)

    def _go_on(self, association: NodeAssociation, commitment_id: str, context_id: int) -> None:
        """Check, and report here if the peer stays; whatever happens, the transaction is kept and goes on."""
        reported = False
        try:
            self._commitments.check(commitment_id)
            reported = self._report(association, commitment_id, context_id)
        except Exception:
            log.exception("commitment.failed", commitment_id=commitment_id)
        if reported:
            self._commitments.reported(commitment_id)
        else:
            self._commitments.hand_to_worker(commitment_id)
            self._wake()

    def _report(self, association: NodeAssociation, commitment_id: str, context_id: int) -> bool:
        """N-EVENT-REPORT on this association; False when the peer leaves or does not answer with success."""
        commitment = self._commitments.one(commitment_id)
        until = time.monotonic() + self._grace
        while time.monotonic() < until and association.dimse.msg_queue.empty():
            if _is_leaving(association):
                return False
            time.sleep(_TICK)
        report = N_EVENT_REPORT()
        report.MessageID = _MESSAGE_ID
        report.AffectedSOPClassUID, report.AffectedSOPInstanceUID = COMMITMENT_CLASS, WELL_KNOWN_INSTANCE
        report.EventTypeID = commitment.event_type
        information = event_information(commitment, retrieve_from=self._ae_title)
        report.EventInformation = dimse.encoded(association, context_id, information)
        association.dimse.send_msg(report, context_id)
        return self._answer(association) == dimse.SUCCESS

    def _answer(self, association: NodeAssociation) -> int | None:
        """The status of the response to our report; requests that come meanwhile wait for their turn."""
        others: list[Any] = []
        until = time.monotonic() + self._patience
        try:
            while time.monotonic() < until and not _is_leaving(association):
                try:
                    received = association.dimse.msg_queue.get(timeout=_TICK)
                except queue.Empty:
                    continue
                message = received[1]
                if message is None:
                    return None
                if isinstance(message, N_EVENT_REPORT) and message.MessageIDBeingRespondedTo == _MESSAGE_ID:
                    return message.Status
                others.append(received)
            return None
        finally:
            for received in others:
                association.dimse.msg_queue.put(received)


class _Refused(Exception):
    def __init__(self, status: int, comment: str) -> None:
        super().__init__(comment)
        self.status = status


def _is_leaving(association: NodeAssociation) -> bool:
    """Whether the peer has asked to release, or is gone; the association's own thread then deals with it."""
    return not association.is_established or association.dul.peek_next_pdu() is not None
