"""Work for peers side by side: each peer's own things one after the other, so that a slow peer holds up nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class PeerLanes:
    """Runs at most one job for each peer at once, and jobs for `most` peers, each on a thread of its own.

    `freed` is called on the thread of a job that has ended, when its lane is free.
    """

    def __init__(self, name: str, most: int, freed: Callable[[], None] = lambda: None) -> None:
        self._name = name
        self._most = most
        self._freed = freed
        self._guard = threading.Lock()
        self._busy: dict[str, threading.Thread] = {}

    @property
    def busy(self) -> frozenset[str]:
        """AE titles of the peers that something is being done for."""
        with self._guard:
            return frozenset(self._busy)

    @property
    def free(self) -> int:
        """How many more peers there is room for."""
        with self._guard:
            return self._most - len(self._busy)

    def begin(self, peer: str, job: Callable[[], None]) -> bool:
        """Run `job` for a peer; False when something is being done for it already, or too much for others."""
        thread = threading.Thread(target=self._run, args=(peer, job), name=f"{self._name}-{peer}", daemon=True)
        with self._guard:
            if peer in self._busy or len(self._busy) >= self._most:
                return False
            self._busy[peer] = thread
        try:
            thread.start()
        except RuntimeError:  # no thread can be had
            with self._guard:
                del self._busy[peer]
            raise
        return True

    def join(self, seconds: float) -> bool:
        """Wait for all jobs to end, so long at most; whether they have."""
        until = time.monotonic() + seconds
        with self._guard:
            threads = list(self._busy.values())
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _run(self, peer: str, job: Callable[[], None]) -> None:
        try:
            job()
        except Exception:
            log.exception("lane.failed", lane=self._name, peer=peer)
        finally:
            with self._guard:
                self._busy.pop(peer, None)
            self._freed()
