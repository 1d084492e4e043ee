"""The socket of an association, with limits on what a peer can make us wait for and keep."""

from __future__ import annotations

import contextlib
import socket
import time
from typing import Any

import structlog
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import AssociationSocket

MAXIMUM_PDU = 256 * 1024
"""Bytes of a P-DATA-TF PDU that we announce (PS3.8 annex D.1)."""

# An A-ASSOCIATE-RQ of 128 contexts with many syntaxes each stays well below this.
_LONGEST_PDU = 1 * 2**20

_LOOK_AGAIN = 0.1

log = structlog.get_logger(__name__)


class UpperLayer(DULServiceProvider):
    """pynetdicom's upper layer, which ends the connection when its state machine fails.

    A PDU that comes where PS3.8 table 9-10 has no transition, or our own abort crossing the peer's
    release, raises in the thread; the base class would leave the association waiting.
    """

    def receive_pdu(self, wait: bool = False, timeout: float | None = None) -> Any:
        """The next primitive; None when none comes in time, or none can come because the connection is closed.

        Without the second, a connection that never became an association would hold its place for
        the whole time-out.
        """
        if timeout is None or not wait:
            return super().receive_pdu(wait, timeout)
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            primitive: Any = super().receive_pdu(True, _LOOK_AGAIN)
            if primitive is not None or self._is_closed():
                return primitive
        return None

    def _is_closed(self) -> bool:
        return getattr(self.socket, "socket", None) is None

    def run_reactor(self) -> None:
        """Serve the connection until it ends."""
        try:
            super().run_reactor()
        except Exception as error:
            log.info("scp.upper_layer_ended", reason=repr(error))
            if self.socket is not None:
                self.socket.close()
            self.kill_dul()


class BoundedSocket(AssociationSocket):
    """Reads whole PDUs, but none that is longer than any we agreed to or that takes too long to come.

    Raises OSError, upon which the association is aborted (PS3.8 section 9.2, Evt17).
    """

    def __init__(self, assoc: Association, client_socket: socket.socket, *, patience: float) -> None:
        client_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client_socket.settimeout(patience)
        self._patience = patience
        super().__init__(assoc, client_socket=client_socket)

    def recv(self, nr_bytes: int) -> bytearray:
        """Read exactly `nr_bytes`, or fewer when the peer has closed."""
        if nr_bytes > _LONGEST_PDU:
            raise ConnectionAbortedError(f"a PDU of {nr_bytes} bytes is announced, {_LONGEST_PDU} are the limit")
        sock = self.socket
        if sock is None:
            return bytearray()
        # A sender that leaves Nagle on waits 40 ms for the acknowledgement of a lone command PDU.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        until = time.monotonic() + self._patience
        buffer = bytearray(nr_bytes)
        view = memoryview(buffer)
        filled = 0
        while filled < nr_bytes:
            if time.monotonic() > until:
                raise TimeoutError(f"a PDU took longer than {self._patience} s")
            count = sock.recv_into(view[filled:])
            if count == 0:
                break
            filled += count
        view.release()
        del buffer[filled:]
        return buffer

    def _shutdown_socket(self) -> None:
        """Close for certain; the base class leaves the descriptor open when the peer was faster."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
