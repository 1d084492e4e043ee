"""Where the results of storage commitment arrive, whichever way the hub chooses to tell them (PS3.4 section J.3.3)."""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from pynetdicom import AE, evt

from benchmarks.wire import Address

COMMITMENT = "1.2.840.10008.1.20.1"
WELL_KNOWN_INSTANCE = "1.2.840.10008.1.20.1.1"


@dataclass(frozen=True, slots=True)
class Told:
    """One result: Event Type ID (1: all well, 2: some failed) and SOP instances; `anew` on a new association."""

    event_type: int
    confirmed: frozenset[str]
    failed: frozenset[str]
    anew: bool


class Reports:
    """A listener for all scanners of a soak, and the handler for associations that they keep open themselves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: defaultdict[str, queue.Queue[Told]] = defaultdict(queue.Queue)
        self.handler = (evt.EVT_N_EVENT_REPORT, self._take)
        ae = AE("SOAK")
        ae.add_supported_context(COMMITMENT, scu_role=True, scp_role=True)
        server: Any = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[self.handler])
        self._server = server
        self.address: Address = ("127.0.0.1", server.socket.getsockname()[1])

    def wait(self, transaction: str, seconds: float) -> Told:
        """The result of a transaction. Raises TimeoutError when none comes."""
        with self._lock:
            waiting = self._told[transaction]
        try:
            return waiting.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError(f"no N-EVENT-REPORT within {seconds:.0f} s") from None

    def close(self) -> None:
        """Listen no longer."""
        self._server.shutdown()

    def _take(self, event: Any) -> tuple[int, None]:
        said = event.event_information
        told = Told(
            event.request.EventTypeID,
            _instances(said.get("ReferencedSOPSequence")),
            _instances(said.get("FailedSOPSequence")),
            event.assoc.is_acceptor,
        )
        with self._lock:
            waiting = self._told[str(said.TransactionUID)]
        waiting.put(told)
        return 0x0000, None


def _instances(items: Any) -> frozenset[str]:
    return frozenset(str(item.ReferencedSOPInstanceUID) for item in items or ())
