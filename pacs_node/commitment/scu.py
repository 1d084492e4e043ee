"""Storage Commitment on associations that we open: asking a peer, and reporting to one that has gone."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

import structlog
from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dsutils import encode

from pacs_node.commitment.messages import action_information, event_information, read_report
from pacs_node.commitment.model import (
    COMMITMENT_CLASS,
    REQUEST_COMMITMENT,
    WELL_KNOWN_INSTANCE,
    Commitment,
    Reference,
    Taken,
)
from pacs_node.header.dataset import read_dataset
from pacs_node.ingest.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacs_node.peers.model import Peer
from pacs_node.scp.service import EXPLICIT_LITTLE, IMPLICIT_LITTLE
from pacs_node.scu.associations import OpenAssociations
from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer.errors import AssociationError, MalformedPdu
from pacs_node.upper_layer.messages import Message
from pacs_node.upper_layer.requestor import AcceptedContext, Proposal, Requestor

_SUCCESS = 0x0000
_INVALID_ARGUMENT = 0x0115

log = structlog.get_logger(__name__)

Told = Callable[[str, list[Reference]], Taken]
"""Hears a report: its transaction UID and what became of each instance."""


class NotTaken(Exception):
    """The peer answered with another status than success."""


class CommitmentScu:
    """Opens associations to peers; every wait ends after `patience` seconds.

    After it has asked, it stays `wait_for_result` seconds for a report on the same association.
    """

    def __init__(
        self,
        ae_title: str,
        *,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        patience: float = 30.0,
        wait_for_result: float = 10.0,
    ) -> None:
        self._ae_title = ae_title
        self._tls = tls
        self._patience = patience
        self._wait_for_result = wait_for_result
        self._associations = OpenAssociations()

    def cut(self) -> None:
        """From any thread: end every association that is open now."""
        self._associations.cut()

    def report(self, peer: Peer, commitment: Commitment) -> None:
        """N-EVENT-REPORT on a new association, in the role of the SCP. Raises NotTaken, AssociationError, OSError."""
        association = self._open(peer, as_scp=True)
        with self._associations.holding(association), association:
            context = association.context_for(COMMITMENT_CLASS)
            information = event_information(commitment, retrieve_from=self._ae_title)
            message_id = association.next_message_id()
            command: Mapping[int, int | str | bytes] = {
                cs.AFFECTED_SOP_CLASS_UID: COMMITMENT_CLASS,
                cs.COMMAND_FIELD: cs.N_EVENT_REPORT_RQ,
                cs.MESSAGE_ID: message_id,
                cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET,
                cs.AFFECTED_SOP_INSTANCE_UID: WELL_KNOWN_INSTANCE,
                cs.EVENT_TYPE_ID: commitment.event_type,
            }
            association.send(context.context_id, cs.encode(command), _encoded(information, context))
            _expect_success(association.receive(), cs.N_EVENT_REPORT_RSP)

    def ask(self, peer: Peer, commitment: Commitment, *, asked: Callable[[], None], told: Told) -> None:
        """N-ACTION; `asked` once the peer has taken it, `told` when it reports here. Raises as `report` does.

        A peer may report before it answers the N-ACTION. What comes wrong after it has taken the request is no
        failure of it: then it is to report on an association of its own.
        """
        association = self._open(peer, as_scp=False)
        with self._associations.holding(association):
            try:
                reported = self._request(association, commitment, told)
            except BaseException:
                association.abort()
                raise
            try:
                asked()
                if not reported:
                    self._take_report(association, association.receive(patience=self._wait_for_result), told)
            except AssociationError as error:
                log.info("commitment.no_report_here", called_ae=peer.ae_title, reason=str(error))
                association.abort()
            except BaseException:
                association.abort()
                raise
            else:
                association.release()

    def _request(self, association: Requestor, commitment: Commitment, told: Told) -> bool:
        """Have the N-ACTION answered; whether the report came before the answer."""
        context = association.context_for(COMMITMENT_CLASS)
        command: Mapping[int, int | str | bytes] = {
            cs.REQUESTED_SOP_CLASS_UID: COMMITMENT_CLASS,
            cs.COMMAND_FIELD: cs.N_ACTION_RQ,
            cs.MESSAGE_ID: association.next_message_id(),
            cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET,
            cs.REQUESTED_SOP_INSTANCE_UID: WELL_KNOWN_INSTANCE,
            cs.ACTION_TYPE_ID: REQUEST_COMMITMENT,
        }
        association.send(context.context_id, cs.encode(command), _encoded(action_information(commitment), context))
        message = association.receive()
        early = message.command.field == cs.N_EVENT_REPORT_RQ
        if early:
            self._take_report(association, message, told)
            message = association.receive()
        _expect_success(message, cs.N_ACTION_RSP)
        return early

    def _take_report(self, association: Requestor, message: Message, told: Told) -> None:
        """Raises MalformedPdu for anything but a report on a context of the association."""
        context = association.accepted.get(message.context_id)
        if message.command.field != cs.N_EVENT_REPORT_RQ:
            raise MalformedPdu("another request than a report")
        if context is None or context.abstract_syntax != COMMITMENT_CLASS:
            raise MalformedPdu(f"a report on presentation context {message.context_id}, which is not for it")
        try:
            status = told(*read_report(_decoded(message.data_set, context))).status
        except ValueError as error:
            log.warning("commitment.unreadable_report", called_ae=association.called, reason=str(error))
            status = _INVALID_ARGUMENT
        answer: Mapping[int, int | str | bytes] = {
            cs.AFFECTED_SOP_CLASS_UID: COMMITMENT_CLASS,
            cs.COMMAND_FIELD: cs.N_EVENT_REPORT_RSP,
            cs.MESSAGE_ID_BEING_RESPONDED_TO: message.command.message_id,
            cs.COMMAND_DATA_SET_TYPE: cs.NO_DATA_SET,
            cs.STATUS: status,
            cs.AFFECTED_SOP_INSTANCE_UID: WELL_KNOWN_INSTANCE,
            cs.EVENT_TYPE_ID: message.command.number(cs.EVENT_TYPE_ID, 0),
        }
        association.send(message.context_id, cs.encode(answer))

    def _open(self, peer: Peer, *, as_scp: bool) -> Requestor:
        if peer.address is None:
            raise NotTaken("the peer has no address")
        return Requestor.open(
            (peer.address.host, peer.address.port),
            calling=self._ae_title,
            called=peer.ae_title,
            proposals=[Proposal(COMMITMENT_CLASS, (EXPLICIT_LITTLE, IMPLICIT_LITTLE), scp=as_scp)],
            implementation_class_uid=IMPLEMENTATION_CLASS_UID,
            implementation_version_name=IMPLEMENTATION_VERSION_NAME,
            tls=self._tls() if peer.tls else None,
            connect_patience=self._patience,
            patience=self._patience,
        )


def _expect_success(message: Message, field: int) -> None:
    if message.command.field != field:
        raise MalformedPdu("a response to another request")
    if message.command.status != _SUCCESS:
        raise NotTaken(f"the peer answered with status {message.command.status:04X}")


def _encoded(ds: Dataset, context: AcceptedContext) -> bytes:
    encoded = encode(ds, UID(context.transfer_syntax).is_implicit_VR, True)
    if encoded is None:
        raise ValueError("a data set of ours can't be encoded")
    return encoded


def _decoded(data: bytes, context: AcceptedContext) -> Dataset:
    return read_dataset(data, explicit=not UID(context.transfer_syntax).is_implicit_VR, big_endian=False)
