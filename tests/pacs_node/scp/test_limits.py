"""Proves that nobody who reaches the DICOM port, known or not, can use up its places, threads, memory or time."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pynetdicom import ALL_TRANSFER_SYNTAXES

from pacs_node.header.whole import DEEPEST, MOST_PARTS
from pacs_node.procedures.performed_service import MOST_CHARACTERS, MOST_MESSAGES
from pacs_node.scp.places import MOST_HELD, MOST_WAITING, MOST_WAITING_OF_ONE_ADDRESS
from pacs_node.scp.storage_lane import SLOWEST_BYTES_PER_SECOND
from pacs_node.upper_layer.channel import LONGEST_REQUEST
from pacs_node.upper_layer.messages import LONGEST_COMMAND_SET, LONGEST_DATA_SET
from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support.objects import CT, EXPLICIT
from tests.support.raw_scu import IMPLICIT_LITTLE, VERIFICATION, RawScu, Rejected, association, echo

pytestmark = pytest.mark.usefixtures("lane")

Address = tuple[str, int]
STORE_CT = [(CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT_LITTLE])]


def _until(condition: Callable[[], object]) -> bool:
    waiting = threading.Event()
    for _ in range(400):
        if condition():
            return True
        waiting.wait(0.025)
    return False


@contextmanager
def silent(address: Address, count: int, hosts: int = 1) -> Iterator[list[socket.socket]]:
    """Connections that say nothing, from 127.0.0.1 and the addresses after it in turn; closed at the end."""
    made = []
    try:
        for number in range(count):
            source = (f"127.0.0.{1 + number % hosts}", 0)
            made.append(socket.create_connection(address, timeout=20, source_address=source))
        yield made
    finally:
        for sock in made:
            sock.close()


def is_closed(sock: socket.socket) -> bool:
    """Whether the node has closed the connection."""
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@contextmanager
def running(hub: Hub, max_associations: int | None = None, **limits: float) -> Iterator[Address]:
    """A node with these limits."""
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
    node = hub.node(limits, **({} if max_associations is None else {"max_associations": max_associations}))
    try:
        yield tuple(node.start())
    finally:
        node.stop()


@pytest.mark.parametrize("hosts", [1, 40], ids=["one address", "many addresses"])
def test_silent_connections_lock_nobody_out_and_start_few_threads(address: Address, hosts: int) -> None:
    before = threading.active_count()
    with silent(address, 80, hosts) as connections:
        assert echo(address) == 0
        allowed = MOST_WAITING_OF_ONE_ADDRESS if hosts == 1 else MOST_WAITING
        assert _until(lambda: sum(not is_closed(sock) for sock in connections) <= allowed)
        assert _until(lambda: threading.active_count() <= before + 2 * allowed)
        with association(address, STORE_CT) as scu:
            assert scu.echo(3) == 0
    assert _until(lambda: threading.active_count() <= before)


def test_silent_connections_do_not_end_an_association(address: Address) -> None:
    with association(address, STORE_CT) as scu:
        assert scu.echo(3) == 0
        with silent(address, 80):
            assert scu.echo(3) == 0


def test_many_associations_from_one_address_are_let_in(address: Address) -> None:
    open_ones = [association(address, STORE_CT) for _ in range(20)]
    scus = [one.__enter__() for one in open_ones]
    assert [0] * 20 == [scu.echo(3) for scu in scus]
    for one in open_ones:
        one.__exit__(None, None, None)


def test_a_silent_connection_takes_no_associations_place(hub: Hub) -> None:
    with running(hub, max_associations=1) as address, silent(address, 5):
        assert echo(address) == 0


@pytest.mark.parametrize("said", [b"", b"\x01\x00\x00"], ids=["nothing", "half a header"])
def test_a_connection_closed_before_its_request_ends_at_once(hub: Hub, said: bytes) -> None:
    # The limits of time are far beyond what is waited for here.
    with running(hub, request_patience=3600, patience=3600) as address:
        before = threading.active_count()
        with silent(address, 5) as connections:
            for sock in connections:
                sock.sendall(said)
            assert _until(lambda: threading.active_count() == before + 5)
        assert _until(lambda: threading.active_count() == before)


@pytest.mark.parametrize("said", [b"", b"\x01\x00\x00", b"\x01\x00\x00\x00\x01\x00abc"])
def test_a_request_that_does_not_come_is_waited_for_shortly(hub: Hub, said: bytes) -> None:
    with running(hub, request_patience=0.2, patience=3600) as address:
        before = threading.active_count()
        with silent(address, 1) as [sock]:
            sock.sendall(said)
            assert sock.recv(100) == b""
        assert _until(lambda: threading.active_count() == before)


def test_a_request_that_comes_in_drops_is_not_waited_for_longer(hub: Hub) -> None:
    with running(hub, request_patience=0.5, patience=3600) as address, silent(address, 1) as [sock]:
        sock.sendall(b"\x01\x00\x00\x01\x00\x00")
        assert _until(lambda: not _goes_through(sock))


def _goes_through(sock: socket.socket) -> bool:
    try:
        return sock.send(b"\0") == 1
    except ConnectionError:
        return False


def test_the_time_for_the_request_does_not_bound_the_association(hub: Hub) -> None:
    with running(hub, request_patience=0.2) as address, association(address, STORE_CT) as scu:
        threading.Event().wait(0.5)
        assert scu.echo(3) == 0


def test_a_refused_stranger_who_stays_keeps_no_place(hub: Hub) -> None:
    with running(hub, max_associations=1, request_patience=0.2) as address:
        before = threading.active_count()
        with association_refused(address):
            assert echo(address) == 0
            assert _until(lambda: threading.active_count() == before)


@contextmanager
def association_refused(address: Address) -> Iterator[None]:
    """A connection whose request was rejected, which stays open on the peer's side."""
    scu = RawScu(address)
    try:
        with pytest.raises(Rejected):
            scu.associate("STRANGER", "DOKUEI", STORE_CT)
        yield
    finally:
        scu.close()


def test_what_strangers_announce_is_bounded(hub: Hub) -> None:
    with running(hub, request_patience=3600, patience=3600) as address, silent(address, 1) as [sock]:
        sock.sendall(struct.pack(">BBI", 1, 0, LONGEST_REQUEST + 1))
        assert sock.recv(10) == struct.pack(">BBIBBBB", 7, 0, 4, 0, 0, 2, 6)


def test_what_strangers_send_together_is_bounded(hub: Hub) -> None:
    """Those who have waited longest with much of a request go; a peer is let in all the same."""
    each = LONGEST_REQUEST - 100
    fitting = MOST_HELD // LONGEST_REQUEST
    with running(hub, request_patience=3600, patience=3600) as address, silent(address, 2 * fitting, 4) as strangers:
        for sock in strangers:
            sock.sendall(struct.pack(">BBI", 1, 0, LONGEST_REQUEST) + bytes(each))
        assert _until(lambda: sum(map(is_closed, strangers)) >= fitting)
        assert echo(address) == 0
        assert not any(map(is_closed, strangers[-2:]))


def test_a_peer_may_propose_all_that_there_is(hub: Hub) -> None:
    everything = [(f"1.2.840.10008.5.1.4.1.1.481.{number}", list(ALL_TRANSFER_SYNTAXES)) for number in range(127)]
    with running(hub) as address, association(address, everything) as scu:
        assert len(scu.accepted) == 127


def test_the_conformance_statement_tells_the_limits() -> None:
    page = (Path(__file__).parents[3] / "docs" / "conformance.md").read_text()
    assert f"| {MOST_WAITING_OF_ONE_ADDRESS} from one address and {MOST_WAITING} in all;" in page
    assert f"| command set | at most {LONGEST_COMMAND_SET} bytes" in page
    assert f"An A-ASSOCIATE-RQ has at most {LONGEST_REQUEST} bytes" in page
    assert f"keeps {MOST_HELD} bytes" in page
    assert f"for every {SLOWEST_BYTES_PER_SECOND} bytes" in page
    assert f"at most {LONGEST_DATA_SET} bytes, {MOST_PARTS} elements, items and values, and {DEEPEST} sequences" in page
    assert f"{MOST_MESSAGES} messages or {MOST_CHARACTERS} characters" in page
