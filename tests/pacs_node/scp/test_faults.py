"""Proves that no bytes of a peer, in whatever state, crash or hang the node, or leave threads, descriptors or files."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support.objects import CT, EXPLICIT, ct
from tests.support.raw_scu import (
    ABORT,
    ASSOCIATE_RQ,
    IMPLICIT_LITTLE,
    P_DATA,
    RELEASE_RQ,
    VERIFICATION,
    Closed,
    RawScu,
    association,
    association_request,
    echo,
)
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("lane")

Address = tuple[str, int]
STORE_CT = [(CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT_LITTLE])]
REQUEST = association_request(CLINIC_AE, "DOKUEI", STORE_CT)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture
def nothing_left(hub: Hub, address: Address) -> Iterator[None]:
    """Whatever the test does: no thread, descriptor or file stays, and the node answers."""
    for _ in range(2):  # from the second image of a series on the hub keeps a connection to the database, and the disk
        hub.store(ct(StudyInstanceUID="2.25.5001", SeriesInstanceUID="2.25.5002").file)
    assert echo(address) == 0
    before = threading.active_count(), _descriptors()
    yield
    assert echo(address) == 0
    until(lambda: threading.active_count() <= before[0], what="threads to end")
    until(lambda: _descriptors() <= before[1], what="descriptors to be closed")
    until(lambda: not [file for file in hub.files_on_disk() if file.endswith(".part")], what="spools to go")


@contextmanager
def established(address: Address) -> Iterator[RawScu]:
    """An association that nobody ends in order."""
    scu = RawScu(address)
    try:
        scu.associate(CLINIC_AE, "DOKUEI", STORE_CT)
        yield scu
    finally:
        scu.close()


def _kinds(scu: RawScu) -> list[int]:
    """The types of the PDUs that still come."""
    kinds = []
    with suppress(Closed):
        while True:
            kinds.append(scu.read_pdu()[0])
    return kinds


def _pdv(control: int, fragment: bytes, context: int = 1) -> bytes:
    return struct.pack(">IBB", len(fragment) + 2, context, control) + fragment


BEFORE = {
    "a PDU type that is not known": b"\x09\0\0\0\0\4abcd",
    "4 GiB": b"\x01\0\xff\xff\xff\xff",
    "data before anything": b"\x04\0\0\0\0\x0a" + _pdv(3, b"abcd"),
    "release": b"\x05\0\0\0\0\4\0\0\0\0",
    "release response": b"\x06\0\0\0\0\4\0\0\0\0",
    "acceptance": b"\x02\0\0\0\0\4\0\0\0\0",
    "abort": b"\x07\0\0\0\0\4\0\0\0\0",
    "an empty request": b"\x01\0\0\0\0\0",
    "a request without items": b"\x01\0\0\0\0\x44" + REQUEST[:68],
    "an item longer than the request": b"\x01\0" + struct.pack(">I", 72) + REQUEST[:68] + b"\x10\0\xff\xff",
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("said", BEFORE.values(), ids=BEFORE)
def test_instead_of_a_request(address: Address, said: bytes) -> None:
    scu = RawScu(address)
    scu.send_bytes(said)
    expected = [] if said[0] == ABORT else [ABORT]
    with suppress(OSError):
        scu.socket.shutdown(socket.SHUT_WR)
    assert _kinds(scu) == expected
    scu.close()


WITHIN = {
    "a PDU type that is not known": b"\x09\0\0\0\0\4abcd",
    "a second request": b"\x01\0" + struct.pack(">I", len(REQUEST)) + REQUEST,
    "release response": b"\x06\0\0\0\0\4\0\0\0\0",
    "no values": b"\x04\0\0\0\0\0",
    "a value longer than its PDU": b"\x04\0\0\0\0\6\0\0\1\0\1\3",
    "a value of one byte": b"\x04\0\0\0\0\5\0\0\0\1\1",
    "an even context": b"\x04\0\0\0\0\x12" + _pdv(3, bytes(12), 2),
    "a command that is no command set": b"\x04\0\0\0\0\x0a" + _pdv(3, b"abcd"),
    "an empty command": b"\x04\0\0\0\0\6" + _pdv(3, b""),
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("said", WITHIN.values(), ids=WITHIN)
def test_within_an_association(address: Address, said: bytes) -> None:
    with established(address) as scu:
        scu.send_bytes(said)
        assert [kind for kind in _kinds(scu) if kind != ABORT] == []


def _half_a_pdu(scu: RawScu) -> None:
    scu.send_bytes(b"\x04\0\0\0\1\0" + bytes(20))


def _command(scu: RawScu) -> None:
    scu.send_store_command(1, CT, ct().sop_instance)


def _half_a_command(scu: RawScu) -> None:
    scu.send_pdu(P_DATA, _pdv(1, bytes(20)))


def _half_a_data_set(scu: RawScu) -> None:
    _command(scu)
    scu.send_data(1, bytes(1000), last=False)


STATES: dict[str, Callable[[RawScu], object]] = {
    "idle": lambda scu: None,
    "half a PDU": _half_a_pdu,
    "half a command": _half_a_command,
    "a command without its data set": _command,
    "half a data set": _half_a_data_set,
    "a whole message": lambda scu: scu.echo(3),
    "release asked for": lambda scu: scu.send_pdu(RELEASE_RQ, bytes(4)),
}


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("how", ["abort", "close", "reset"])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_an_end_in_every_state(address: Address, state: Callable[[RawScu], object], how: str) -> None:
    with established(address) as scu:
        state(scu)
        if how == "abort":
            with suppress(Closed):
                scu.abort()
        if how == "reset":
            scu.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _InSingleBytes(RawScu):
    """Sends on another's socket, byte by byte."""

    @classmethod
    def of(cls, scu: RawScu) -> _InSingleBytes:
        """The same association."""
        made = cls.__new__(cls)
        made.__dict__.update(scu.__dict__)
        return made

    def send_bytes(self, data: bytes) -> None:
        """Send, so that each byte is a segment."""
        for byte in data:
            super().send_bytes(bytes([byte]))


@pytest.mark.usefixtures("nothing_left")
def test_a_command_in_single_bytes_is_understood(hub: Hub, address: Address) -> None:
    sent = ct()
    with association(address, STORE_CT) as scu:
        _InSingleBytes.of(scu).send_store_command(1, CT, sent.sop_instance)
        scu.send_data(1, sent.data_set)
        assert scu.read_response().status == 0
    assert len(hub.catalogue.instances(sent.study)) == 1


@pytest.mark.usefixtures("nothing_left")
def test_the_same_message_id_again_and_again(address: Address) -> None:
    with association(address, STORE_CT) as scu:
        for _ in range(5):
            scu._message_id = 6
            image = ct()
            response = scu.store(1, CT, image.sop_instance, image.data_set)
            assert (0, b"\7\0") == (response.status, response.command[0x0120])


@pytest.mark.usefixtures("nothing_left")
def test_five_hundred_connections_at_once(address: Address) -> None:
    made = []
    try:
        for number in range(500):
            made.append(
                socket.create_connection(address, timeout=20, source_address=(f"127.0.1.{number % 250 + 1}", 0))
            )
        assert threading.active_count() < 200
        assert echo(address) == 0
    finally:
        for sock in made:
            sock.close()


@pytest.mark.usefixtures("nothing_left")
def test_a_refused_uid_is_answered_and_the_next_is_stored(hub: Hub, address: Address) -> None:
    sent = ct()
    with association(address, STORE_CT) as scu:
        assert scu.store(1, CT, "2.25.1", b"no data set at all").status in {0xC000, 0xA900}
        assert scu.store(1, CT, sent.sop_instance, sent.data_set).status == 0


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_bytes_on_a_live_node(address: Address, data: st.DataObject) -> None:
    fuzz = st.one_of(
        st.binary(min_size=1, max_size=80),
        st.builds(
            lambda kind, body: bytes([kind, 0]) + struct.pack(">I", len(body)) + body,
            st.integers(0, 9),
            st.one_of(st.binary(max_size=80), st.builds(_pdv, st.integers(0, 3), st.binary(max_size=60))),
        ),
    )
    begun = data.draw(st.booleans())
    said = data.draw(st.lists(fuzz, min_size=1, max_size=4))
    scu = RawScu(address)
    with capture_logs() as logs, suppress(Closed):
        if begun:
            scu.associate(CLINIC_AE, "DOKUEI", STORE_CT)
        for part in said:
            scu.send_bytes(part)
        with suppress(OSError):
            scu.socket.shutdown(socket.SHUT_WR)
        _kinds(scu)
    scu.close()
    assert [entry for entry in logs if entry["event"].endswith(("_failed", "failed"))] == []
    assert echo(address) == 0


@pytest.mark.usefixtures("nothing_left")
@pytest.mark.parametrize("at", range(0, len(REQUEST), 7))
def test_a_request_with_a_byte_changed(address: Address, at: int) -> None:
    changed = REQUEST[:at] + bytes([REQUEST[at] ^ 0xFF]) + REQUEST[at + 1 :]
    scu = RawScu(address)
    scu.send_pdu(ASSOCIATE_RQ, changed)
    with suppress(OSError):
        scu.socket.shutdown(socket.SHUT_WR)
    assert len(_kinds(scu)) <= 2
    scu.close()
