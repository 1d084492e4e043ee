"""Who carries out an order holds a lease on it, and renews it for as long as the sending goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)


class Renewal:
    """Whether the lease is still held."""

    def __init__(self) -> None:
        self.lost = False


@contextmanager
def renewed(renew: Callable[[], bool], *, every: float, name: str) -> Iterator[Renewal]:
    """Call `renew` each so many seconds until the block ends; once it says False the lease is lost.

    Every wait of a sender has an end and a slowest rate, so that a block that has not ended is making progress,
    however long a single instance takes on a slow line.
    """
    renewal, over = Renewal(), threading.Event()

    def run() -> None:
        while not over.wait(every):
            try:
                if not renew():
                    renewal.lost = True
                    return
            except Exception:
                # A locked database: the lease is longer than several of these pauses.
                log.exception("outgoing.lease_not_renewed")

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield renewal
    finally:
        over.set()
        thread.join()
