"""Receiving messages: the data set of a C-STORE request goes to a spool, any other into memory, within limits."""

from __future__ import annotations

import time
from typing import cast

import structlog
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_CANCEL, C_STORE
from pynetdicom.pdu_primitives import P_DATA

from pacs_node.ingest.service import IngestService, Reception
from pacs_node.scp.admission import Admitted
from pacs_node.scp.storage_lane import MOST_UNANSWERED, SLOWEST_BYTES_PER_SECOND
from pacs_node.scp.transport import BoundedSocket
from pacs_node.upper_layer.messages import LONGEST_COMMAND_SET, LONGEST_DATA_SET

_COMMAND = 0x01
_LAST = 0x02
_MOST_CANCELS = 10

log = structlog.get_logger(__name__)


class ReceivingProvider(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider, except that C-STORE data sets go to a spool as they arrive.

    A message has `patience` seconds from its first fragment to its last, and a data set as many more as
    its bytes take at the slowest rate.
    """

    def __init__(self, assoc: Association, admitted: Admitted, ingest: IngestService, *, patience: float) -> None:
        super().__init__(assoc)
        self._admitted = admitted
        self._patience = patience
        self._begun: float | None = None
        self._paused_before = 0.0
        self._ingest = ingest
        self._receiving: Reception | None = None
        self._context_id = 0
        self._unanswered: dict[int, Reception] = {}
        self._command_size = 0
        self._data_size: int | None = None
        self._aborted = False
        self._closed = False

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take in one P-DATA, each fragment in its turn; runs on the upper layer's thread."""
        try:
            self._take_in(primitive)
        except Exception as error:
            # A command set that can't be decoded, a fragment without its header.
            self._abort(repr(error))

    def _take_in(self, primitive: P_DATA) -> None:
        for context_id, fragment in primitive.presentation_data_value_list:
            if self._aborted:
                return
            control = fragment[0]
            inside = self._receiving is not None or self._data_size is not None
            if self._is_too_slow():
                self._abort("a message took too long to come")
            elif not inside and control & _COMMAND:
                self._command(context_id, fragment)
            elif not inside:
                self._abort("a data set without a request")
            elif control & _COMMAND or context_id != self._context_id:
                self._abort("a command in the middle of a data set")
            elif self._receiving is not None:
                self._receiving.write(memoryview(fragment)[1:])
                if control & _LAST:
                    self._complete()
            else:
                self._data(context_id, fragment)

    def close(self) -> None:
        """The association is over: throw away what was not stored."""
        self._closed = True
        for receiving in [self._receiving, *self._unanswered.values()]:
            if receiving is not None:
                receiving.discard()

    def received_with(self, request: object) -> Reception | None:
        """The data set that came with a request."""
        return self._unanswered.get(id(request))

    def answered(self, request: object) -> None:
        """The request has been dealt with; its data set is no longer needed."""
        receiving = self._unanswered.pop(id(request), None)
        if receiving is not None:
            receiving.discard()

    def _is_too_slow(self) -> bool:
        now = time.monotonic()
        if self._begun is None:
            self._begun = now
            self._paused_before = self._paused()
        now -= self._paused() - self._paused_before  # a pause of ours is not the peer's fault
        kept = self._receiving.kept if self._receiving else 0
        return now - self._begun > self._patience + kept / SLOWEST_BYTES_PER_SECOND

    def _paused(self) -> float:
        sock = self.dul.socket
        return sock.paused if isinstance(sock, BoundedSocket) else 0.0

    def _command(self, context_id: int, fragment: bytes) -> None:
        self._command_size += len(fragment) - 1
        if self._command_size > LONGEST_COMMAND_SET:
            self._abort(f"a command set of more than {LONGEST_COMMAND_SET} bytes")
            return
        whole = self._decode(context_id, fragment)
        if not fragment[0] & _LAST:
            return
        self._command_size = 0
        self._context_id = context_id
        if context_id not in self.assoc._accepted_cx:
            self._abort("a message on a presentation context that was not accepted")
        elif max(len(self._unanswered), self.msg_queue.qsize()) >= MOST_UNANSWERED:
            self._abort("requests without waiting for answers")
        elif isinstance(self.message, C_STORE_RQ) and not whole:
            self._begin(context_id, self.message)
        elif whole:
            self._pass_on(context_id)
        else:
            self._data_size = 0

    def _data(self, context_id: int, fragment: bytes) -> None:
        self._data_size = (self._data_size or 0) + len(fragment) - 1
        if self._data_size > LONGEST_DATA_SET:
            self._abort(f"a data set of more than {LONGEST_DATA_SET} bytes that is not to be stored")
        elif self._decode(context_id, fragment):
            self._pass_on(context_id)

    def _decode(self, context_id: int, fragment: bytes) -> bool:
        if self.message is None:
            self.message = DIMSEMessage()
        part = P_DATA()
        # Annotated as tuples, but only lists are taken.
        part.presentation_data_value_list = [[context_id, fragment]]  # type: ignore[list-item]
        return self.message.decode_msg(part, self.assoc)

    def _pass_on(self, context_id: int) -> None:
        """The message is whole. No thread is started for it, as pynetdicom does for N-EVENT-REPORT."""
        message, self.message = self.message, None
        self._begun = self._data_size = None
        if message is None:
            return
        primitive = message.message_to_primitive()
        if isinstance(primitive, C_CANCEL):
            if len(self.cancel_req) < _MOST_CANCELS:
                self.cancel_req[cast(int, primitive.MessageIDBeingRespondedTo)] = primitive
            return
        # A cancel that came too late for an earlier request must not meet this one.
        self.cancel_req.pop(cast(int, getattr(primitive, "MessageID", None)), None)
        self.msg_queue.put((context_id, primitive))

    def _begin(self, context_id: int, message: C_STORE_RQ) -> None:
        context = self.assoc._accepted_cx.get(context_id)
        command = message.command_set
        if context is None or context_id not in self._admitted.negotiated.storing:
            self._abort("a C-STORE on a presentation context that is not for it")
            return
        self._receiving = self._ingest.receive(
            self._admitted.sender,
            sop_class_uid=str(command.get("AffectedSOPClassUID", "")),
            sop_instance_uid=str(command.get("AffectedSOPInstanceUID", "")),
            transfer_syntax_uid=str(context.transfer_syntax[0]),
            rules=self._admitted.peer.intake,
        )
        if self._closed:
            self._receiving.discard()

    def _complete(self) -> None:
        receiving, message = self._receiving, self.message
        self._receiving = self.message = self._begun = None
        if receiving is None or message is None:
            return
        try:
            request = message.message_to_primitive()
        except Exception as error:
            receiving.discard()
            self._abort(f"no valid C-STORE request: {error}")
            return
        if not isinstance(request, C_STORE):
            raise TypeError("a C-STORE-RQ message became another request")
        self._unanswered[id(request)] = receiving
        self.msg_queue.put((self._context_id, request))

    def _abort(self, reason: str) -> None:
        self._aborted = True
        self.message = None
        log.warning("scp.protocol_error", reason=reason, calling_ae=str(self.assoc.requestor.ae_title))
        self.dul.event_queue.put("Evt19")
