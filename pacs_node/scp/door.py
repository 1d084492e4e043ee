"""Where connections come in: a listening socket, and a thread that gives each connection a place and a thread."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable

import structlog

from pacs_node.scp.connection import Connection, Surroundings
from pacs_node.scp.places import Places
from shared_kernel.settings import Address

_BACKLOG = 128
_PAUSE_SECONDS = 0.2
_END_SECONDS = 2.0

log = structlog.get_logger(__name__)


class Door:
    """Listens at `address`; with `tls`, a connection begins with a handshake in the context that it returns then."""

    def __init__(
        self,
        address: Address,
        places: Places,
        around: Surroundings,
        *,
        tls: Callable[[], ssl.SSLContext] | None = None,
    ) -> None:
        self._places = places
        self._around = around
        self._tls = tls
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._listening = socket.create_server(tuple(address), family=family, backlog=_BACKLOG)
        self._thread = threading.Thread(target=self._accept, name="dicom-door", daemon=True)

    @property
    def address(self) -> Address:
        """Where it listens, with the port that the system chose where 0 was asked for."""
        host, port = self._listening.getsockname()[:2]
        return Address(str(host), int(port))

    def start(self) -> None:
        """Begin to take connections."""
        self._thread.start()

    def close(self) -> None:
        """Take no more connections."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        if self._thread.ident is not None:
            self._thread.join(_END_SECONDS)

    def end(self, patience: float) -> None:
        """Abort the associations that are open; returns when they have ended, or after some more than `patience`."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.end()
        late = [connection for connection in connections if not connection.join(_END_SECONDS)]
        for connection in late:
            connection.cut()
        for connection in late:
            if not connection.join(patience):
                log.error("scp.connection_does_not_end")

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                sock, address = self._listening.accept()
            except OSError as error:
                if self._closed.is_set():
                    return
                # No file descriptors left, or a connection that was reset while it waited.
                log.warning("scp.accept_failed", reason=str(error))
                self._closed.wait(_PAUSE_SECONDS)
                continue
            try:
                self._take(sock, address)
            except Exception:
                log.exception("scp.connection_failed", host=str(address[0]))
                sock.close()

    def _take(self, sock: socket.socket, address: tuple[str, int]) -> None:
        place = self._places.enter(address[0], sock)
        if place is None:
            sock.close()
            return
        connection = Connection(sock, address[:2], place, self._around, tls=self._tls, over=self._forget)
        with self._lock:
            self._open.add(connection)
        try:
            connection.start()
        except BaseException:
            place.leave()
            self._forget(connection)
            raise

    def _forget(self, connection: Connection) -> None:
        with self._lock:
            self._open.discard(connection)
