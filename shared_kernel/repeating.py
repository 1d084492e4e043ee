"""A thread that does the same work again and again until it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog

_LONGEST_STOP_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Repeating:
    """Does `turn`, waits as many seconds as it returns, and does it again.

    A turn that fails (a locked or full database, a disk that has gone) is told once in the log, by the event
    `SUBJECT_failed`, tried again after `pause`, and told of once more when it works again, by `SUBJECT_goes_on`.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], float],
        *,
        subject: str,
        pause: float,
        begin: Callable[[], None] | None = None,
    ) -> None:
        """`pause` are the seconds before the first turn and after one that failed.

        `begin` is called in the thread first; where it fails, that is told as of a turn, and the turns follow.
        """
        self._name = name
        self._turn = turn
        self._subject = subject
        self._pause = pause
        self._begin = begin
        self._failing = False
        self._thread: threading.Thread | None = None
        self.stopping = threading.Event()
        """Set once it is to end: a long turn looks at it."""

    def start(self) -> None:
        """Begin in the background; goes on until `stop`."""
        self.stopping.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, within: float = _LONGEST_STOP_SECONDS) -> None:
        """End after the turn in hand; waits for that, `within` seconds at most, and says so if it goes on."""
        self.stopping.set()
        if self._thread is None:
            return
        self._thread.join(within)
        if self._thread.is_alive():
            log.warning("thread.not_ended", thread=self._name, seconds=within)

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def _run(self) -> None:
        if self._begin is not None:
            self._tried(self._begin)
        pause = self._pause
        while not self.stopping.wait(pause):
            pause = self._tried(self._turn) or 0

    def _tried(self, work: Callable[[], float] | Callable[[], None]) -> float | None:
        try:
            pause = work()
        except Exception:
            if not self._failing:
                log.exception(f"{self._subject}_failed")
            self._failing = True
            return self._pause
        if self._failing:
            log.info(f"{self._subject}_goes_on")
        self._failing = False
        return pause
