"""Proves that C-MOVE sends what is named to known peers that may see it, and counts right (PS3.4 section C.4.2)."""

from __future__ import annotations

import hashlib
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom.pdu_primitives import SOPClassExtendedNegotiation

from pacs_node.peers.model import Service
from pacs_node.scp.association import NodeAssociation
from pacs_node.scp.query_retrieve.move import MoveService
from pacs_node.scp.query_retrieve.wire import is_gone
from pacs_node.scu.sending import StorageScu
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub
from tests.pacs_node.scp.query_retrieve.conftest import associate, keys, store_region
from tests.pacs_node.scp.query_retrieve.receiver import receiver
from tests.support.objects import ct
from tests.support.waiting import until

STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
PATIENT_MOVE = "1.2.840.10008.5.1.4.1.2.1.2"


class Mover:
    """A hub that moves; destinations can be added."""

    def __init__(self, hub: Hub, address: tuple[str, int]) -> None:
        self.hub = hub
        self.address = address
        self.serving: list[NodeAssociation] = []

    def know(self, title: str, address: Address | None, site: str = "CLINIC", **more: Any) -> None:
        with self.hub.database.write() as session:
            self.hub.peers.add(session, title, site, address, **more)

    def move(
        self, identifier: Dataset, to: str = "DEST", sop_class: str = STUDY_MOVE, **how: Any
    ) -> list[tuple[Dataset, Dataset | None]]:
        assoc = associate(self.address, sop_class, calling="MOVER", **how)
        assert assoc.is_established
        answers = list(assoc.send_c_move(identifier, to, sop_class))
        assoc.release()
        return answers


@pytest.fixture
def mover(hub: Hub) -> Iterator[Mover]:
    store_region(hub)
    with hub.database.write() as session:
        hub.peers.add(session, "MOVER", "CLINIC", services=frozenset({Service.MOVE}))
    scu = StorageScu("DOKUEI", patience=3.0, connect_patience=3.0)
    made = Mover(hub, ("", 0))

    class Watched(MoveService):
        def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
            made.serving.append(association)
            super().serve(association, request, context_id)

    node = hub.node({"services": [Watched(hub.database, hub.catalogue, hub.gate, hub.peers, scu)]})
    made.address = tuple(node.start())
    yield made
    node.stop()


def counts(answer: Dataset) -> tuple[int, int, int]:
    return (
        answer.NumberOfCompletedSuboperations,
        answer.NumberOfFailedSuboperations,
        answer.NumberOfWarningSuboperations,
    )


@pytest.mark.parametrize(
    ("identifier", "sop_class", "expected"),
    [
        (keys("STUDY", StudyInstanceUID="1.1"), STUDY_MOVE, 3),
        (keys("STUDY", StudyInstanceUID=["1.1", "1.3", "9.9"]), STUDY_MOVE, 4),
        (keys("SERIES", StudyInstanceUID="1.1", SeriesInstanceUID=["1.1.1"]), STUDY_MOVE, 2),
        (
            keys(
                "IMAGE", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID=["1.1.1.1", "1.1.1.2", "9"]
            ),
            STUDY_MOVE,
            2,
        ),
        (keys("PATIENT", PatientID="P-1"), PATIENT_MOVE, 4),
        (keys("STUDY", PatientID="P-1", StudyInstanceUID="1.1"), PATIENT_MOVE, 3),
        (keys("STUDY", StudyInstanceUID="9.9"), STUDY_MOVE, 0),
        (keys("STUDY", StudyInstanceUID="2.1"), STUDY_MOVE, 0),
    ],
)
def test_what_is_named_arrives(mover: Mover, identifier: Dataset, sop_class: str, expected: int) -> None:
    with receiver() as dest:
        mover.know("DEST", dest.address)
        answers = mover.move(identifier, sop_class=sop_class)
    assert (0, (expected, 0, 0)) == (answers[-1][0].Status, counts(answers[-1][0]))
    assert expected == len(dest.received)
    assert {("MOVER", 1)} == set(dest.originators) or not expected


def test_what_arrives_is_what_was_stored(mover: Mover) -> None:
    with receiver() as dest:
        mover.know("DEST", dest.address)
        mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    stored = {
        record.sop_instance_uid: record.path.read_bytes()[record.dataset_offset :]
        for record in mover.hub.catalogue.instances("1.1")
    }
    assert stored == dest.received


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
def test_a_destination_gets_the_syntax_that_it_takes(mover: Mover, syntax: str) -> None:
    with receiver(syntaxes=[syntax]) as dest:
        mover.know("DEST", dest.address)
        answers = mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    assert 0 == answers[-1][0].Status
    assert {str(syntax)} == set(dest.syntaxes.values())


def test_the_setting_of_the_destination_says_what_it_gets(mover: Mover) -> None:
    with receiver() as dest:
        mover.know("DEST", dest.address, accepts=(str(ImplicitVRLittleEndian),))
        mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    assert {str(ImplicitVRLittleEndian)} == set(dest.syntaxes.values())


@pytest.mark.parametrize("know", [None, {"address": None}, {"enabled": False}])
def test_an_unknown_destination_is_named(mover: Mover, know: dict[str, Any] | None) -> None:
    if know is not None:
        mover.know("DEST", know.get("address", Address("127.0.0.1", 1)), enabled=know.get("enabled", True))
    [(answer, _)] = mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    assert 0xA801 == answer.Status


def test_a_destination_of_a_site_that_may_not_see_it_gets_nothing(mover: Mover) -> None:
    with receiver() as dest:
        mover.know("DEST", dest.address, "OTHER")
        [(answer, _)] = mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    assert (0x0124, {}) == (answer.Status, dest.received)


@pytest.mark.parametrize(
    "identifier",
    [
        keys("STUDY", StudyInstanceUID=""),
        keys("STUDY", StudyInstanceUID="1.*"),
        keys("SERIES", SeriesInstanceUID="1.1.1"),
        keys("PATIENT", PatientID="P-1"),
    ],
)
def test_an_identifier_that_does_not_fit_is_refused(mover: Mover, identifier: Dataset) -> None:
    mover.know("DEST", Address("127.0.0.1", 1))
    [(answer, _)] = mover.move(identifier)
    assert 0xA900 == answer.Status


def test_relational_retrieval_is_negotiated(mover: Mover) -> None:
    item = SOPClassExtendedNegotiation()
    item.sop_class_uid, item.service_class_application_information = STUDY_MOVE, b"\1"
    with receiver() as dest:
        mover.know("DEST", dest.address)
        answers = mover.move(keys("SERIES", SeriesInstanceUID="1.1.1"), ext_neg=[item])
    assert (2, 0, 0) == counts(answers[-1][0])


def test_failures_are_counted_and_listed(mover: Mover) -> None:
    with receiver(statuses=lambda number: {1: 0xB000, 2: 0xC001}.get(number, 0)) as dest:
        mover.know("DEST", dest.address)
        answers = mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    last, identifier = answers[-1]
    assert (0xB000, (1, 1, 1)) == (last.Status, counts(last))
    assert identifier is not None
    assert dest.order[1] == identifier.FailedSOPInstanceUIDList


def test_a_destination_that_refuses_all_contexts_fails_all(mover: Mover) -> None:
    with receiver(syntaxes=["1.2.840.10008.1.2.4.90"]) as dest:
        mover.know("DEST", dest.address)
        answers = mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    last, identifier = answers[-1]
    assert (0xA702, (0, 3, 0)) == (last.Status, counts(last))
    assert identifier is not None
    assert 3 == len(identifier.FailedSOPInstanceUIDList)


def test_a_destination_where_nobody_listens_fails_all(mover: Mover) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mover.know("DEST", Address("127.0.0.1", port))
    answers = mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    assert (0xA702, (0, 3, 0)) == (answers[-1][0].Status, counts(answers[-1][0]))


def test_what_a_broken_association_left_is_sent_on_another(mover: Mover) -> None:
    broken = []

    def break_once(event: Any) -> None:
        if len(dest.order) == 1 and not broken:
            broken.append(event)
            event.assoc.abort()

    with receiver(before=break_once) as dest:
        mover.know("DEST", dest.address)
        answers = mover.move(keys("STUDY", StudyInstanceUID="1.1"))
    assert (0, (3, 0, 0)) == (answers[-1][0].Status, counts(answers[-1][0]))
    assert 1 == len(broken)


def test_a_destination_that_says_nothing_is_left_in_the_end(mover: Mover) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        mover.know("DEST", Address("127.0.0.1", silent.getsockname()[1]))
        answers = mover.move(keys("SERIES", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.2"))
    assert (0xA702, (0, 1, 0)) == (answers[-1][0].Status, counts(answers[-1][0]))


def test_a_cancelled_move_ends_with_fe00(mover: Mover) -> None:
    for number in range(20):
        mover.hub.store(ct(StudyInstanceUID="5.1", SeriesInstanceUID="5.1.1", SOPInstanceUID=f"5.1.1.{number}").file)
    cancelled: list[bool] = []

    def cancel(_event: Any) -> None:
        if len(dest.order) == 3 and not cancelled:
            cancelled.append(True)
            assoc.send_c_cancel(5, query_model=STUDY_MOVE)
            # This answer is given when the cancel has been read.
            until(lambda: mover.serving[-1].dimse.cancel_req, what="the cancel")

    with receiver(before=cancel) as dest:
        mover.know("DEST", dest.address)
        assoc = associate(mover.address, STUDY_MOVE, calling="MOVER")
        answers = list(assoc.send_c_move(keys("STUDY", StudyInstanceUID="5.1"), "DEST", STUDY_MOVE, msg_id=5))
        assoc.release()
    last, _ = answers[-1]
    assert 0xFE00 == last.Status
    assert 20 == last.NumberOfRemainingSuboperations + last.NumberOfCompletedSuboperations
    assert 3 <= last.NumberOfCompletedSuboperations < 20


def test_an_asker_that_vanishes_ends_the_move(mover: Mover) -> None:
    for number in range(20):
        mover.hub.store(ct(StudyInstanceUID="5.1", SeriesInstanceUID="5.1.1", SOPInstanceUID=f"5.1.1.{number}").file)

    def vanish(_event: Any) -> None:
        if len(dest.order) == 2:
            assoc.abort()
            until(lambda: is_gone(mover.serving[-1]), what="the abort")

    with receiver(before=vanish) as dest:
        mover.know("DEST", dest.address)
        assoc = associate(mover.address, STUDY_MOVE, calling="MOVER")
        list(assoc.send_c_move(keys("STUDY", StudyInstanceUID="5.1"), "DEST", STUDY_MOVE))
        until(lambda: not mover.serving[-1].is_alive(), what="the end of the association")
    assert 3 == len(dest.order)


@pytest.mark.peer
def test_dcmtk_moves_to_dcmtk(mover: Mover, tmp_path: Path) -> None:
    folder = tmp_path / "arrived"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mover.know("DEST", Address("127.0.0.1", port))
    scp = subprocess.Popen(["storescp", "-aet", "DEST", "-od", str(folder), "--bit-preserving", str(port)])
    try:
        until(lambda: _listens(port), what="storescp")
        host, own = mover.address
        words = ["-S", "-aet", "MOVER", "-aec", "DOKUEI", "-aem", "DEST", "-k", "QueryRetrieveLevel=STUDY"]
        subprocess.run(
            ["movescu", *words, "-k", "StudyInstanceUID=1.1", host, str(own)],
            timeout=60,
            check=True,
            capture_output=True,
        )
    finally:
        scp.send_signal(signal.SIGTERM)
        scp.wait(20)
    arrived = sorted(_digest(path) for path in folder.iterdir())
    stored = sorted(_digest(record.path) for record in mover.hub.catalogue.instances("1.1"))
    assert stored == arrived


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _digest(path: Path) -> str:
    data = path.read_bytes()
    length = int.from_bytes(data[140:144], "little")
    return hashlib.sha256(data[144 + length :]).hexdigest()
