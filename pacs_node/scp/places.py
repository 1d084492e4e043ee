"""Places for connections, so that whoever has no AE title of ours takes nothing from those who have one."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum, auto

import structlog

MOST_WAITING = 64
"""Connections at once that have no association yet."""
MOST_WAITING_OF_ONE_ADDRESS = 24
"""As many of them from one address; associations aren't counted, for all clinics may share one address."""
MOST_HELD = 4 * 2**20
"""Bytes that all of them together may have sent and we keep, beside the first 16 KiB of each."""

log = structlog.get_logger(__name__)


class _State(Enum):
    WAITING = auto()
    ASKED = auto()
    ADMITTED = auto()
    TURNED_OUT = auto()


class Place:
    """One connection's place, from the moment it is accepted until it has ended."""

    def __init__(self, places: Places, host: str, sock: socket.socket) -> None:
        self.host = host
        self.state = _State.WAITING
        self.ae_title = ""
        """Whose association it is, once it has one."""
        self.held = 0
        """Bytes that are kept for it while it has none."""
        self._places = places
        self._socket = sock

    def hold(self, sock: socket.socket) -> None:
        """The connection has become another socket's: TLS took it over."""
        self._socket = sock

    def make_room(self, size: int) -> None:
        """So many bytes are about to be kept for it; whoever has waited longest with many is closed for them."""
        self._places.make_room(self, size)

    def ask(self) -> None:
        """The request has come: no longer the one to go when others come."""
        self._places.change(self, _State.ASKED)

    def admit(self, ae_title: str = "", most: int | None = None) -> bool:
        """Make it an association's place; False when there are too many, of all or of `ae_title` (`most`)."""
        return self._places.admit(self, ae_title, most)

    def refuse(self) -> None:
        """The request was rejected and is kept no longer: the first to go when others come."""
        self.held = 0
        self._places.change(self, _State.WAITING)

    def leave(self) -> None:
        """The connection is over."""
        self._places.leave(self)

    def turn_out(self) -> None:
        """End the connection; its threads notice."""
        with contextlib.suppress(OSError):
            # Of the socket itself: unwrapping TLS is the connection's own thread's to do.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Places:
    """Who is connected; safe to share between threads.

    When there are too many without an association, the one that has waited longest is closed for the
    new one: a peer sends its request at once, so those who are silent make way for those who come.
    """

    def __init__(self, associations: int) -> None:
        self._most_admitted = associations
        self._lock = threading.Lock()
        self._places: list[Place] = []

    def enter(self, host: str, sock: socket.socket) -> Place | None:
        """A place for a new connection; None when there is none, and the connection is to be closed."""
        place = Place(self, host, sock)
        with self._lock:
            outside = [one for one in self._places if one.state is not _State.ADMITTED]
            counted = [one for one in outside if one.state is not _State.TURNED_OUT]
            same = [one for one in counted if one.host == host]
            crowd: list[Place] = []
            if len(same) >= MOST_WAITING_OF_ONE_ADDRESS:
                crowd = same
            elif len(counted) >= MOST_WAITING:
                crowd = counted
            leaving = next((one for one in crowd if one.state is _State.WAITING), None)
            # Those turned out have threads for a moment longer.
            entered = (leaving is not None or not crowd) and len(outside) < 2 * MOST_WAITING
            if entered:
                self._places.append(place)
                if leaving is not None:
                    leaving.state = _State.TURNED_OUT
        if not entered:
            log.warning("scp.connection_refused", host=host, waiting=len(outside))
            return None
        if leaving is not None:
            log.warning("scp.connection_turned_out", host=leaving.host, waiting=len(outside))
            leaving.turn_out()
        return place

    def make_room(self, place: Place, size: int) -> None:
        """See Place. The one that is closed may be the one that asks."""
        with self._lock:
            place.held = size
            outside = [one for one in self._places if one.state in (_State.WAITING, _State.ASKED)]
            held = sum(one.held for one in outside)
            if held <= MOST_HELD:
                return
            leaving = next((one for one in outside if one.state is _State.WAITING and one.held), place)
            leaving.state = _State.TURNED_OUT
        log.warning("scp.connection_turned_out", host=leaving.host, waiting=len(outside), bytes=held)
        leaving.turn_out()

    def admit(self, place: Place, ae_title: str, most: int | None) -> bool:
        """See Place."""
        with self._lock:
            admitted = [one for one in self._places if one.state is _State.ADMITTED]
            if len(admitted) >= self._most_admitted or place.state is _State.TURNED_OUT:
                return False
            if most is not None and sum(one.ae_title == ae_title for one in admitted) >= most:
                return False
            place.state = _State.ADMITTED
            place.ae_title = ae_title
            return True

    def change(self, place: Place, state: _State) -> None:
        """Note what has become of a connection that was not turned out meanwhile."""
        with self._lock:
            if place.state is not _State.TURNED_OUT:
                place.state = state

    def leave(self, place: Place) -> None:
        """See Place; a second time changes nothing."""
        with self._lock, contextlib.suppress(ValueError):
            self._places.remove(place)
