"""Proves that a peer that goes on sending, but slowly, is aborted with the reason in the log, and leaves nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from tests.pacs_node.conftest import CLINIC_AE, Hub
from tests.support.objects import CT, EXPLICIT, ct
from tests.support.raw_scu import IMPLICIT_LITTLE, VERIFICATION, Closed, RawScu, association

pytestmark = pytest.mark.usefixtures("lane")

Address = tuple[str, int]
STORE_CT = [(CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT_LITTLE])]
_PAUSE = 0.05


@pytest.fixture
def impatient(hub: Hub) -> Iterator[Address]:
    """A node that gives each message half a second and each PDU a minute."""
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
    node = hub.node({"message_patience": 0.5, "patience": 60})
    yield tuple(node.start())
    node.stop()


def _drip(scu: RawScu, fragment: bytes, control: int) -> None:
    """Send small PDUs until the node has aborted; fails if it never does."""
    pdv = (len(fragment) + 2).to_bytes(4, "big") + bytes([1, control]) + fragment
    try:
        for _ in range(400):
            scu.send_pdu(4, pdv)
            threading.Event().wait(_PAUSE)
    except Closed:
        return
    pytest.fail("the node goes on reading")


@pytest.mark.parametrize("part", ["command", "data set"])
def test_a_message_in_drops_is_aborted(hub: Hub, impatient: Address, part: str) -> None:
    scu = RawScu(impatient)
    scu.associate(CLINIC_AE, "DOKUEI", STORE_CT)
    with capture_logs() as logs:
        if part == "data set":
            scu.send_store_command(1, CT, ct().sop_instance)
        _drip(scu, b"drop", 0x00 if part == "data set" else 0x01)
    scu.close()
    reasons = [entry["reason"] for entry in logs if entry["event"] == "scp.protocol_error"]
    assert ["a message took too long to come"] == reasons
    waiting = threading.Event()
    for _ in range(400):
        if not hub.files_on_disk():
            break
        waiting.wait(0.025)
    assert hub.files_on_disk() == []


def test_a_large_data_set_has_more_time(hub: Hub, impatient: Address) -> None:
    sent = ct(pixels=bytes(100_000))
    with association(impatient, STORE_CT) as scu:
        scu.send_store_command(1, CT, sent.sop_instance)
        for start in range(0, len(sent.data_set), 20_000):
            threading.Event().wait(0.2)
            scu.send_data(1, sent.data_set[start : start + 20_000], last=start + 20_000 >= len(sent.data_set))
        assert scu.read_response().status == 0
        assert scu.echo(3) == 0


def test_each_message_has_its_own_time(impatient: Address) -> None:
    with association(impatient, STORE_CT) as scu:
        for _ in range(3):
            threading.Event().wait(0.3)
            assert scu.echo(3) == 0


class _InTwoHalves(RawScu):
    """Sends each PDU header in two parts, and the body in two parts, waiting between them when told to."""

    pause = 0.0

    def send_bytes(self, data: bytes) -> None:
        """Send the parts."""
        for part in (data[:3], data[3:10], data[10:]):
            super().send_bytes(part)
            threading.Event().wait(self.pause)


@pytest.mark.parametrize(("pause", "comes_through"), [(0.1, True), (1.2, False)])
def test_header_and_body_of_a_pdu_share_their_time(hub: Hub, pause: float, comes_through: bool) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, CLINIC_AE, "CLINIC")
    node = hub.node({"patience": 2, "message_patience": 60})
    scu = _InTwoHalves(tuple(node.start()))
    try:
        scu.associate(CLINIC_AE, "DOKUEI", STORE_CT)
        scu.pause = pause
        with capture_logs() as logs:
            if comes_through:
                assert scu.echo(3) == 0
            else:
                with pytest.raises(Closed):
                    scu.echo(3)
        slow = [entry["reason"] for entry in logs if entry["event"] == "scp.peer_too_slow"]
        assert ([] if comes_through else ["a PDU took too long to come"]) == slow
    finally:
        scu.close()
        node.stop()
