"""A storage SCP by pynetdicom, as an independent destination."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.events import Event

from shared_kernel.settings import Address


@dataclass
class Receiver:
    """What it was sent: data sets as bytes by SOP Instance UID, with the syntax and the C-MOVE behind each."""

    address: Address = Address("127.0.0.1", 0)
    received: dict[str, bytes] = field(default_factory=dict)
    syntaxes: dict[str, str] = field(default_factory=dict)
    originators: list[tuple[str, int]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    statuses: Callable[[int], int] = lambda _: 0
    before: Callable[[Any], None] = lambda _: None
    hold: threading.Event = field(default_factory=threading.Event)

    def take(self, event: Event) -> int:
        """Answer a C-STORE."""
        request: Any = event.request
        self.before(event)
        uid = str(request.AffectedSOPInstanceUID)
        self.order.append(uid)
        status = self.statuses(len(self.order))
        if status == 0:
            self.received[uid] = request.DataSet.getvalue()
            self.syntaxes[uid] = str(event.context.transfer_syntax)
        if request.MoveOriginatorApplicationEntityTitle:
            self.originators.append(
                (str(request.MoveOriginatorApplicationEntityTitle).strip(), request.MoveOriginatorMessageID)
            )
        return status


@contextmanager
def receiver(title: str = "DEST", syntaxes: Sequence[str] = (), **how: Any) -> Iterator[Receiver]:
    """One that listens on a port of its own; it takes every storage class in these syntaxes (all native ones)."""
    made = Receiver(**how)
    ae = AE(ae_title=title)
    ae.network_timeout = ae.dimse_timeout = 20
    contexts = [context.abstract_syntax for context in AllStoragePresentationContexts]
    for sop_class in contexts:
        ae.add_supported_context(str(sop_class), list(syntaxes) or None)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, made.take)])
    assert server is not None
    made.address = Address("127.0.0.1", server.server_address[1])
    try:
        yield made
    finally:
        server.shutdown()
