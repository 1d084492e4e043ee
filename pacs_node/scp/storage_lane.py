"""The lane of associations that only store and verify: one thread, one buffer, nothing decoded, one send per answer."""

from __future__ import annotations

import time

import structlog

from pacs_node.ingest.reception import Reception
from pacs_node.ingest.service import IngestService
from pacs_node.scp.admission import MAXIMUM_PDU, Admitted
from pacs_node.scp.answers import echo_response, store_response, stored
from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer import pdu
from pacs_node.upper_layer.channel import Channel
from pacs_node.upper_layer.errors import AssociationError, ConnectionLost, MalformedPdu, NoAnswer
from pacs_node.upper_layer.machine import RECEIVED, Action, Event, Machine
from pacs_node.upper_layer.messages import LONGEST_COMMAND_SET

SLOWEST_BYTES_PER_SECOND = 16 * 1024
"""What a message may take beyond the time that every message has, by the bytes of its data set that are kept."""
MOST_UNANSWERED = 4
"""The asynchronous operations window is 1 (PS3.7 annex D.3.3.3): a peer that runs far ahead has not read our answer."""
_LONGEST_UID = 64
_CLOSE_SECONDS = 0.5

log = structlog.get_logger(__name__)


class StorageLane:
    """One association; made when it has been let in, `serve` returns when it is over."""

    def __init__(
        self, channel: Channel, admitted: Admitted, ingest: IngestService, machine: Machine, *, patience: float
    ) -> None:
        self._channel = channel
        self._machine = machine
        self._ingest = ingest
        self._peer, self._sender = admitted.peer, admitted.sender
        self._accepted = admitted.negotiated.accepted
        self._storing = admitted.negotiated.storing
        self._patience = patience
        self._begun: float | None = None
        self._context_id = 0
        self._command = bytearray()
        self._request = cs.CommandSet()
        self._reception: Reception | None = None
        self._meter = admitted.meter
        if self._meter is not None:
            channel.meter = self._pause

    def serve(self) -> None:
        """Answer until the peer releases, aborts, closes, or does what it may not; leave nothing half received."""
        try:
            self._channel.expect(MAXIMUM_PDU)
            while True:
                kind, body = self._channel.read_pdu()
                if kind == pdu.P_DATA:
                    for context_id, control, fragment in pdu.data_values(body):
                        self._take(context_id, control, fragment)
                elif not self._other(kind, body):
                    return
        except MalformedPdu as error:
            log.warning("scp.protocol_error", reason=str(error), calling_ae=self._peer.ae_title)
            self._abort(error.reason)
        except NoAnswer as error:
            log.warning("scp.peer_too_slow", reason=str(error), calling_ae=self._peer.ae_title)
            self._abort(0)
        except ConnectionLost as error:
            log.info("scp.association_lost", reason=str(error), calling_ae=self._peer.ae_title)
            if self._channel.interrupted:
                self._abort(0)
        except Exception:
            log.exception("scp.lane_failed", calling_ae=self._peer.ae_title)
            self._abort(0)
        finally:
            if self._reception is not None:
                self._reception.discard()

    def _take(self, context_id: int, control: int, fragment: memoryview) -> None:
        """Take in one fragment."""
        now = time.monotonic()
        reception = self._reception
        if self._begun is None:
            self._begun = now
        else:
            kept = reception.kept if reception is not None else 0
            if now - self._begun > self._patience + kept / SLOWEST_BYTES_PER_SECOND:
                raise MalformedPdu("a message took too long to come", 0)
        if reception is not None:
            if control & pdu.COMMAND or context_id != self._context_id:
                raise MalformedPdu("a command in the middle of a data set")
            reception.write(fragment)
            if control & pdu.LAST:
                self._store(reception)
        elif control & pdu.COMMAND:
            self._take_command(context_id, control, fragment)
        else:
            raise MalformedPdu("a data set without a request")

    def _take_command(self, context_id: int, control: int, fragment: memoryview) -> None:
        self._channel.acknowledge = True
        if self._command or not control & pdu.LAST:
            if self._command and context_id != self._context_id:
                raise MalformedPdu("a command set on two presentation contexts")
            if len(self._command) + len(fragment) > LONGEST_COMMAND_SET:
                raise MalformedPdu(f"a command set of more than {LONGEST_COMMAND_SET} bytes")
            self._command += fragment
            self._context_id = context_id
            if not control & pdu.LAST:
                return
            fragment, self._command = memoryview(self._command), bytearray()
        elif len(fragment) > LONGEST_COMMAND_SET:
            raise MalformedPdu(f"a command set of more than {LONGEST_COMMAND_SET} bytes")
        self._context_id = context_id
        self._dispatch(context_id, cs.decode(fragment))

    def _dispatch(self, context_id: int, request: cs.CommandSet) -> None:
        if context_id not in self._accepted:
            raise MalformedPdu("a message on a presentation context that was not accepted")
        if self._channel.has_more and self._requests_ahead() >= MOST_UNANSWERED:
            raise MalformedPdu("requests without waiting for answers")
        field = request.field
        if field == cs.C_STORE_RQ:
            self._begin(context_id, request)
        elif request.has_data_set:
            raise MalformedPdu(f"a request that is not offered, with a data set: {field:04X}H")
        elif field == cs.C_ECHO_RQ:
            self._answer(echo_response(context_id, request))
        elif field == cs.C_CANCEL_RQ:
            self._begun = None  # of nothing that goes on
        else:
            raise MalformedPdu(f"a request that is not offered: {field:04X}H")

    def _begin(self, context_id: int, request: cs.CommandSet) -> None:
        if context_id not in self._storing:
            raise MalformedPdu("a C-STORE on a presentation context that is not for it")
        sop_class, sop_instance = request.text(cs.AFFECTED_SOP_CLASS_UID), request.text(cs.AFFECTED_SOP_INSTANCE_UID)
        if not (0 < len(sop_class) <= _LONGEST_UID and 0 < len(sop_instance) <= _LONGEST_UID) or request.message_id < 0:
            raise MalformedPdu("no valid C-STORE request: a UID is missing or too long")
        self._request = request
        if not request.has_data_set:
            self._store(None)
            return
        self._reception = self._ingest.receive(
            self._sender,
            sop_class_uid=sop_class,
            sop_instance_uid=sop_instance,
            transfer_syntax_uid=self._accepted[context_id][1],
            rules=self._peer.intake,
        )

    def _store(self, reception: Reception | None) -> None:
        request = self._request
        status, comment = stored(
            reception, calling=self._sender.login, sop_instance_uid=request.text(cs.AFFECTED_SOP_INSTANCE_UID)
        )
        if reception is not None:
            reception.discard()
        self._reception = None
        self._answer(store_response(self._context_id, request, status, comment))

    def _answer(self, response: bytes) -> None:
        self._begun = None
        self._channel.acknowledge = False
        self._channel.send(response)

    def _requests_ahead(self) -> int:
        """How many further command sets have been read already."""
        ahead, count, at = self._channel.peek(), 0, 0
        while at + pdu.HEADER + pdu.PDV_HEADER <= len(ahead):
            whole = pdu.COMMAND | pdu.LAST
            count += ahead[at] == pdu.P_DATA and ahead[at + pdu.HEADER + pdu.PDV_HEADER - 1] & whole == whole
            at += pdu.HEADER + int.from_bytes(ahead[at + 2 : at + pdu.HEADER], "big")
        return count

    def _other(self, kind: int, body: memoryview) -> bool:
        """Any PDU but P-DATA-TF (PS3.8 section 9.2, state 6); returns whether to go on."""
        self._check(kind, body)
        action = self._machine.on(RECEIVED[kind])
        if action is Action.AR_2:
            self._machine.on(Event.RELEASE_RESPONSE_DUE)
            self._channel.send(pdu.RELEASE_RESPONSE)
            self._channel.drain(_CLOSE_SECONDS)
            return False
        if action is Action.AA_3:
            log.info("scp.association_aborted", calling_ae=self._peer.ae_title)
            return False
        raise MalformedPdu(f"a PDU of type {kind:02X}H in an association", MalformedPdu.UNEXPECTED_PDU)

    @staticmethod
    def _check(kind: int, body: memoryview) -> None:
        if kind in (pdu.RELEASE_RQ, pdu.RELEASE_RP):
            pdu.decode_release(bytes(body))
        elif kind == pdu.ABORT:
            pdu.decode_abort(bytes(body))

    def _pause(self, count: int) -> None:
        """Read no faster than the peer may send; the time is not the peer's fault."""
        if self._meter is not None:
            paused = self._meter.take(count, lambda: self._channel.interrupted)
            if self._begun is not None:
                self._begun += paused

    def _abort(self, reason: int) -> None:
        try:
            self._channel.be_patient(_CLOSE_SECONDS)
            self._channel.send(pdu.encode_abort(2, reason))
            if not self._channel.interrupted:
                self._channel.drain(_CLOSE_SECONDS)
        except AssociationError:
            pass
