"""Proves that C-GET sends what is named on the asker's own association (PS3.4 section C.4.3)."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_role, evt

from pacs_node.peers.model import Service
from pacs_node.scp.association import NodeAssociation
from pacs_node.scp.query_retrieve.get import GetService
from tests.pacs_node.conftest import Hub
from tests.pacs_node.scp.query_retrieve.conftest import contract, keys, store_region
from tests.support import requesting
from tests.support.objects import CT, ct
from tests.support.waiting import until

STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_GET = "1.2.840.10008.5.1.4.1.2.1.3"


class Getter:
    """A hub that is asked, and what came of it."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.address: tuple[str, int] = ("", 0)
        self.serving: list[NodeAssociation] = []
        self.received: dict[str, bytes] = {}
        self.syntaxes: set[str] = set()
        self.assoc: Any = None
        self.statuses: list[int] = []
        self.before = lambda _number: None
        self.fragments: list[int] = []
        """Bytes of each P-DATA-TF that came, as the limit counts them: without the PDU's own header."""

    def get(
        self,
        identifier: Dataset,
        sop_class: str = STUDY_GET,
        *,
        syntaxes: tuple[str, ...] = (str(ExplicitVRLittleEndian),),
        role: bool = True,
        maximum_pdu: int = 16382,
    ) -> list[tuple[Dataset, Dataset | None]]:
        ae = AE(ae_title="GETTER")
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 20
        ae.add_requested_context(sop_class)
        for syntax in syntaxes:
            ae.add_requested_context(CT, syntax)
        self.assoc = requesting.associate(
            ae,
            *self.address,
            ae_title="DOKUEI",
            max_pdu=maximum_pdu,
            ext_neg=[build_role(CT, scp_role=True)] if role else [],
            evt_handlers=[(evt.EVT_C_STORE, self._take), (evt.EVT_DATA_RECV, self._measure)],
        )
        assert self.assoc.is_established
        answers = list(self.assoc.send_c_get(identifier, sop_class, msg_id=3))
        self.assoc.release()
        return answers

    def _measure(self, event: Any) -> None:
        if event.data[0] == 0x04:
            self.fragments.append(len(event.data) - 6)

    def _take(self, event: Any) -> int:
        self.before(len(self.received) + 1)
        status = self.statuses.pop(0) if self.statuses else 0
        if status == 0:
            self.received[str(event.request.AffectedSOPInstanceUID)] = event.request.DataSet.getvalue()
            self.syntaxes.add(str(event.context.transfer_syntax))
        return status


@pytest.fixture
def getter(hub: Hub) -> Iterator[Getter]:
    store_region(hub)
    with hub.database.write() as session:
        hub.peers.add(session, "GETTER", "CLINIC", services=frozenset({Service.GET}))
    made = Getter(hub)

    class Watched(GetService):
        def serve(self, association: NodeAssociation, request: Any, context_id: int) -> None:
            made.serving.append(association)
            super().serve(association, request, context_id)

    node = hub.node({"services": [Watched(hub.database, hub.catalogue, hub.gate)]})
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
        (keys("STUDY", StudyInstanceUID="1.1"), STUDY_GET, 3),
        (keys("SERIES", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1"), STUDY_GET, 2),
        (keys("IMAGE", StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID="1.1.1.2"), STUDY_GET, 1),
        (keys("PATIENT", PatientID="P-1"), PATIENT_GET, 4),
        (keys("STUDY", StudyInstanceUID="2.1"), STUDY_GET, 0),
    ],
)
def test_what_is_named_comes(getter: Getter, identifier: Dataset, sop_class: str, expected: int) -> None:
    answers = getter.get(identifier, sop_class)
    assert (0, (expected, 0, 0)) == (answers[-1][0].Status, counts(answers[-1][0]))
    assert expected == len(getter.received)


def test_patients_of_one_id_are_never_sent_together(getter: Getter) -> None:
    contract(getter.hub)
    with getter.hub.database.write() as session:
        getter.hub.peers.change(session, "GETTER", site_code="OTHER", contracts=True)
    [(refused, _)] = getter.get(keys("PATIENT", PatientID="P-2"), PATIENT_GET)
    assert (0xC002, {}) == (refused.Status, getter.received)
    assert "Patients of several sites have this id: add IssuerOfPatientID." == refused.ErrorComment
    [*_, (last, _)] = getter.get(keys("PATIENT", PatientID="P-2", IssuerOfPatientID="OTHER"), PATIENT_GET)
    assert (0, (1, 0, 0)) == (last.Status, counts(last))
    assert {"2.1"} == {str(dcmread(BytesIO(each), force=True).StudyInstanceUID) for each in getter.received.values()}
    [(last, _)] = getter.get(keys("PATIENT", PatientID="P-1", IssuerOfPatientID="OTHER"), PATIENT_GET)
    assert (0, (0, 0, 0)) == (last.Status, counts(last))
    identifier = keys("STUDY", PatientID="P-2", StudyInstanceUID="1.2")
    [*_, (last, _)] = getter.get(identifier, PATIENT_GET)
    assert (1, 0, 0) == counts(last)


def test_two_people_under_one_id_of_a_site_are_not_sent_together(getter: Getter) -> None:
    getter.hub.store(ct(PatientID="P-1", PatientName="SUZUKI^Jiro", PatientSex="M", StudyInstanceUID="1.9").file)
    [(refused, _)] = getter.get(keys("PATIENT", PatientID="P-1"), PATIENT_GET)
    assert (0xC002, {}) == (refused.Status, getter.received)
    [*_, (last, _)] = getter.get(keys("STUDY", StudyInstanceUID="1.9"))
    assert (1, 0, 0) == counts(last)


@pytest.mark.parametrize("maximum_pdu", [1024, 16382, 0])
def test_the_bytes_are_those_that_were_stored(getter: Getter, maximum_pdu: int) -> None:
    getter.get(keys("STUDY", StudyInstanceUID="1.1"), maximum_pdu=maximum_pdu)
    stored = {
        record.sop_instance_uid: record.path.read_bytes()[record.dataset_offset :]
        for record in getter.hub.catalogue.instances("1.1")
    }
    assert stored == getter.received
    assert not maximum_pdu or max(getter.fragments) <= maximum_pdu


@pytest.mark.parametrize(("maximum_pdu", "longest"), [(4096, 4096), (1_000_000, 256 * 1024), (0, 256 * 1024)])
def test_fragments_are_as_long_as_the_asker_takes_and_no_longer_than_we_keep(
    getter: Getter, maximum_pdu: int, longest: int
) -> None:
    getter.hub.store(ct(StudyInstanceUID="1.8", pixels=bytes(600_000)).file)
    getter.get(keys("STUDY", StudyInstanceUID="1.8"), maximum_pdu=maximum_pdu)
    assert (1, longest) == (len(getter.received), max(getter.fragments))


def test_what_the_asker_does_not_take_as_stored_is_changed(getter: Getter) -> None:
    getter.get(keys("STUDY", StudyInstanceUID="1.1"), syntaxes=(str(ImplicitVRLittleEndian),))
    assert ({str(ImplicitVRLittleEndian)}, 3) == (getter.syntaxes, len(getter.received))


def test_without_the_role_nothing_can_come(getter: Getter) -> None:
    answers = getter.get(keys("STUDY", StudyInstanceUID="1.1"), role=False)
    last, identifier = answers[-1]
    assert (0xA702, (0, 3, 0)) == (last.Status, counts(last))
    assert identifier is not None
    assert 3 == len(identifier.FailedSOPInstanceUIDList)


def test_failures_and_warnings_are_counted(getter: Getter) -> None:
    getter.statuses = [0xB000, 0xA700]
    answers = getter.get(keys("STUDY", StudyInstanceUID="1.1"))
    assert (0xB000, (1, 1, 1)) == (answers[-1][0].Status, counts(answers[-1][0]))


def test_a_cancelled_get_ends_with_fe00(getter: Getter) -> None:
    for number in range(20):
        getter.hub.store(ct(StudyInstanceUID="5.1", SeriesInstanceUID="5.1.1", SOPInstanceUID=f"5.1.1.{number}").file)

    def cancel(number: int) -> None:
        if number == 4:
            getter.assoc.send_c_cancel(3, query_model=STUDY_GET)

    getter.before = cancel
    # Set before the association is: the handler runs on its thread.
    answers = getter.get(keys("STUDY", StudyInstanceUID="5.1"))
    assert 0xFE00 == answers[-1][0].Status
    assert 20 == answers[-1][0].NumberOfRemainingSuboperations + len(getter.received)


def test_an_asker_that_vanishes_ends_the_get(getter: Getter) -> None:
    getter.before = lambda _number: getter.assoc.abort()
    getter.get(keys("STUDY", StudyInstanceUID="1.1"))
    until(lambda: not getter.serving[-1].is_alive(), what="the end of the association")


@pytest.mark.peer
def test_dcmtk_gets(getter: Getter, tmp_path: Path) -> None:
    folder = tmp_path / "arrived"
    folder.mkdir()
    host, port = getter.address
    words = ["-S", "-aet", "GETTER", "-aec", "DOKUEI", "-od", str(folder), "-k", "QueryRetrieveLevel=STUDY", "-B"]
    subprocess.run(
        ["getscu", *words, "-k", "StudyInstanceUID=1.1", host, str(port)], timeout=60, check=True, capture_output=True
    )
    stored = sorted(
        hashlib.sha256(record.path.read_bytes()[record.dataset_offset :]).hexdigest()
        for record in getter.hub.catalogue.instances("1.1")
    )
    assert stored == sorted(_digest(path) for path in folder.iterdir())


def _digest(path: Path) -> str:
    data = path.read_bytes()
    length = int.from_bytes(data[140:144], "little")
    return hashlib.sha256(data[144 + length :]).hexdigest()
