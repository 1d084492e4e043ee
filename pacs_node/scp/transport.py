"""The socket of an association, with limits on what a peer can make us wait for and keep."""

from __future__ import annotations

import contextlib
import socket
import time

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket

MAXIMUM_PDU = 256 * 1024
"""Bytes of a P-DATA-TF PDU that we announce (PS3.8 annex D.1)."""

# An A-ASSOCIATE-RQ of 128 contexts with many syntaxes each stays well below this.
_LONGEST_PDU = 1 * 2**20


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
