"""Carries out orders to send while the hub runs: for several peers at once, for each peer one order after the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from pacs_node.scu.lanes import PeerLanes
from pacs_node.scu.model import Sent
from pacs_node.scu.queue import OutgoingQueue
from pacs_node.scu.sending import StorageScu

MOST_PEERS = 8
"""Peers that are sent to at once."""
_PAUSE_SECONDS = 2.0
_TURN_SECONDS = 60.0
"""After so long a peer that takes something lets another have its lane, if any waits for one."""
_REST_SECONDS = 60.0
"""So long a peer is left alone that took nothing at all."""
_FORGOTTEN_SECONDS = 24 * 60 * 60.0
_GRACE_SECONDS = 5.0
_CUT_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Past:
    """How a peer's last turn went; times are of time.monotonic."""

    ended: float = 0.0
    took_nothing: bool = False


class OutgoingWorker:
    """Looks for orders that are due and gives each destination a lane.

    Who has waited longest comes first. Peers that took nothing the last time have half of the lanes at most:
    however many are dead, the others are served.
    """

    def __init__(
        self,
        queue: OutgoingQueue,
        scu: StorageScu,
        *,
        pause: float = _PAUSE_SECONDS,
        most_peers: int = MOST_PEERS,
        turn: float = _TURN_SECONDS,
        rest: float = _REST_SECONDS,
        grace: float = _GRACE_SECONDS,
    ) -> None:
        self._queue = queue
        self._scu = scu
        self._pause, self._turn, self._rest, self._grace = pause, turn, rest, grace
        self._most_hopeless = max(1, most_peers // 2)
        self._forgotten = max(rest, _FORGOTTEN_SECONDS)
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._lanes = PeerLanes("outgoing", most_peers, self._woken.set)
        self.waited_for = False
        """Whether a peer waited for a lane at the last look."""
        self._guard = threading.Lock()
        self._past: dict[str, _Past] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="outgoing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the instances in hand; what takes longer is cut. What is left is due again at once."""
        self._stopping.set()
        self._woken.set()
        if self._thread:
            self._thread.join(self._grace)
        if not self._lanes.join(self._grace):
            self._scu.cut()
            if not self._lanes.join(_CUT_SECONDS):
                log.warning("outgoing.still_busy", peers=sorted(self._lanes.busy))
        self._queue.let_go()

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def look(self) -> int:
        """Give lanes to peers whose orders are due, as far as there are any; returns to how many."""
        due, now = self._queue.due(), time.monotonic()
        with self._guard:
            for peer in [peer for peer, past in self._past.items() if now - past.ended > self._forgotten]:
                del self._past[peer]
        busy = self._lanes.busy
        waiting = sorted(
            (peer for peer in due if peer not in busy and not self._rests(peer, now)),
            key=lambda peer: (self._seen(peer).took_nothing, self._seen(peer).ended, peer),
        )
        hopeless = sum(self._seen(peer).took_nothing for peer in busy)
        begun = 0
        for peer in waiting:
            took_nothing = self._seen(peer).took_nothing
            if took_nothing and hopeless >= self._most_hopeless:
                break
            if not self._begin(peer, due[peer]):
                break
            begun, hopeless = begun + 1, hopeless + took_nothing
        self.waited_for = begun < len(waiting)
        return begun

    def _begin(self, peer: str, order_ids: Sequence[int]) -> bool:
        return self._lanes.begin(peer, lambda: self._serve(peer, order_ids))

    def _serve(self, peer: str, order_ids: Sequence[int]) -> None:
        """A peer's turn: its orders in their order, until it takes nothing or has had its time."""
        turn = _Turn(self._stopping, time.monotonic() + self._turn, lambda: self.waited_for)
        took_nothing = False
        try:
            for order_id in order_ids:
                turn.reached.clear()
                ran = self._queue.run(order_id, turn.told, turn.is_over)
                # An order of which nothing could be sent says nothing about the peer.
                took_nothing = ran and False in turn.reached and True not in turn.reached
                if took_nothing or turn.is_over():
                    break
        finally:
            with self._guard:
                self._past[peer] = _Past(time.monotonic(), took_nothing)

    def _seen(self, peer: str) -> _Past:
        with self._guard:
            return self._past.get(peer) or _Past()

    def _rests(self, peer: str, now: float) -> bool:
        past = self._seen(peer)
        return past.took_nothing and now - past.ended < self._rest

    def _run(self) -> None:
        failing = False
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception:
                if not failing:
                    log.exception("outgoing.worker_failed")
                failing = True
            else:
                failing = False
            self._woken.wait(self._pause)
            self._woken.clear()


class _Turn:
    """Whether a peer's turn is over: at a stop, and when others wait for its lane and it has taken something."""

    def __init__(self, stopping: threading.Event, until: float, waited_for: Callable[[], bool]) -> None:
        self._stopping = stopping
        self._until = until
        self._waited_for = waited_for
        self.reached: set[bool | None] = set()
        """What the instances so far said about the peer, see `Sent`."""

    def told(self, sent: Sent) -> None:
        """The peer has answered, or could not be reached, or had not to be."""
        self.reached.add(sent.reached)

    def is_over(self) -> bool:
        """Asked before each instance."""
        if self._stopping.is_set():
            return True
        return True in self.reached and time.monotonic() >= self._until and self._waited_for()
