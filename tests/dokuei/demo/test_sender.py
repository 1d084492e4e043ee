"""The demo's scanner, against a storage SCP of another make."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage

from dokuei.demo.sender import SendingFailed, send
from shared_kernel.settings import Address
from test_data.small import small_ct_series

OBJECTS = small_ct_series(slices=3, seed=5)
Answer = Callable[[Any], int]


@pytest.fixture
def received() -> list[Any]:
    return []


@pytest.fixture
def serve(received: list[Any]) -> Iterator[Callable[[Answer], Address]]:
    servers = []

    def begin(answer: Answer) -> Address:
        def take(event: Any) -> int:
            received.append(event.dataset)
            return answer(event)

        ae = AE("HUB")
        ae.require_called_aet = True
        ae.add_supported_context(CTImageStorage, dcmread(BytesIO(OBJECTS[0])).file_meta.TransferSyntaxUID)
        server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
        servers.append(server)
        return Address(*server.socket.getsockname())

    yield begin
    for server in servers:
        server.shutdown()


def sent(to: Address, called: str = "HUB", stopping: threading.Event | None = None) -> int:
    """How many were acknowledged."""
    done: list[None] = []
    send(
        OBJECTS,
        calling="MINATO_CT",
        called=called,
        to=to,
        on_sent=lambda: done.append(None),
        stopping=stopping or threading.Event(),
    )
    return len(done)


def test_every_object_arrives_as_it_is(serve: Callable[[Answer], Address], received: list[Any]) -> None:
    assert sent(serve(lambda _: 0)) == 3
    assert received == [dcmread(BytesIO(data)) for data in OBJECTS]


def test_a_refusal_says_which_and_why(serve: Callable[[Answer], Address]) -> None:
    uid = dcmread(BytesIO(OBJECTS[0])).SOPInstanceUID
    with pytest.raises(SendingFailed, match=f"{uid} was refused with status 0xA700"):
        sent(serve(lambda _: 0xA700))


def test_an_association_that_is_refused_or_ends(serve: Callable[[Answer], Address]) -> None:
    with pytest.raises(SendingFailed, match="rejected"):
        sent(serve(lambda _: 0), called="ANOTHER")

    def leave(event: Any) -> int:
        event.assoc.abort()
        return 0

    with pytest.raises(SendingFailed, match=r"aborted|closed"):
        sent(serve(leave))


def test_it_stops_when_told(serve: Callable[[Answer], Address]) -> None:
    stopping = threading.Event()

    def stop(_: Any) -> int:
        stopping.set()
        return 0

    assert sent(serve(stop), stopping=stopping) == 1
    assert sent(serve(lambda _: 0), stopping=stopping) == 0
