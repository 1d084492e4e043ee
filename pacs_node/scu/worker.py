"""The thread that carries out orders to send while the hub runs."""

from __future__ import annotations

import threading

import structlog

from pacs_node.scu.queue import OutgoingQueue

_PAUSE_SECONDS = 2.0
_LONGEST_WAIT_SECONDS = 30.0

log = structlog.get_logger(__name__)


class OutgoingWorker:
    """Looks for orders that are due, and carries them out one after the other."""

    def __init__(self, queue: OutgoingQueue, *, pause: float = _PAUSE_SECONDS) -> None:
        self._queue = queue
        self._pause = pause
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Work in the background until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="outgoing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the instance in hand; what is left is due again at once."""
        self._stopping.set()
        if self._thread:
            self._thread.join(_LONGEST_WAIT_SECONDS)

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def run_once(self) -> int:
        """Carry out what is due now; returns how many orders."""
        return sum(self._queue.run(order_id, cancelled=self._stopping.is_set) for order_id in self._queue.due())

    def _run(self) -> None:
        failing = False
        while not self._stopping.wait(self._pause):
            try:
                self.run_once()
            except Exception:
                if not failing:
                    log.exception("outgoing.worker_failed")
                failing = True
            else:
                failing = False
