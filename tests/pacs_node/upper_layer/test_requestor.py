"""Proves that an association of ours works with pynetdicom as the other side, and ends in order with any peer."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pynetdicom import AE, build_role, evt

from pacs_node.upper_layer import pdu
from pacs_node.upper_layer.errors import Aborted, AssociationError, ConnectionLost, MalformedPdu, NoAnswer, Refused
from pacs_node.upper_layer.items import AssociateAccept, ContextResult, UserInformation
from pacs_node.upper_layer.requestor import FilePart, NotAccepted, Proposal, Requestor
from tests.support.objects import CT, EXPLICIT, IMPLICIT, ct

VERIFICATION = "1.2.840.10008.1.1"
ECHO = Proposal(VERIFICATION, (IMPLICIT,))
STORE = Proposal(CT, (EXPLICIT,))


def _open(address: tuple[str, int], *proposals: Proposal, **more: Any) -> Requestor:
    named: dict[str, Any] = {"calling": "DOKUEI", "called": "PEER", "implementation_class_uid": "2.25.1", **more}
    return Requestor.open(address, proposals=proposals or (ECHO, STORE), **named)


@contextmanager
def scp(maximum_pdu: int = 16382, scp_role: bool = False) -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """pynetdicom as a storage SCP, and the data sets that it got."""
    received: list[bytes] = []

    def store(event: Any) -> int:
        received.append(event.request.DataSet.getvalue())
        return 0x0000

    ae = AE("PEER")
    ae.maximum_pdu_size = maximum_pdu
    ae.add_supported_context(VERIFICATION)
    ae.add_supported_context(CT, EXPLICIT, scu_role=scp_role or None, scp_role=scp_role or None)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, store)])
    assert server is not None
    try:
        yield server.server_address[:2], received
    finally:
        server.shutdown()


@pytest.mark.parametrize("maximum_pdu", [0, 16382, 256])
@pytest.mark.parametrize("how", ["bytes", "file"])
def test_what_is_stored_arrives_as_it_was(tmp_path: Path, maximum_pdu: int, how: str) -> None:
    sent = ct(pixels=bytes(range(256)) * 200)
    path = tmp_path / "data"
    path.write_bytes(b"before" + sent.data_set + b"behind")
    with scp(maximum_pdu) as (address, received), _open(address) as association, path.open("rb") as file:
        context = association.context_for(CT, EXPLICIT)
        part = FilePart(file.fileno(), 6, len(sent.data_set))
        for _ in range(2):
            data_set = sent.data_set if how == "bytes" else part
            response = association.store(context.context_id, CT, sent.sop_instance, data_set)
            assert response.status == 0
        assert association.echo() == 0
    assert [sent.data_set] * 2 == received


def test_roles_are_negotiated() -> None:
    with scp(scp_role=True) as (address, _), _open(address, ECHO, Proposal(CT, (EXPLICIT,), scp=True)) as association:
        context = association.context_for(CT)
        assert (True, True) == (context.scu, context.scp)
        assert association.context_for(VERIFICATION).scp is False
    assert build_role(CT, scp_role=True).scp_role  # the peer's own notion of it


def test_what_was_not_accepted_is_named() -> None:
    with (
        scp() as (address, _),
        _open(address, ECHO, Proposal("1.2.3", (EXPLICIT,))) as association,
        pytest.raises(NotAccepted, match=r"1\.2\.3"),
    ):
        association.context_for("1.2.3")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
    with pytest.raises(ConnectionLost):
        _open(address)


Play = Callable[[socket.socket], object]


@contextmanager
def peer(play: Play) -> Iterator[tuple[str, int]]:
    """A peer that takes one connection, reads the request and then does `play`."""
    errors: list[BaseException] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            try:
                sock, _ = server.accept()
                with sock:
                    sock.settimeout(20)
                    read(sock)
                    play(sock)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        yield server.getsockname()
        thread.join(30)
        assert not thread.is_alive()
    assert errors == []


def read(sock: socket.socket) -> tuple[int, bytes]:
    """The next PDU that we sent; type 0 at the end of the connection."""
    head = sock.recv(6, socket.MSG_WAITALL)
    if len(head) < 6:
        return 0, b""
    kind, _, length = struct.unpack(">BBI", head)
    return kind, sock.recv(length, socket.MSG_WAITALL) if length else b""


def accept(sock: socket.socket) -> None:
    """Accept both contexts."""
    results = (ContextResult(1, 0, IMPLICIT), ContextResult(3, 0, EXPLICIT))
    user = UserInformation(maximum_length=16384, implementation_class_uid="1.2")
    sock.sendall(pdu.encode_accept(AssociateAccept(called="A", calling="B", contexts=results, user=user)))


def accept_and(play: Play) -> Play:
    """Accept, read one message, go on."""

    def run(sock: socket.socket) -> None:
        accept(sock)
        read(sock)
        play(sock)

    return run


def test_a_rejection_is_told() -> None:
    with peer(lambda sock: sock.sendall(pdu.encode_reject(2, 3, 2))) as address, pytest.raises(Refused) as refused:
        _open(address)
    assert (2, 3, 2) == refused.value.why
    assert refused.value.is_transient


def test_an_abort_instead_of_an_answer_is_told() -> None:
    with peer(lambda sock: sock.sendall(pdu.encode_abort(2, 6))) as address, pytest.raises(Aborted) as aborted:
        _open(address)
    assert (2, 6) == aborted.value.why


@pytest.mark.parametrize(
    "said",
    [
        pdu.encode(2, bytes(10)),
        pdu.RELEASE_REQUEST,
        b"\x09\0\0\0\0\0",
        b"\x02\0\xff\xff\xff\xff",
        pdu.encode(1, bytes(100)),
    ],
    ids=["malformed", "release", "unknown type", "4 GiB", "request"],
)
def test_nonsense_instead_of_an_answer_is_aborted(said: bytes) -> None:
    heard: list[int] = []

    def play(sock: socket.socket) -> None:
        sock.sendall(said)
        heard.append(read(sock)[0])

    with peer(play) as address, pytest.raises(MalformedPdu):
        _open(address)
    assert [pdu.ABORT] == heard


def test_silence_has_an_end() -> None:
    with peer(read) as address, pytest.raises(NoAnswer):
        _open(address, patience=0.1)


@pytest.mark.parametrize(
    ("play", "error"),
    [
        (lambda sock: sock.sendall(pdu.encode_abort(0)), Aborted),
        (lambda sock: sock.close(), ConnectionLost),
        (lambda sock: sock.sendall(b"\4\0\0\0\1\0" + bytes(10)), ConnectionLost),
        (lambda sock: sock.sendall(pdu.encode_data(1, 2, b"data first")), MalformedPdu),
        (lambda sock: sock.sendall(pdu.encode_data(1, 3, b"no command")), MalformedPdu),
        (lambda sock: sock.sendall(pdu.encode(4, b"")), MalformedPdu),
        (accept, MalformedPdu),
        (lambda sock: (sock.sendall(pdu.RELEASE_REQUEST), read(sock)), ConnectionLost),
        (read, NoAnswer),
    ],
    ids=["abort", "close", "half a PDU", "data", "garbage", "empty", "accept again", "release", "silence"],
)
def test_whatever_comes_instead_of_a_response_ends_the_association(play: Play, error: type[AssociationError]) -> None:
    with peer(accept_and(play)) as address:
        association = _open(address, patience=0.5)
        with pytest.raises(error):
            association.echo()
        association.abort()
        association.abort()


def test_an_answer_that_never_becomes_whole_has_an_end() -> None:
    def dribble(sock: socket.socket) -> None:
        # Each of these is in time; together they are no answer.
        with contextlib.suppress(OSError):
            while True:
                sock.sendall(pdu.encode_data(1, pdu.COMMAND, b""))
                threading.Event().wait(0.02)

    with peer(accept_and(dribble)) as address:
        association = _open(address, patience=0.1)
        with pytest.raises(NoAnswer):
            association.echo()
        association.abort()


def test_both_release_at_once() -> None:
    heard: list[int] = []

    def play(sock: socket.socket) -> None:
        accept(sock)
        sock.sendall(pdu.RELEASE_REQUEST)
        heard.append(read(sock)[0])
        heard.append(read(sock)[0])
        sock.sendall(pdu.RELEASE_RESPONSE)
        heard.append(read(sock)[0])

    with peer(play) as address:
        _open(address).release()
    assert [pdu.RELEASE_RQ, pdu.RELEASE_RP, 0] == heard


def test_a_peer_that_takes_nothing_is_waited_for_shortly() -> None:
    taken = threading.Event()

    def play(sock: socket.socket) -> None:
        accept(sock)
        taken.wait(20)

    with peer(play) as address:
        association = _open(address, patience=0.3)
        with pytest.raises(NoAnswer):
            association.store(3, CT, "1.2", bytes(50_000_000))
        association.abort()
        taken.set()
