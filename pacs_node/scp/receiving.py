"""Receiving the data set of a C-STORE request: fragment by fragment to a spool, decoded by nobody."""

from __future__ import annotations

import threading
import time
from typing import cast

import structlog
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_ECHO_RQ, C_STORE_RQ, DIMSEMessage
from pynetdicom.dimse_primitives import C_ECHO, C_STORE
from pynetdicom.pdu_primitives import P_DATA

from pacs_node.ingest.part10 import write_header
from pacs_node.ingest.service import IngestService
from pacs_node.ingest.spool import Spool
from shared_kernel.errors import DokueiError, Unavailable

_COMMAND = 0x01
_LAST = 0x02
SLOWEST_BYTES_PER_SECOND = 16 * 1024
"""What a message may take beyond the time that every message has, by the bytes of its data set that are kept."""

LONGEST_COMMAND_SET = 64 * 1024
"""Bytes; no command set that the standard knows comes near (PS3.7 section 9.3)."""

# The asynchronous operations window is 1 (PS3.7 annex D.3.3.3): a peer that runs far ahead has not read our answer.
_MOST_UNANSWERED = 4

log = structlog.get_logger(__name__)


class Receiving:
    """One data set on its way in.

    After an error the rest of it is read and thrown away, so that the peer gets an answer and the
    association goes on.
    """

    def __init__(self, ingest: IngestService, *, sop_class: str, sop_instance: str, syntax: str, ae_title: str) -> None:
        self.error: Exception | None = None
        self.spool: Spool | None = None
        self.kept = 0
        self._lock = threading.Lock()
        try:
            self.spool = ingest.spool()
            write_header(
                self.spool,
                transfer_syntax_uid=syntax,
                sop_class_uid=sop_class,
                sop_instance_uid=sop_instance,
                source_ae_title=ae_title,
            )
        except Exception as error:
            self._give_up(error)

    def write(self, fragment: memoryview) -> None:
        """Append a fragment of the data set."""
        with self._lock:
            if self.spool is None:
                return
            try:
                self.spool.write(fragment)
                self.kept += len(fragment)
            except Exception as error:
                self._give_up(error)

    def whole(self) -> Spool:
        """The spool with all of the data set; raises what went wrong while receiving."""
        if self.error is not None:
            raise self.error
        if self.spool is None:
            raise Unavailable(reason="the association is closing")
        return self.spool

    def discard(self) -> None:
        """Leave nothing behind."""
        with self._lock:
            if self.spool is not None:
                self.spool.discard()
                self.spool = None

    def _give_up(self, error: Exception) -> None:
        if not isinstance(error, DokueiError):
            log.exception("scp.receive_failed", exc_info=error)
        self.error = error
        if self.spool is not None:
            self.spool.discard()
            self.spool = None


class ReceivingProvider(DIMSEServiceProvider):
    """pynetdicom's DIMSE provider, except that C-STORE data sets go to a spool as they arrive.

    A message has `patience` seconds from its first fragment to its last, and a data set as many more as
    its bytes take at the slowest rate.
    """

    def __init__(self, assoc: Association, ingest: IngestService, *, patience: float) -> None:
        super().__init__(assoc)
        self._patience = patience
        self._begun: float | None = None
        self._ingest = ingest
        self._receiving: Receiving | None = None
        self._context_id = 0
        self._unanswered: dict[int, Receiving] = {}
        self._command_size = 0
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
            if self._is_too_slow():
                self._abort("a message took too long to come")
            elif self._receiving is None and control & _COMMAND:
                self._command(context_id, fragment)
            elif self._receiving is None:
                self._abort("a data set without a C-STORE request")
            elif control & _COMMAND or context_id != self._context_id:
                self._abort("a command in the middle of a data set")
            else:
                self._receiving.write(memoryview(fragment)[1:])
                if control & _LAST:
                    self._complete()

    def close(self) -> None:
        """The association is over: throw away what was not stored."""
        self._closed = True
        for receiving in [self._receiving, *self._unanswered.values()]:
            if receiving is not None:
                receiving.discard()

    def received_with(self, request: object) -> Receiving | None:
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
        kept = self._receiving.kept if self._receiving else 0
        return now - self._begun > self._patience + kept / SLOWEST_BYTES_PER_SECOND

    def _command(self, context_id: int, fragment: bytes) -> None:
        self._command_size += len(fragment) - 1
        if self._command_size > LONGEST_COMMAND_SET:
            self._abort(f"a command set of more than {LONGEST_COMMAND_SET} bytes")
            return
        if self.message is None:
            self.message = DIMSEMessage()
        part = P_DATA()
        # Annotated as tuples, but only lists are taken.
        part.presentation_data_value_list = [[context_id, fragment]]  # type: ignore[list-item]
        whole = self.message.decode_msg(part, self.assoc)
        if not fragment[0] & _LAST:
            return
        self._command_size = 0
        if max(len(self._unanswered), self.msg_queue.qsize()) >= _MOST_UNANSWERED:
            self._abort("requests without waiting for answers")
        elif isinstance(self.message, C_STORE_RQ) and not whole:
            self._begin(context_id, self.message)
        elif isinstance(self.message, C_STORE_RQ | C_ECHO_RQ) and whole:
            request = self.message.message_to_primitive()
            self.message = self._begun = None
            self.msg_queue.put((context_id, cast(C_ECHO | C_STORE, request)))
        else:
            # No data set is taken in for it, and no thread started as pynetdicom does for N-EVENT-REPORT.
            self._abort(
                f"a request that is not offered, or a data set that it does not have: {type(self.message).__name__}"
            )

    def _begin(self, context_id: int, message: C_STORE_RQ) -> None:
        context = self.assoc._accepted_cx.get(context_id)
        command = message.command_set
        self._context_id = context_id
        self._receiving = Receiving(
            self._ingest,
            sop_class=str(command.get("AffectedSOPClassUID", "")),
            sop_instance=str(command.get("AffectedSOPInstanceUID", "")),
            syntax=str(context.transfer_syntax[0]) if context else "",
            ae_title=str(self.assoc.requestor.ae_title).strip(),
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
