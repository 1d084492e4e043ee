"""One connection, from the accepted socket to its end: its request is read, decided on, and served on its lane."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from pacs_node.ingest.service import IngestService
from pacs_node.scp.admission import Admission, Admitted, Rejection
from pacs_node.scp.association import NodeAssociation, Serving
from pacs_node.scp.places import Place
from pacs_node.scp.storage_lane import StorageLane
from pacs_node.scp.tls import shown_certificate
from pacs_node.upper_layer import pdu
from pacs_node.upper_layer.channel import Channel
from pacs_node.upper_layer.errors import AssociationError, MalformedPdu, NoAnswer
from pacs_node.upper_layer.machine import RECEIVED, Action, Event, Machine

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a connection needs of the node; times in seconds, as `DicomNode` explains them."""

    ae: Any
    admission: Admission
    ingest: IngestService
    serving: Serving
    patience: float
    request_patience: float
    message_patience: float


class Connection:
    """Runs on a thread of its own; `over` is called at its end. `end` may come from any thread."""

    def __init__(
        self,
        sock: socket.socket,
        address: tuple[str, int],
        place: Place,
        around: Surroundings,
        *,
        tls: Callable[[], ssl.SSLContext] | None,
        over: Callable[[Connection], object],
    ) -> None:
        self._socket = sock
        self._address = address
        self._place = place
        self._around = around
        self._tls = tls
        self._over = over
        self._lock = threading.Lock()
        self._ending = False
        self._channel: Channel | None = None
        self._association: NodeAssociation | None = None
        self._thread = threading.Thread(target=self._run, name=f"dicom@{address[0]}:{address[1]}", daemon=True)

    def start(self) -> None:
        """Begin. Raises RuntimeError when no thread can be had."""
        self._thread.start()

    def end(self) -> None:
        """Abort the association if there is one; does not wait for the peer to agree."""
        with self._lock:
            self._ending = True
            channel, association = self._channel, self._association
        if association is not None:
            association.end()
        elif channel is not None:
            channel.interrupt()
        else:
            self._place.turn_out()

    def cut(self) -> None:
        """Close the connection, whatever is under way."""
        self._place.turn_out()

    def join(self, seconds: float) -> bool:
        """Wait for its end; False when that takes longer."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._serve()
        except AssociationError as error:
            log.info("scp.connection_ended", host=self._place.host, reason=str(error))
        except Exception:
            log.exception("scp.connection_failed", host=self._place.host)
        finally:
            self._socket.close()
            self._place.leave()
            self._over(self)

    def _serve(self) -> None:
        until = time.monotonic() + self._around.request_patience
        if self._tls is not None and not self._secure(self._tls):
            return
        channel = Channel(self._socket, patience=self._around.request_patience, room=self._place.make_room)
        with self._lock:
            self._channel = channel
            if self._ending:
                return
        machine = Machine(requestor=False)
        machine.on(Event.TRANSPORT_INDICATED)
        body = self._request(channel, machine, until)
        if body is None:
            return
        decided = self._decide(body)
        if isinstance(decided, Admitted):
            channel.trust()
            if decided.stores_only:
                self._store(channel, machine, decided, body)
            else:
                self._hand_over(channel, decided, pdu.encode(pdu.ASSOCIATE_RQ, body) + channel.read_ahead())
            return
        # While the peer's close is awaited, nothing that it sent is kept.
        del body
        channel.forget()
        if isinstance(decided, MalformedPdu):
            self._abort(channel, machine, decided)
            return
        self._place.refuse()
        machine.on(Event.REJECT_DUE)
        channel.send(pdu.encode_reject(*decided))
        channel.drain(self._around.request_patience)

    def _decide(self, body: bytes) -> Admitted | MalformedPdu | tuple[int, int, int]:
        """What becomes of the request: let in, malformed, or rejected with result, source and reason."""
        try:
            request = pdu.decode_request(body)
            self._place.ask()
            return self._around.admission.decide(request, self._place, shown_certificate(self._socket))
        except MalformedPdu as error:
            return error.with_traceback(None)
        except Rejection as rejection:
            return rejection.why

    def _secure(self, context: Callable[[], ssl.SSLContext]) -> bool:
        """Make it a TLS connection; the handshake has the time of the request."""
        self._socket.settimeout(self._around.request_patience)
        try:
            secured = context().wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
            self._socket = secured
            self._place.hold(secured)
            secured.do_handshake()
        except (OSError, ValueError) as error:
            log.warning("scp.tls_refused", host=self._place.host, reason=str(error))
            return False
        return True

    def _request(self, channel: Channel, machine: Machine, until: float) -> bytes | None:
        """The body of the A-ASSOCIATE-RQ; None when something else has come, or nothing in time (ARTIM)."""
        try:
            kind, read = channel.read_pdu(until=until)
            action = machine.on(RECEIVED[kind])
        except MalformedPdu as error:
            self._abort(channel, machine, error)
            return None
        except NoAnswer:
            log.info("scp.request_did_not_come", host=self._place.host)
            return None
        if action is not Action.AE_6:
            if action is Action.AA_1:
                self._say_abort(channel, MalformedPdu.UNEXPECTED_PDU)
            return None
        return bytes(read)

    def _store(self, channel: Channel, machine: Machine, admitted: Admitted, body: bytes) -> None:
        machine.on(Event.ACCEPT_DUE)
        channel.be_patient(self._around.patience)
        channel.send(pdu.encode_accept(admitted.answer(), fixed=body))
        patience = self._around.message_patience
        StorageLane(channel, admitted, self._around.ingest, machine, patience=patience).serve()
        channel.close()

    def _hand_over(self, channel: Channel, admitted: Admitted, request: bytes) -> None:
        around = self._around
        association = NodeAssociation(
            around.ae,
            self._socket,
            admitted,
            request=request,
            ingest=around.ingest,
            serving=around.serving,
            patience=around.patience,
            message_patience=around.message_patience,
            address=self._address,
        )
        with self._lock:
            self._association, self._channel = association, None
            if self._ending:
                return
        # On this thread, which has nothing else to do; pynetdicom's upper layer has one of its own.
        association.run_reactor()

    def _abort(self, channel: Channel, machine: Machine, error: MalformedPdu) -> None:
        log.warning("scp.protocol_error", reason=str(error), host=self._place.host)
        machine.on(Event.INVALID_RECEIVED)
        self._say_abort(channel, error.reason)

    def _say_abort(self, channel: Channel, reason: int) -> None:
        self._place.refuse()
        channel.send(pdu.encode_abort(2, reason))
        channel.drain(self._around.request_patience)
