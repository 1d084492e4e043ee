"""Proves that an association is read while it is written to, TLS or not, and ends when the peer stops reading."""

from __future__ import annotations

import shutil
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pacs_node.peers.model import Service
from pacs_node.scp.association import NodeAssociation
from pacs_node.scp.node import DicomNode
from pacs_node.scp.query_retrieve.get import GetService
from pacs_node.scp.tls import requestor_context
from pacs_node.upper_layer import command_set as cs
from pacs_node.upper_layer import messages
from pacs_node.upper_layer.errors import AssociationError
from pacs_node.upper_layer.messages import Message
from pacs_node.upper_layer.requestor import Proposal, Requestor
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub
from tests.support.certificates import Authority
from tests.support.objects import CT, EXPLICIT, IMPLICIT, ct
from tests.support.waiting import until

STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
INSTANCES = 5
LARGE = 12 * 2**20
"""Bytes of an instance: more than the buffers of both sides hold."""
MESSAGE_ID = 77
STUDY = b"\x08\x00\x52\x00\x06\x00\x00\x00STUDY \x20\x00\x0d\x00\x04\x00\x00\x001.1\0"


class Side:
    """The hub's side and how to get there."""

    def __init__(self, hub: Hub, *, tls: Authority | None) -> None:
        self.serving: list[NodeAssociation] = []
        self._node: DicomNode | None = None
        self._hub = hub
        self._authority = tls

    def start(self, patience: float) -> None:
        side = self

        class Watched(GetService):
            def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
                side.serving.append(association)
                super().serve(association, request, context_id)

        hub = self._hub
        settings: dict[str, Any] = {}
        if self._authority is not None:
            mine = self._authority.issue("hub")
            settings = {
                "dicom_tls": Address("127.0.0.1", 0),
                "tls_certificate": mine.certificate,
                "tls_key": mine.key,
            }
        limits: dict[str, Any] = {"services": [Watched(hub.database, hub.catalogue, hub.gate)], "patience": patience}
        self._node = hub.node(limits, **settings)
        plain = self._node.start()
        self.address = self._node.tls_address if self._authority else plain

    def stop(self) -> None:
        if self._node is not None:
            self._node.stop()

    def open(self) -> Requestor:
        """An association that can get CT images."""
        context: ssl.SSLContext | None = None
        if self._authority is not None:
            context = requestor_context(replace(self._hub.settings, tls_peer_ca=self._authority.own.certificate))
        assert self.address is not None
        return Requestor.open(
            tuple(self.address),
            calling="GETTER",
            called="DOKUEI",
            proposals=[Proposal(STUDY_GET, (IMPLICIT,)), Proposal(CT, (EXPLICIT,), scp=True)],
            implementation_class_uid="2.25.1",
            tls=context,
            patience=30,
        )


@pytest.fixture(params=["plain", "tls"])
def side(request: pytest.FixtureRequest, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """A hub with a study of large instances, and a peer that may get them."""
    monkeypatch.setattr(messages, "LONGEST_DATA_SET", 2 * LARGE)  # of the peer, which keeps them in memory
    if request.param == "tls" and shutil.which("openssl") is None:
        pytest.skip("the openssl program is not installed")
    for number in range(INSTANCES):
        uids = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "SOPInstanceUID": f"1.1.1.{number}"}
        hub.store(ct(pixels=bytes([number]) * LARGE, **uids).file)
    with hub.database.write() as session:
        hub.peers.add(session, "GETTER", "CLINIC", services=frozenset({Service.GET}))
    made = Side(hub, tls=Authority(tmp_path) if request.param == "tls" else None)
    yield made
    made.stop()


def ask(association: Requestor) -> None:
    """Send the C-GET of the whole study."""
    command: dict[int, int | str | bytes] = {
        cs.AFFECTED_SOP_CLASS_UID: STUDY_GET,
        cs.COMMAND_FIELD: cs.C_GET_RQ,
        cs.MESSAGE_ID: MESSAGE_ID,
        cs.PRIORITY: cs.MEDIUM,
        cs.COMMAND_DATA_SET_TYPE: cs.DATA_SET,
    }
    association.send(association.context_for(STUDY_GET).context_id, cs.encode(command), STUDY)


def cancel(association: Requestor) -> None:
    """Send a C-CANCEL of it."""
    command: dict[int, int | str | bytes] = {
        cs.COMMAND_FIELD: cs.C_CANCEL_RQ,
        cs.MESSAGE_ID_BEING_RESPONDED_TO: MESSAGE_ID,
        cs.COMMAND_DATA_SET_TYPE: cs.NO_DATA_SET,
    }
    association.send(association.context_for(STUDY_GET).context_id, cs.encode(command))


def answer(association: Requestor, message: Message) -> None:
    """Say that an instance was stored."""
    command: dict[int, int | str | bytes] = {
        cs.AFFECTED_SOP_CLASS_UID: CT,
        cs.COMMAND_FIELD: cs.C_STORE_RSP,
        cs.MESSAGE_ID_BEING_RESPONDED_TO: message.command.message_id,
        cs.COMMAND_DATA_SET_TYPE: cs.NO_DATA_SET,
        cs.STATUS: 0,
        cs.AFFECTED_SOP_INSTANCE_UID: message.command.text(cs.AFFECTED_SOP_INSTANCE_UID),
    }
    association.send(message.context_id, cs.encode(command))


def take(association: Requestor, told: Callable[[int], None] = lambda _: None) -> tuple[list[bytes], int]:
    """Take instances until the last response; the data sets and its status."""
    taken: list[bytes] = []
    while (message := association.receive(patience=60)).command.field == cs.C_STORE_RQ:
        taken.append(message.data_set)
        told(len(taken))
        answer(association, message)
    while message.command.status == 0xFF00:
        message = association.receive(patience=60)
    return taken, message.command.status


def test_a_cancel_is_heard_while_the_peer_takes_nothing(side: Side) -> None:
    side.start(patience=30)
    association = side.open()
    ask(association)
    until(lambda: side.serving, what="the request")
    # Nothing is read here: the hub is in the middle of the first instance.
    cancel(association)
    until(lambda: MESSAGE_ID in side.serving[0].dimse.cancel_req, what="the cancel, heard beside the sending")
    taken, status = take(association)
    association.release()
    assert (1, 0xFE00) == (len(taken), status)
    assert taken[0].endswith(bytes([0]) * LARGE)


def test_all_arrives_whole_while_the_peer_talks_too(side: Side) -> None:
    """Cancels of requests that there are not keep the hub reading in the middle of its writing."""
    side.start(patience=30)
    association = side.open()
    ask(association)
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for each in list(side.serving):
                with suppress(Exception):
                    each.dimse.cancel_req.pop(MESSAGE_ID + 1, None)
            over.wait(0.001)

    talking = threading.Thread(target=look)
    talking.start()

    def chatter(_: int) -> None:
        context = association.context_for(STUDY_GET).context_id
        command: dict[int, int | str | bytes] = {
            cs.COMMAND_FIELD: cs.C_CANCEL_RQ,
            cs.MESSAGE_ID_BEING_RESPONDED_TO: MESSAGE_ID + 1,
            cs.COMMAND_DATA_SET_TYPE: cs.NO_DATA_SET,
        }
        for _ in range(20):
            association.send(context, cs.encode(command))

    taken, status = take(association, chatter)
    over.set()
    talking.join()
    association.release()
    assert (INSTANCES, 0) == (len(taken), status)
    assert all(data.endswith(bytes([number]) * LARGE) for number, data in enumerate(taken))


def test_a_peer_that_stops_reading_ends_the_association(side: Side) -> None:
    side.start(patience=0.5)
    association = side.open()
    ask(association)
    until(lambda: side.serving, what="the request")
    until(lambda: not side.serving[0].is_alive() or not side.serving[0].is_established, what="the end of waiting")
    association.abort()


def test_a_peer_that_dribbles_ends_the_association(side: Side) -> None:
    """It reads, but so little that no piece is taken in its time."""
    side.start(patience=0.5)
    association = side.open()
    ask(association)
    until(lambda: side.serving, what="the request")
    sock = association._channel.socket
    sock.settimeout(0.2)
    ended = time.monotonic() + 60
    with suppress(OSError):
        while side.serving[0].is_established and time.monotonic() < ended:
            sock.recv(1)
    assert not side.serving[0].is_established
    with suppress(AssociationError):
        association.abort()
