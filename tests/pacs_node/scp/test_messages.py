"""Proves that no message of a known peer takes memory or time without an end, and that the log says why it ended."""

from __future__ import annotations

import gc
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from pynetdicom.dimse_messages import DIMSEMessage
from structlog.testing import capture_logs

from pacs_node.scp.storage_lane import StorageLane
from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support.objects import CT, EXPLICIT, ct
from tests.support.raw_scu import IMPLICIT_LITTLE, P_DATA, VERIFICATION, Closed, RawScu, association, echo

pytestmark = pytest.mark.usefixtures("lane")

Address = tuple[str, int]
STORE_CT = [(CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT_LITTLE])]
COMMAND, LAST_COMMAND, DATA, LAST_DATA = 0x01, 0x03, 0x00, 0x02
NO_DATA_SET = 0x0101
C_ECHO_RQ, C_FIND_RQ, N_EVENT_REPORT_RQ = 0x0030, 0x0020, 0x0100


def _send(scu: RawScu, control: int, fragment: bytes, context: int = 1) -> None:
    scu.send_pdu(P_DATA, struct.pack(">IBB", len(fragment) + 2, context, control) + fragment)


def _command(scu: RawScu, command: int, data_set_type: int, context: int = 3) -> None:
    uid = VERIFICATION.encode() + b"\0"
    values = {0x0100: command, 0x0110: 7, 0x0800: data_set_type}
    scu.send_command(context, {0x0002: uid, **{tag: struct.pack("<H", value) for tag, value in values.items()}})


@contextmanager
def peer(address: Address) -> Iterator[RawScu]:
    """An association that the node is expected to abort."""
    scu = RawScu(address)
    try:
        scu.associate(CLINIC_AE, "DOKUEI", STORE_CT)
        yield scu
    finally:
        scu.close()


def _until(condition: Callable[[], object]) -> bool:
    waiting = threading.Event()
    for _ in range(400):
        if condition():
            return True
        waiting.wait(0.025)
    return False


def _is_aborted(scu: RawScu) -> bool:
    try:
        while True:
            scu.read_response()
    except Closed:
        return True


def _reasons(logs: list[dict[str, object]]) -> str:
    return " ".join(str(entry.get("reason")) for entry in logs if entry["event"] == "scp.protocol_error")


def _send_many(send: Callable[[], None], times: int) -> None:
    """Send so often, or until the node has closed."""
    with suppress(Closed):
        for _ in range(times):
            send()


def _held(marker: bytes) -> int:
    """Bytes of `marker` that are kept in buffers of this process, the node's being among them."""
    gc.collect()
    messages = [thing for thing in gc.get_objects() if isinstance(thing, DIMSEMessage)]
    kept = sum(bytes(thing._command).count(marker) for thing in gc.get_objects() if isinstance(thing, StorageLane))
    buffers = [buffer for message in messages for buffer in (message.encoded_command_set, message.data_set)]
    kept += sum(buffer.getvalue().count(marker) for buffer in buffers)
    return kept * len(marker)


@pytest.mark.parametrize("size", [1000, 60_000])
def test_a_command_set_without_an_end_ends_the_association(address: Address, size: int) -> None:
    marker = b"0123456789abcdef"
    fragment = marker * (size // len(marker))
    with capture_logs() as logs, peer(address) as scu:
        _send_many(lambda: _send(scu, COMMAND, fragment), 20_000_000 // size)
        assert _is_aborted(scu)
        assert _held(marker) <= 65536
    assert "command set" in _reasons(logs)
    assert echo(address) == 0


def test_a_command_set_of_many_fragments_below_the_limit_is_taken(address: Address) -> None:
    with association(address, STORE_CT) as scu:
        for message in range(4):
            uid = VERIFICATION.encode() + b"\0"
            elements = {0x0002: uid, 0x0100: b"\x30\0", 0x0110: struct.pack("<H", message), 0x0800: b"\x01\x01"}
            # OffendingElement, which C-ECHO-RQ doesn't have, makes the command set long.
            elements[0x0901] = bytes(40_000)
            encoded = b"".join(struct.pack("<HHI", 0, tag, len(value)) + value for tag, value in elements.items())
            for start in range(0, len(encoded), 1000):
                part = encoded[start : start + 1000]
                _send(scu, LAST_COMMAND if start + 1000 >= len(encoded) else COMMAND, part, context=3)
            assert scu.read_response().status == 0


@pytest.mark.parametrize(
    ("command", "data_set_type"),
    [(C_ECHO_RQ, 1), (C_FIND_RQ, 1), (N_EVENT_REPORT_RQ, 1), (C_ECHO_RQ, NO_DATA_SET)],
    ids=["C-ECHO", "C-FIND", "N-EVENT-REPORT", "no data set"],
)
def test_a_data_set_behind_anything_but_a_c_store_ends_the_association(
    address: Address, command: int, data_set_type: int
) -> None:
    marker = b"fedcba9876543210"
    with capture_logs() as logs, peer(address) as scu:
        _command(scu, command, data_set_type)
        _send_many(lambda: _send(scu, DATA, marker * 4000, context=3), 300)
        assert _is_aborted(scu)
        assert _held(marker) == 0
    assert _reasons(logs)
    assert echo(address) == 0


def test_a_data_set_before_any_command_ends_the_association(address: Address) -> None:
    with capture_logs() as logs, peer(address) as scu:
        _send(scu, DATA, bytes(1000))
        assert _is_aborted(scu)
    assert "without" in _reasons(logs)


def test_notifications_start_no_threads(address: Address) -> None:
    before = threading.active_count()
    with peer(address) as scu:
        _send_many(lambda: _command(scu, N_EVENT_REPORT_RQ, NO_DATA_SET), 200)
        assert _is_aborted(scu)
        assert threading.active_count() <= before + 2


def test_echoes_without_waiting_for_answers_end_the_association(address: Address) -> None:
    with capture_logs() as logs, peer(address) as scu:
        _send_many(lambda: _command(scu, C_ECHO_RQ, NO_DATA_SET), 2000)
        assert _is_aborted(scu)
    assert "without waiting" in _reasons(logs)
    assert echo(address) == 0


def test_what_follows_an_abort_in_the_same_pdu_is_not_stored(hub: Hub, address: Address) -> None:
    sent = ct()
    with peer(address) as scu:
        scu.send_store_command(1, CT, sent.sop_instance)
        rest = b"".join(
            struct.pack(">IBB", len(part) + 2, 1, control) + part
            for control, part in [(COMMAND, b"abcd"), (LAST_DATA, sent.data_set)]
        )
        scu.send_pdu(P_DATA, rest)
        assert _is_aborted(scu)
    assert hub.catalogue.instances(sent.study) == []
    assert _until(lambda: not hub.files_on_disk())
