"""A connection that one thread reads while others write, TLS or not, with an end to every wait."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable

_SLICE_SECONDS = 0.25
"""So often a wait looks whether it is still wanted."""
_PIECE = 64 * 1024


def _always() -> bool:
    return True


class SharedSocket:
    """Reading and writing at the same time.

    OpenSSL's object of a connection takes one call at a time, and so the socket never blocks within one: each call has
    the object for itself, and waits are for the descriptor, with nothing held. A time set by one thread
    thus never counts for another either. What is written goes out whole before anybody else's.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._calls: contextlib.AbstractContextManager[object] = (
            threading.Lock() if isinstance(sock, ssl.SSLSocket) else contextlib.nullcontext()
        )
        self._secure = isinstance(sock, ssl.SSLSocket)
        self._writing = threading.Lock()
        self._broken = False
        self._first = bytearray()
        self._ended = False

    def ready(self) -> bool:
        """Whether a read would give something, or the end, at once. Raises OSError."""
        if not self._secure:
            return self._polled(select.POLLIN, 0.0)
        if self._first or self._ended:
            return True
        # That something has come does not mean that it is data: TLS has messages of its own.
        byte = bytearray(1)
        try:
            with self._calls:
                count = self._socket.recv_into(byte)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        self._ended = not count
        self._first = byte[:count]
        return True

    def read_into(self, buffer: memoryview, seconds: float, wanted: Callable[[], bool] = _always) -> int:
        """Read what is there, or comes within so many seconds; 0 at the end. Raises TimeoutError, OSError."""
        if self._first:
            buffer[:1] = self._first
            self._first = bytearray()
            return 1
        until = time.monotonic() + seconds
        while not self._ended:
            try:
                with self._calls:
                    count = self._socket.recv_into(buffer)
            except (ssl.SSLWantReadError, BlockingIOError):
                self._wait(select.POLLIN, until, wanted)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, until, wanted)
            else:
                self._ended = not count
                return count
        return 0

    def write(self, data: bytes | bytearray | memoryview, seconds: float, wanted: Callable[[], bool] = _always) -> None:
        """Write all of it within so many seconds, and for as long as it is `wanted`. Raises TimeoutError, OSError.

        After an error something may have gone out in part: then nothing more can be written.
        """
        until = time.monotonic() + seconds
        if not self._writing.acquire(timeout=seconds):
            raise TimeoutError("the peer takes nothing more")
        try:
            if self._broken:
                raise ConnectionAbortedError("what was written before did not go out whole")
            view = memoryview(data)
            self._broken = True
            while view:
                try:
                    with self._calls:
                        count = self._socket.send(view[:_PIECE])
                except (ssl.SSLWantWriteError, BlockingIOError):
                    self._wait(select.POLLOUT, until, wanted)
                except ssl.SSLWantReadError:
                    self._wait(select.POLLIN, until, wanted)
                else:
                    view = view[count:]
            self._broken = False
        finally:
            self._writing.release()

    def close(self) -> None:
        """Close for certain, whoever waits; a second time changes nothing."""
        with contextlib.suppress(OSError):
            # Of the socket itself: an SSLSocket would forget its TLS first, and a write could go out in the clear.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        self._socket.close()

    def _wait(self, event: int, until: float, wanted: Callable[[], bool]) -> None:
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the peer takes or gives nothing more")
            if not wanted():
                raise ConnectionAbortedError("the association has ended")
            if self._polled(event, min(left, _SLICE_SECONDS)):
                return

    def _polled(self, event: int, seconds: float) -> bool:
        file = self._socket.fileno()
        if file < 0:
            raise ConnectionAbortedError("the connection is closed")
        poll = select.poll()  # select() knows no descriptor above 1023
        poll.register(file, event)
        return bool(poll.poll(seconds * 1000))
