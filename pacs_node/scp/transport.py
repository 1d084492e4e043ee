"""The socket of an association, with limits on what a peer can make us wait for and keep."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import structlog
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import AssociationSocket

from pacs_node.scp.rate import Meter
from pacs_node.scp.shared_socket import SharedSocket
from pacs_node.upper_layer.channel import LONGEST_PDU

log = structlog.get_logger(__name__)


class UpperLayer(DULServiceProvider):
    """pynetdicom's upper layer, which ends the connection when its state machine fails.

    A PDU that comes where PS3.8 table 9-10 has no transition, or our own abort crossing the peer's
    release, raises in the thread; the base class would leave the association waiting. It would also wait
    the whole time for the request of a connection that has ended.
    """

    def _read_pdu_data(self) -> None:
        if isinstance(self.socket, BoundedSocket):
            self.socket.begin_pdu()
        super()._read_pdu_data()

    def run_reactor(self) -> None:
        """Serve the connection until it ends."""
        try:
            super().run_reactor()
        except Exception as error:
            log.info("scp.upper_layer_ended", reason=repr(error))
            if self.socket is not None:
                self.socket.close()
            self.kill_dul()
        finally:
            # Wakes who waits for a primitive: there will be none.
            waiting: Any = self.to_user_queue
            waiting.put(None)


class BoundedSocket(AssociationSocket):
    """Reads whole PDUs, but none that is longer than any we agreed to or that takes too long to come.

    `ahead` are bytes that somebody has read from the socket already; they come first. `meter` makes it read no
    faster than the peer may send. Raises OSError, upon which the association is aborted (PS3.8 section 9.2, Evt17).
    """

    def __init__(
        self,
        assoc: Association,
        client_socket: socket.socket,
        *,
        patience: float,
        ahead: bytes = b"",
        meter: Meter | None = None,
    ) -> None:
        self._shared = SharedSocket(client_socket)
        self._patience = patience
        self._pdu_until = 0.0
        self._ahead = memoryview(ahead)
        self._meter = meter
        self.paused = 0.0
        """Seconds that were waited for the meter's sake."""
        super().__init__(assoc, client_socket=client_socket)

    @property
    def ready(self) -> bool:
        """Whether there is something to read."""
        if self.socket is None or not self._is_connected:
            return False
        if self._ahead:
            return True
        try:
            return self._shared.ready()
        except (OSError, ValueError):
            self.event_queue.put("Evt17")
            return False

    def begin_pdu(self) -> None:
        """A PDU is about to be read: its header and body have `patience` seconds together."""
        self._pdu_until = time.monotonic() + self._patience

    def recv(self, nr_bytes: int) -> bytearray:
        """Read exactly `nr_bytes`, or fewer when the peer has closed."""
        if nr_bytes > LONGEST_PDU:
            raise ConnectionAbortedError(f"a PDU of {nr_bytes} bytes is announced, {LONGEST_PDU} are the limit")
        sock = self.socket
        if sock is None:
            return bytearray()
        # A sender that leaves Nagle on waits 40 ms for the acknowledgement of a lone command PDU.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        buffer = bytearray(nr_bytes)
        filled = 0
        with memoryview(buffer) as view:
            while filled < nr_bytes:
                count = self._some(view[filled:])
                if count == 0:
                    break
                filled += count
        del buffer[filled:]
        return buffer

    def send(self, bytestream: bytes) -> None:
        """Send a PDU of the upper layer's own; as the base class, tells the state machine when that fails."""
        try:
            self.send_all(bytestream)
        except Exception as error:
            log.info("scp.sending_failed", reason=str(error))
            self.event_queue.put("Evt17")

    def send_all(self, data: bytes | bytearray | memoryview, wanted: Callable[[], bool] = lambda: True) -> None:
        """From any thread: send all of it, within `patience` seconds and for as long as it is `wanted`.

        Raises TimeoutError, OSError.
        """
        self._shared.write(data, self._patience, wanted)

    def _some(self, buffer: memoryview) -> int:
        if self._ahead:
            count = min(len(buffer), len(self._ahead))
            buffer[:count], self._ahead = self._ahead[:count], self._ahead[count:]
            return count
        left = self._pdu_until - time.monotonic()
        if left > 0:
            with contextlib.suppress(TimeoutError):
                count = self._shared.read_into(buffer, left)
                if self._meter is not None:
                    pause = self._meter.take(count, lambda: self.assoc._kill)
                    self.paused += pause
                    self._pdu_until += pause
                return count
        reason = "a PDU took too long to come"
        log.warning("scp.peer_too_slow", reason=reason, calling_ae=str(self.assoc.requestor.ae_title))
        raise TimeoutError(reason)

    def _shutdown_socket(self) -> None:
        """Close for certain; the base class leaves the descriptor open when the peer was faster."""
        self._shared.close()
