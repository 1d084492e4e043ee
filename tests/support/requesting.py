"""Associations that we request with pynetdicom, whose own thread can't take the answers that we wait for.

An association of pynetdicom 3.0 has a thread that looks for messages of the peer. `send_*` pauses it: clears a
checkpoint, and waits until `_is_paused` is true, which it also is in the moment after the last `send_*` has set the
checkpoint and before the thread has left its wait. Then the thread goes one round more, may take the answer
("Received unexpected C-STORE service message"), and the sender has none when its time is over. `release` pauses it
in the same way.

And what it answers to the peer's own requests (N-EVENT-REPORT) after it has sent A-RELEASE-RQ, when PS3.8 table 9-10
has no transition for data any more, ends its upper layer's thread with an exception.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

_SECONDS = 60.0
_TICK_SECONDS = 0.1


class Checkpoint(threading.Event):
    """A checkpoint that counts as cleared once `reactor` stands at it, and not before."""

    def __init__(self, reactor: threading.Thread) -> None:
        super().__init__()
        self._reactor = reactor
        self._turn = threading.Condition()
        self._open = True
        self._reached = False
        self.awaited = False
        """Whether somebody waits for the reactor to come here."""

    def is_set(self) -> bool:
        """Whether the reactor may pass."""
        return self._open

    def set(self) -> None:
        """Let the reactor pass."""
        with self._turn:
            self._open = True
            self._turn.notify_all()

    def clear(self) -> None:
        """Stop the reactor: returns when it waits here, has ended, or is itself who asks. Raises TimeoutError."""
        until = time.monotonic() + _SECONDS
        with self._turn:
            self._open = False
            self.awaited = True
            while not self._reached and self._reactor.is_alive() and threading.current_thread() is not self._reactor:
                if time.monotonic() > until:
                    raise TimeoutError(f"the association's own thread is still busy after {_SECONDS:g} s")
                self._turn.wait(_TICK_SECONDS)
            self.awaited = False

    def wait(self, timeout: float | None = None) -> bool:
        """The reactor stands here until it may pass, or for `timeout` seconds."""
        until = None if timeout is None else time.monotonic() + timeout
        with self._turn:
            self._reached = True
            self._turn.notify_all()
            while not self._open and (until is None or time.monotonic() < until):
                self._turn.wait(None if until is None else until - time.monotonic())
            self._reached = False
            return self._open


def associate(ae: ApplicationEntity, host: str, port: int, **how: Any) -> Association:
    """`ae.associate`, and an association on which requests get their answers; it may not be established."""
    return safe(ae.associate(host, port, **how))


def safe(association: Association) -> Association:
    """Mend an association that was opened just now."""
    association._reactor_checkpoint = Checkpoint(association)
    send = association.dimse.send_msg

    def send_unless_released(primitive: Any, context_id: int) -> None:
        if not association._sent_release:
            send(primitive, context_id)

    association.dimse.send_msg = send_unless_released  # type: ignore[method-assign]
    return association
