"""Proves that the DICOM port lets in known peers only, stores what they send byte for byte, and survives the rest."""

from __future__ import annotations

import socket
import threading
from io import BytesIO

import pytest
from pydicom import dcmread
from pynetdicom import AE
from sqlalchemy import select

from pacs_node.archive.staging import STAGED
from pacs_node.archive.tables import InstanceRow, PatientRow, StudyRow
from shared_kernel.audit.tables import AuditRow
from shared_kernel.audit.trail import first_broken_link
from tests.pacs_node.conftest import Hub
from tests.support import requesting
from tests.support.objects import CT, EXPLICIT, IMPLICIT, ct
from tests.support.raw_scu import IMPLICIT_LITTLE, P_DATA, VERIFICATION, Closed, RawScu, Rejected, association, echo

pytestmark = pytest.mark.usefixtures("lane")

Address = tuple[str, int]
STORE_CT = [(CT, [EXPLICIT]), (VERIFICATION, [IMPLICIT_LITTLE])]


def test_known_peer_is_answered(address: Address) -> None:
    assert echo(address) == 0


def test_unknown_calling_ae_is_rejected_and_audited(hub: Hub, address: Address) -> None:
    with pytest.raises(Rejected) as rejected:
        echo(address, calling="STRANGER")
    assert rejected.value.why == (1, 1, 3)
    with hub.database.read() as session:
        rows = session.execute(select(AuditRow.actor, AuditRow.reason).filter_by(outcome="denied")).all()
    assert [tuple(row) for row in rows] == [("ae:STRANGER", "calling AE title is unknown, from 127.0.0.1")]


def test_wrong_called_ae_is_rejected_and_audited(hub: Hub, address: Address) -> None:
    with pytest.raises(Rejected) as rejected:
        echo(address, called="ANOTHER")
    assert rejected.value.why == (1, 1, 7)
    with hub.database.read() as session:
        assert session.scalars(select(AuditRow.actor).filter_by(outcome="denied")).all() == ["ae:CLINIC_CT"]


def _opened(hub: Hub) -> list[AuditRow]:
    with hub.database.read() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == "association.open")))


def test_an_admitted_association_is_audited_once(hub: Hub, address: Address) -> None:
    sent = [ct(), ct()]
    with association(address, STORE_CT) as scu:
        for image in sent:
            assert scu.store(1, CT, image.sop_instance, image.data_set).status == 0
        assert scu.echo(3) == 0
    [row] = _opened(hub)
    assert ("ae:CLINIC_CT", "CLINIC", "peer", "done") == (row.actor, row.site_code, row.role, row.outcome)
    assert echo(address) == 0
    assert len({row.session_id for row in _opened(hub)}) == 2
    with hub.database.read() as session:
        stored = session.scalars(select(AuditRow.session_id).where(AuditRow.action == "study.store")).all()
        assert {row.session_id} == set(stored)
        assert first_broken_link(session) is None


def test_an_association_that_cannot_be_audited_is_rejected(
    hub: Hub, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as broken:
        broken.setattr("pacs_node.scp.admission.record", fail)
        with pytest.raises(Rejected) as rejected:
            echo(address)
    assert rejected.value.why == (2, 3, 1)
    assert echo(address) == 0


def test_peer_added_while_running_is_let_in_at_once(hub: Hub, address: Address) -> None:
    with pytest.raises(Rejected):
        echo(address, calling="NEW_MR")
    with hub.database.write() as session:
        hub.peers.add(session, "NEW_MR", "CLINIC")
    assert echo(address, calling="NEW_MR") == 0


def test_too_many_associations_are_rejected_until_one_ends(hub: Hub) -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "CLINIC_CT", "CLINIC")
    node = hub.node(max_associations=1)
    address = tuple(node.start())
    try:
        with association(address, STORE_CT) as first:
            with pytest.raises(Rejected) as rejected:
                echo(address)
            assert rejected.value.why == (2, 3, 2)
            assert first.echo(3) == 0
    finally:
        node.stop()


def test_stored_data_set_is_byte_equal(hub: Hub, address: Address) -> None:
    sent = ct()
    with association(address, STORE_CT) as scu:
        assert scu.store(1, CT, sent.sop_instance, sent.data_set).status == 0
    [record] = hub.catalogue.instances(sent.study)
    file = record.path.read_bytes()
    assert file[record.dataset_offset :] == sent.data_set
    assert file[:132] == bytes(128) + b"DICM"
    assert len(file) == record.size
    assert record.transfer_syntax_uid == EXPLICIT


def test_each_context_keeps_the_first_syntax_that_it_proposes(address: Address) -> None:
    jpeg_xl, deflated_frame, private = "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.8.1", "1.2.3.4.5"
    contexts = [(CT, [jpeg_xl, EXPLICIT]), (CT, [IMPLICIT, EXPLICIT]), ("1.2.392.200036.9116.7.8.1", [private])]
    contexts += [("1.2.840.10008.5.1.4.1.1.66.4", [deflated_frame]), ("1.2.840.10008.5.1.4.1.2.1.1", [EXPLICIT])]
    with association(address, contexts) as scu:
        assert {1: jpeg_xl, 3: IMPLICIT, 7: deflated_frame} == scu.accepted


@pytest.mark.parametrize("contexts", [[("1.2.3", [EXPLICIT])], [("1.2.3", [EXPLICIT]), ("1.2.4", [IMPLICIT])]])
def test_an_association_of_no_use_is_opened_all_the_same(
    address: Address, contexts: list[tuple[str, list[str]]]
) -> None:
    with association(address, contexts) as scu:
        assert scu.accepted == {}


def test_private_storage_classes_are_taken_by_setting(hub: Hub) -> None:
    private = "1.2.392.200036.9116.7.8.1"
    with hub.database.write() as session:
        hub.peers.add(session, "CLINIC_CT", "CLINIC")
    sent = ct(SOPClassUID=private)
    node = hub.node(storage_classes=(private,))
    try:
        with association(tuple(node.start()), [(private, [EXPLICIT]), (private + ".2", [EXPLICIT])]) as scu:
            assert {1: EXPLICIT} == scu.accepted
            assert scu.store(1, private, sent.sop_instance, sent.data_set).status == 0
    finally:
        node.stop()


def test_resend_is_success_without_a_second_copy(hub: Hub, address: Address) -> None:
    sent = ct()
    for _ in range(2):
        with association(address, STORE_CT) as scu:
            assert scu.store(1, CT, sent.sop_instance, sent.data_set).status == 0
    assert len(hub.files_on_disk()) == 1
    assert len(hub.catalogue.instances(sent.study)) == 1


def test_same_uid_with_other_bytes_is_refused_with_a_comment(hub: Hub, address: Address) -> None:
    first = ct()
    other = ct(
        pixels=b"\1" * 512,
        SOPInstanceUID=first.sop_instance,
        StudyInstanceUID=first.study,
    )
    with association(address, STORE_CT) as scu:
        assert scu.store(1, CT, first.sop_instance, first.data_set).status == 0
        refused = scu.store(1, CT, first.sop_instance, other.data_set)
        assert refused.status == 0x0111
        assert refused.comment.startswith("An instance with this SOP Instance UID and other content")
        assert scu.echo(3) == 0
    [record] = hub.catalogue.instances(first.study)
    assert record.path.read_bytes()[record.dataset_offset :] == first.data_set
    assert len(hub.files_on_disk()) == 1


def test_another_sites_study_is_refused(hub: Hub, address: Address) -> None:
    first = ct()
    more = ct(StudyInstanceUID=first.study)
    with association(address, STORE_CT) as scu:
        assert scu.store(1, CT, first.sop_instance, first.data_set).status == 0
    with association(address, STORE_CT, calling="OTHER_CT") as scu:
        assert scu.store(1, CT, more.sop_instance, more.data_set).status == 0x0124
    assert len(hub.files_on_disk()) == 1


def test_command_that_names_another_instance_is_refused(hub: Hub, address: Address) -> None:
    sent = ct()
    with association(address, STORE_CT) as scu:
        assert scu.store(1, CT, "2.25.99", sent.data_set).status == 0xA900
    assert hub.files_on_disk() == []


def test_first_images_of_one_study_on_many_associations_make_one_study(hub: Hub, address: Address) -> None:
    study = ct().study
    images = [ct(StudyInstanceUID=study, InstanceNumber=number) for number in range(16)]
    together = threading.Barrier(4)
    statuses: list[int] = []

    def send(part: int) -> None:
        with association(address, STORE_CT) as scu:
            together.wait(20)
            for image in images[part::4]:
                statuses.append(scu.store(1, CT, image.sop_instance, image.data_set).status)

    threads = [threading.Thread(target=send, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [0] * 16
    with hub.database.read() as session:
        [row] = session.scalars(select(StudyRow)).all()
        assert (16, 16) == (row.instance_count, row.series_count)
        assert len(session.scalars(select(PatientRow)).all()) == 1
        assert len(session.scalars(select(InstanceRow)).all()) == 16


def _until(condition: object) -> bool:
    waiting = threading.Event()
    for _ in range(400):
        if condition():  # type: ignore[operator]
            return True
        waiting.wait(0.025)
    return False


@pytest.mark.parametrize("how", ["abort", "close", "half a PDU"])
def test_breaking_off_in_a_data_set_leaves_nothing(hub: Hub, address: Address, how: str) -> None:
    sent = ct(pixels=bytes(3 * STAGED))
    scu = RawScu(address)
    scu.associate("CLINIC_CT", "DOKUEI", STORE_CT)
    scu.send_store_command(1, CT, sent.sop_instance)
    scu.send_data(1, sent.data_set[: 2 * STAGED], last=False)
    assert _until(hub.files_on_disk)
    if how == "abort":
        scu.abort()
    if how == "half a PDU":
        scu.send_bytes(b"\x04\x00\x00\x01\x00\x00" + bytes(1000))
    scu.close()
    assert _until(lambda: not hub.files_on_disk())
    assert echo(address) == 0


def test_a_pdu_that_is_announced_too_long_ends_the_association(hub: Hub, address: Address) -> None:
    scu = RawScu(address)
    scu.associate("CLINIC_CT", "DOKUEI", STORE_CT)
    scu.send_bytes(b"\x04\x00\xff\xff\xff\xff")
    with pytest.raises(Closed):
        scu.read_response()
    scu.close()
    assert echo(address) == 0


def test_a_command_within_a_data_set_ends_the_association(hub: Hub, address: Address) -> None:
    sent = ct()
    scu = RawScu(address)
    scu.associate("CLINIC_CT", "DOKUEI", STORE_CT)
    scu.send_store_command(1, CT, sent.sop_instance)
    scu.send_data(1, sent.data_set[:100], last=False)
    scu.send_store_command(1, CT, sent.sop_instance)
    with pytest.raises(Closed):
        scu.read_response()
    scu.close()
    assert _until(lambda: not hub.files_on_disk())
    assert echo(address) == 0


def test_c_store_without_a_data_set_is_refused(hub: Hub, address: Address) -> None:
    with association(address, STORE_CT) as scu:
        scu.send_store_command(1, CT, "2.25.7", data_set_type=0x0101)
        assert scu.read_response().status == 0xC000
        assert scu.echo(3) == 0


def test_a_context_that_was_not_accepted_ends_the_association(hub: Hub, address: Address) -> None:
    sent = ct()
    scu = RawScu(address)
    scu.associate("CLINIC_CT", "DOKUEI", STORE_CT)
    scu.send_store_command(77, CT, sent.sop_instance)
    scu.send_data(77, sent.data_set)
    with pytest.raises(Closed):
        scu.read_response()
    scu.close()
    assert _until(lambda: not hub.files_on_disk())
    assert echo(address) == 0


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n\r\n", b"\x01\x00\x00\x00\x00\x04abcd", bytes(64), b"\x04\x00\x00\x00\x00\x00"]
)
def test_garbage_instead_of_an_association_does_no_harm(address: Address, garbage: bytes) -> None:
    with socket.create_connection(address, timeout=20) as sock:
        sock.sendall(garbage)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            pass
    assert echo(address) == 0


def test_an_instance_over_the_limit_is_refused_and_the_association_goes_on(hub: Hub, make_hub: object) -> None:
    small = make_hub(max_instance=100_000)  # type: ignore[operator]
    with small.database.write() as session:
        small.peers.add(session, "CLINIC_CT", "CLINIC")
    large, fits = ct(pixels=bytes(200_000)), ct()
    with small.ingest:
        node = small.node()
        try:
            with association(tuple(node.start()), STORE_CT) as scu:
                assert scu.store(1, CT, large.sop_instance, large.data_set).status == 0xA700
                assert scu.store(1, CT, fits.sop_instance, fits.data_set).status == 0
        finally:
            node.stop()
    assert len(small.files_on_disk()) == 1


def test_a_failure_of_ours_is_answered_and_the_node_goes_on(
    hub: Hub, address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = ct()

    def fail(_incoming: object) -> None:
        raise RuntimeError("a mistake of ours")

    with association(address, STORE_CT) as scu:
        with monkeypatch.context() as broken:
            broken.setattr(hub.ingest, "_store", fail)
            assert scu.store(1, CT, sent.sop_instance, sent.data_set).status == 0xC0FF
        assert hub.files_on_disk() == []
        assert scu.store(1, CT, sent.sop_instance, sent.data_set).status == 0


def test_pynetdicom_as_sender(hub: Hub, address: Address) -> None:
    ae = AE("CLINIC_CT")
    ae.add_requested_context(CT, EXPLICIT)
    assoc = requesting.associate(ae, *address, ae_title="DOKUEI")
    assert assoc.is_established
    sent = ct()
    assert assoc.send_c_store(dcmread(BytesIO(sent.file))).Status == 0
    assoc.release()
    [record] = hub.catalogue.instances(sent.study)
    assert record.path.read_bytes()[record.dataset_offset :] == sent.data_set


def test_a_fragment_of_nothing_ends_the_association(address: Address) -> None:
    scu = RawScu(address)
    scu.associate("CLINIC_CT", "DOKUEI", STORE_CT)
    scu.send_pdu(P_DATA, b"\x00\x00\x00\x01\x01")
    with pytest.raises(Closed):
        scu.read_response()
    scu.close()
    assert echo(address) == 0
