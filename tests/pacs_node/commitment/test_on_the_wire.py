"""Proves Storage Commitment both ways over real associations: at once, later, after a restart, and with proof kept."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.dsutils import encode
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import build_role
from sqlalchemy import Engine, event, func, select

from access_control.model import OPERATOR
from pacs_node.archive.tables import InstanceRow
from pacs_node.archive_care.tables import InstanceDigestRow
from pacs_node.commitment import service
from pacs_node.commitment.model import (
    COMMITMENT_CLASS,
    MOST_ATTEMPTS,
    WELL_KNOWN_INSTANCE,
    CommitmentState,
    Direction,
    Reference,
    Taken,
)
from pacs_node.commitment.scp import CommitmentScp
from pacs_node.commitment.scu import CommitmentScu
from pacs_node.commitment.service import CommitmentService
from pacs_node.commitment.tables import CommitmentRow
from pacs_node.commitment.worker import CommitmentWorker
from pacs_node.peers.model import Service
from pacs_node.scu.queue import OutgoingQueue
from pacs_node.scu.sending import StorageScu
from shared_kernel.audit.tables import AuditRow
from shared_kernel.ids import new_uid
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub, peer
from tests.pacs_node.scp.query_retrieve.receiver import receiver
from tests.support import requesting
from tests.support.objects import CT, ct
from tests.support.waiting import until

Where = tuple[str, int]
BOTH = frozenset({Service.STORE, Service.COMMITMENT})


class Parts:
    """Service, worker and what the node offers, as one process has them."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.service = CommitmentService(hub.database, hub.files, hub.clock, hub.gate, hub.catalogue)
        self.worker = CommitmentWorker(
            self.service, hub.peers, CommitmentScu("DOKUEI", patience=10, wait_for_result=0.5)
        )
        self.scp = CommitmentScp(self.service, ae_title="DOKUEI", wake=self.worker.wake, grace=0.2, patience=10)

    @contextmanager
    def serving(self) -> Iterator[Where]:
        limits: dict[str, Any] = {"services": [self.scp]}
        node = self.hub.node(limits)
        try:
            yield tuple(node.start())
        finally:
            node.stop()


@pytest.fixture
def parts(hub: Hub) -> Parts:
    return Parts(hub)


@pytest.fixture
def where(parts: Parts) -> Iterator[Where]:
    with parts.serving() as address:
        yield address


class Device:
    """A modality or an archive on its own port: takes reports (as SCU) and requests (as SCP)."""

    def __init__(self) -> None:
        self.reports: queue.Queue[tuple[int, Dataset]] = queue.Queue()
        self.requests: queue.Queue[Dataset] = queue.Queue()
        self.status = 0x0000
        self.before: Callable[[Any], object] = lambda _: None
        """Called before a request is answered."""
        self.roles: list[tuple[bool, bool]] = []
        ae = AE("DEVICE")
        ae.add_supported_context(COMMITMENT_CLASS, scu_role=True, scp_role=True)
        handlers = [(evt.EVT_N_EVENT_REPORT, self._report), (evt.EVT_N_ACTION, self._request)]
        self.server: Any = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.address = Address("127.0.0.1", self.server.server_address[1])

    def stop(self) -> None:
        if self.server is not None:
            self.server.shutdown()
        self.server = None

    def _report(self, event: Any) -> tuple[int, None]:
        self.reports.put((event.request.EventTypeID, event.event_information))
        context = event.assoc.accepted_contexts[0]
        self.roles.append((context.as_scu, context.as_scp))
        return self.status, None

    def _request(self, event: Any) -> tuple[int, None]:
        self.requests.put(event.action_information)
        self.before(event)
        return self.status, None


@pytest.fixture
def device(hub: Hub) -> Iterator[Device]:
    made = Device()
    with hub.database.write() as session:
        hub.peers.add(session, "DEVICE", "CLINIC", made.address, services=BOTH)
        hub.peers.add(session, "STRANGER", "OTHER", services=BOTH)
    yield made
    made.stop()


def request(*instances: tuple[str, str], transaction: str | None = None) -> Dataset:
    """Action information for pairs of class and instance."""
    ds = Dataset()
    ds.TransactionUID = transaction or new_uid()
    ds.ReferencedSOPSequence = []
    for sop_class, instance in instances:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class, instance
        ds.ReferencedSOPSequence.append(item)
    return ds


@contextmanager
def associated(where: Where, calling: str = "DEVICE", *, handlers: Any = ()) -> Iterator[Any]:
    ae = AE(calling)
    ae.add_requested_context(COMMITMENT_CLASS)
    assoc = requesting.associate(ae, *where, ae_title="DOKUEI", evt_handlers=list(handlers))
    assert assoc.is_established
    yield assoc
    if assoc.is_established:
        assoc.release()


def ask(where: Where, said: Dataset, calling: str = "DEVICE") -> int:
    """Ask and release at once; returns the status."""
    with associated(where, calling) as assoc:
        status, _ = assoc.send_n_action(said, 1, COMMITMENT_CLASS, WELL_KNOWN_INSTANCE)
    return int(status.Status)


def failures(report: Dataset) -> dict[str, int]:
    return {str(item.ReferencedSOPInstanceUID): item.FailureReason for item in report.get("FailedSOPSequence", [])}


def confirmed(report: Dataset) -> list[str]:
    return [str(item.ReferencedSOPInstanceUID) for item in report.get("ReferencedSOPSequence", [])]


def test_the_result_comes_on_the_same_association(hub: Hub, parts: Parts, where: Where, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    reports: queue.Queue[tuple[int, Dataset]] = queue.Queue()

    def take(event: Any) -> tuple[int, None]:
        reports.put((event.request.EventTypeID, event.event_information))
        return 0x0000, None

    said = request((CT, stored.sop_instance))
    with associated(where, handlers=[(evt.EVT_N_EVENT_REPORT, take)]) as assoc:
        status, _ = assoc.send_n_action(said, 1, COMMITMENT_CLASS, WELL_KNOWN_INSTANCE)
        event_type, report = reports.get(timeout=30)
        [kept] = parts.service.of_study(stored.study)
        until(lambda: parts.service.one(kept.commitment_id).state is CommitmentState.ENDED)
    assert (status.Status, event_type) == (0, 1)
    assert (report.TransactionUID, confirmed(report)) == (said.TransactionUID, [stored.sop_instance])
    assert report.RetrieveAETitle == "DOKUEI"
    assert parts.worker.run_once() == 0
    with hub.database.read() as session:
        reasons = session.scalars(select(AuditRow.reason).where(AuditRow.action == "study.commit")).all()
    assert list(reasons[1:]) == ["asked to commit 1 instances", "1 of 1 instances confirmed", "the result was reported"]


def test_the_result_comes_later_to_a_peer_that_releases(hub: Hub, parts: Parts, where: Where, device: Device) -> None:
    stored, gone, theirs = ct(), new_uid(), ct()
    hub.store(stored.file)
    hub.store(theirs.file, peer("OTHER"))
    said = request((CT, stored.sop_instance), (CT, gone), (CT, theirs.sop_instance))
    assert ask(where, said) == 0
    until(lambda: parts.worker.run_once() > 0 or not device.reports.empty())
    event_type, report = device.reports.get(timeout=30)
    assert (event_type, confirmed(report)) == (2, [stored.sop_instance])
    assert failures(report) == {gone: 0x0112, theirs.sop_instance: 0x0112}
    assert all(as_scu for as_scu, _ in device.roles)  # by role selection


def test_what_is_not_whole_is_not_confirmed(hub: Hub, parts: Parts, where: Where, device: Device) -> None:
    whole, short, damaged, other = ct(), ct(), ct(), ct()
    for each in (whole, short, damaged, other):
        hub.store(each.file)
    [record] = hub.catalogue.instances(short.study)
    record.path.chmod(0o600)
    record.path.write_bytes(record.path.read_bytes()[:-2])
    with hub.database.write() as session:
        row = session.scalars(select(InstanceRow).filter_by(sop_instance_uid=damaged.sop_instance)).one()
        session.add(
            InstanceDigestRow(
                instance_row=row.id,
                file=row.file,
                sha256="",
                size=1,
                state="damaged",
                damage="content",
                checked_at=hub.clock.now(),
            )
        )
    pairs = [(CT, each.sop_instance) for each in (whole, short, damaged)]
    asked = parts.service.requested(
        peer(), new_uid(), [Reference(*pair) for pair in [*pairs, ("1.2.840.10008.5.1.4.1.1.4", other.sop_instance)]]
    )
    found = parts.service.check(asked)
    assert [each.failure_reason for each in found.references] == [0, 0x0110, 0x0110, 0x0119]


def test_a_failed_report_is_tried_again_also_after_a_restart(
    hub: Hub, parts: Parts, where: Where, device: Device
) -> None:
    stored = ct()
    hub.store(stored.file)
    device.status = 0x0110
    assert ask(where, request((CT, stored.sop_instance))) == 0
    until(lambda: parts.worker.run_once() > 0)
    [kept] = parts.service.of_study(stored.study)
    assert (kept.state, kept.attempts) == (CommitmentState.CHECKED, 1)
    assert "0110" in kept.last_error
    device.status = 0x0000
    another = Parts(hub)
    assert another.worker.run_once() == 0
    hub.clock.move(timedelta(seconds=10))
    assert another.worker.run_once() == 1
    assert another.service.one(kept.commitment_id).state is CommitmentState.ENDED
    assert device.reports.qsize() == 2


def test_a_transaction_in_hand_at_a_crash_is_taken_up(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    parts.service.requested(hub.peers.find("DEVICE").actor("1"), new_uid(), [Reference(CT, stored.sop_instance)])
    # The process dies here: committed, answered, nothing checked.
    another = Parts(hub)
    assert another.worker.run_once() == 0
    hub.clock.move(timedelta(minutes=15))
    assert another.worker.run_once() == 1
    assert confirmed(device.reports.get(timeout=30)[1]) == [stored.sop_instance]


def test_it_gives_up_after_many_attempts_and_keeps_what_it_found(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    device.stop()
    asked = parts.service.requested(
        hub.peers.find("DEVICE").actor("1"), new_uid(), [Reference(CT, stored.sop_instance)]
    )
    for _ in range(20):
        hub.clock.move(timedelta(hours=5))
        parts.worker.run_once()
    kept = parts.service.one(asked)
    assert (kept.state, kept.attempts, kept.references[0].failure_reason) == (CommitmentState.GIVEN_UP, 12, 0)


def test_a_uid_in_use_is_refused_for_other_instances_and_repeated_for_the_same(
    hub: Hub, parts: Parts, where: Where, device: Device
) -> None:
    first, second = ct(), ct()
    hub.store(first.file)
    hub.store(second.file)
    transaction = new_uid()
    for instance in (first, first, second):
        assert ask(where, request((CT, instance.sop_instance), transaction=transaction)) == 0
        until(lambda: parts.worker.run_once() > 0 or not device.reports.empty())
        event_type, report = device.reports.get(timeout=30)
        if instance is first:
            assert (event_type, confirmed(report)) == (1, [first.sop_instance])
    assert failures(report) == {second.sop_instance: 0x0131}


@pytest.mark.parametrize(
    ("action", "instance", "said", "status"),
    [
        (1, WELL_KNOWN_INSTANCE, request(), 0x0115),
        (1, WELL_KNOWN_INSTANCE, request(("", "1.2")), 0x0115),
        (2, WELL_KNOWN_INSTANCE, request((CT, "1.2")), 0x0123),
        (1, "1.2.3", request((CT, "1.2")), 0x0112),
    ],
)
def test_wrong_requests_are_refused_and_leave_nothing(
    parts: Parts, where: Where, device: Device, action: int, instance: str, said: Dataset, status: int
) -> None:
    with associated(where) as assoc:
        answer, _ = assoc.send_n_action(said, action, COMMITMENT_CLASS, instance)
    assert answer.Status == status
    assert parts.worker.run_once() == 0


def test_we_ask_a_peer_and_it_reports_on_an_association_of_its_own(
    hub: Hub, parts: Parts, where: Where, device: Device
) -> None:
    stored = ct()
    hub.store(stored.file)
    lost = ct(StudyInstanceUID=stored.study)
    hub.store(lost.file)
    known = hub.peers.find("DEVICE")
    assert known is not None
    asked = parts.service.ask(OPERATOR, known, stored.study)
    assert parts.worker.run_once() == 1
    assert parts.service.one(asked).state is CommitmentState.ASKED
    transaction = device.requests.get(timeout=30).TransactionUID

    ae = AE("DEVICE")
    ae.add_requested_context(COMMITMENT_CLASS)
    role: SCP_SCU_RoleSelectionNegotiation = build_role(COMMITMENT_CLASS, scp_role=True)
    assoc = requesting.associate(ae, *where, ae_title="DOKUEI", ext_neg=[role])
    report = request((CT, stored.sop_instance), transaction=transaction)
    report.FailedSOPSequence = request((CT, lost.sop_instance)).ReferencedSOPSequence
    report.FailedSOPSequence[0].FailureReason = 0x0110
    status, _ = assoc.send_n_event_report(report, 2, COMMITMENT_CLASS, WELL_KNOWN_INSTANCE)
    unknown = request((CT, stored.sop_instance))
    refused, _ = assoc.send_n_event_report(unknown, 1, COMMITMENT_CLASS, WELL_KNOWN_INSTANCE)
    assoc.release()
    assert (status.Status, refused.Status) == (0, 0x0115)
    kept = parts.service.one(asked)
    assert (kept.direction, kept.state) == (Direction.BY_US, CommitmentState.ENDED)
    results = {each.sop_instance_uid: each.failure_reason for each in kept.references}
    assert results == {stored.sop_instance: 0, lost.sop_instance: 0x0110}


def test_a_peer_that_owes_its_result_is_asked_again(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    known = hub.peers.find("DEVICE")
    assert known is not None
    parts.service.ask(OPERATOR, known, stored.study)
    assert parts.worker.run_once() == 1
    hub.clock.move(timedelta(hours=24))
    assert parts.worker.run_once() == 1
    assert device.requests.get(timeout=30) == device.requests.get(timeout=30)


def test_the_hub_asks_itself_and_hears_on_the_same_association(hub: Hub, parts: Parts, where: Where) -> None:
    """Both sides are ours: the peer DOKUEI is the node itself."""
    stored = ct()
    hub.store(stored.file)
    with hub.database.write() as session:
        hub.peers.add(session, "DOKUEI", "CLINIC", Address(*where), services=BOTH)
    known = hub.peers.find("DOKUEI")
    assert known is not None
    worker = CommitmentWorker(parts.service, hub.peers, CommitmentScu("DOKUEI", patience=10, wait_for_result=10))
    asked = parts.service.ask(OPERATOR, known, stored.study)
    assert worker.run_once() >= 1
    kept = parts.service.one(asked)
    assert (kept.state, [each.failure_reason for each in kept.references]) == (CommitmentState.ENDED, [0])


def test_a_report_before_the_answer_to_the_request_is_the_result(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    device.before = lambda event: event.assoc.send_n_event_report(
        request((CT, stored.sop_instance), transaction=event.action_information.TransactionUID),
        1,
        COMMITMENT_CLASS,
        WELL_KNOWN_INSTANCE,
    )
    known = hub.peers.find("DEVICE")
    assert known is not None
    asked = parts.service.ask(OPERATOR, known, stored.study)
    assert parts.worker.run_once() == 1
    kept = parts.service.one(asked)
    assert (kept.state, [each.failure_reason for each in kept.references]) == (CommitmentState.ENDED, [0])


def test_a_report_on_a_context_that_is_not_for_it_is_a_failed_attempt(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)

    def elsewhere(event: Any) -> None:
        report = N_EVENT_REPORT()
        report.MessageID, report.EventTypeID = 1, 1
        report.AffectedSOPClassUID, report.AffectedSOPInstanceUID = COMMITMENT_CLASS, WELL_KNOWN_INSTANCE
        said = request((CT, stored.sop_instance), transaction=event.action_information.TransactionUID)
        report.EventInformation = BytesIO(encode(said, True, True) or b"")
        event.assoc.dimse.send_msg(report, 99)

    device.before = elsewhere
    known = hub.peers.find("DEVICE")
    assert known is not None
    asked = parts.service.ask(OPERATOR, known, stored.study)
    assert parts.worker.run_once() == 1
    kept = parts.service.one(asked)
    assert (kept.state, kept.attempts, "context 99" in kept.last_error) == (CommitmentState.WAITING, 1, True)


def test_the_first_result_stays(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    known = hub.peers.find("DEVICE")
    assert known is not None
    asked = parts.service.ask(OPERATOR, known, stored.study)
    transaction = parts.service.one(asked).transaction_uid
    good, bad = (Reference(CT, stored.sop_instance, reason) for reason in (0, 0x0112))
    told = [parts.service.told(known.actor("1"), transaction, [each]) for each in (good, good, bad)]
    assert told == [Taken.KEPT, Taken.KEPT, Taken.CONTRADICTS]
    assert parts.service.told(known.actor("1"), new_uid(), [good]) is Taken.UNKNOWN
    kept = parts.service.one(asked)
    assert (kept.state, [each.failure_reason for each in kept.references]) == (CommitmentState.ENDED, [0])
    with hub.database.read() as session:
        reasons = list(session.scalars(select(AuditRow.reason).filter_by(resource=f"commitment/{transaction}")))
    assert reasons[-1] == "another report, of 0 of 1 confirmed, was refused"


def test_what_was_reported_stays_when_the_peer_asks_again(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    sender, transaction = peer(), new_uid()
    first = parts.service.requested(sender, transaction, [Reference(CT, stored.sop_instance)])
    parts.service.check(first)
    parts.service.reported(first)
    [record] = hub.catalogue.instances(stored.study)
    record.path.unlink()
    second = parts.service.requested(sender, transaction, [Reference(CT, stored.sop_instance)])
    assert parts.service.check(second).references[0].failure_reason == 0x0110
    kept = parts.service.one(first)
    assert (kept.state, kept.references[0].failure_reason) == (CommitmentState.ENDED, 0)


@pytest.mark.parametrize("wanted", [True, False])
def test_what_was_sent_is_to_be_confirmed(hub: Hub, parts: Parts, device: Device, *, wanted: bool) -> None:
    for number in range(3):
        uids = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "SOPInstanceUID": f"1.1.1.{number}"}
        hub.store(ct(**uids).file)
    with receiver(statuses=lambda number: 0xC001 if number == 2 else 0) as dest:
        with hub.database.write() as session:
            hub.peers.add(session, "DEST", "CLINIC", dest.address, ask_commitment=wanted)
        scu = StorageScu("DOKUEI", patience=10)
        queue = OutgoingQueue(
            hub.database,
            hub.clock,
            hub.gate,
            hub.catalogue,
            peers=hub.peers,
            scu=scu,
            proof=parts.service.ask_for_sent,
        )
        order = queue.order_study(peer(), "1.1", "DEST")
        assert queue.run(order)
    done = queue.order(order)
    assert (done.sent, done.failed, bool(done.commitment_id)) == (2, 1, wanted)
    if wanted:
        asked = parts.service.one(done.commitment_id)
        uids = [each.sop_instance_uid for each in asked.references]
        assert (asked.state, uids) == (CommitmentState.WAITING, ["1.1.1.0", "1.1.1.2"])


def test_a_peer_that_does_not_answer_holds_up_no_other(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    worker = CommitmentWorker(parts.service, hub.peers, CommitmentScu("DOKUEI", patience=20), grace=0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        with hub.database.write() as session:
            hub.peers.add(session, "MUTE", "CLINIC", Address("127.0.0.1", mute.getsockname()[1]), services=BOTH)
        for title in ("MUTE", "DEVICE"):
            known = hub.peers.find(title)
            assert known is not None
            parts.service.ask(OPERATOR, known, stored.study)
        worker.start()
        assert device.requests.get(timeout=15)
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        stopping.join(10)
        assert not stopping.is_alive()


def test_repeated_requests_leave_one_transaction_for_each_result(hub: Hub, parts: Parts) -> None:
    stored = ct()
    hub.store(stored.file)
    transaction, wanted = new_uid(), [Reference(CT, stored.sop_instance)]
    for asked in (wanted, wanted, [*wanted, Reference(CT, "1.2")], [*wanted, Reference(CT, "1.2")], wanted):
        for _ in range(2):  # while it is open, and when it was reported
            again = parts.service.requested(peer(), transaction, asked)
        parts.service.check(again)
        parts.service.reported(again)
    with hub.database.read() as session:
        assert 2 == session.scalar(select(func.count()).select_from(CommitmentRow))
        audited = select(AuditRow.reason).filter_by(resource=f"commitment/{transaction}")
        assert 6 == sum("asked again" in reason for reason in session.scalars(audited))
    [record] = hub.catalogue.instances(stored.study)
    record.path.unlink()
    changed = parts.service.requested(peer(), transaction, wanted)
    assert 0x0110 == parts.service.check(changed).references[0].failure_reason


def test_a_peer_that_never_reports_is_given_up(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    known = hub.peers.find("DEVICE")
    assert known is not None
    asked = parts.service.ask(OPERATOR, known, stored.study)
    taken = 0
    while parts.service.take_due(1):
        taken += 1
        parts.service.asked(asked)
        hub.clock.move(timedelta(hours=25))
        assert taken <= MOST_ATTEMPTS
    given_up = parts.service.one(asked)
    assert (CommitmentState.GIVEN_UP, MOST_ATTEMPTS) == (given_up.state, taken)
    assert "the peer did not report in time" == given_up.last_error


def test_much_is_asked_for_in_parts(hub: Hub, parts: Parts, device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_AT_ONCE", 2)
    for number in range(3):
        uids = {"StudyInstanceUID": "1.1", "SeriesInstanceUID": "1.1.1", "SOPInstanceUID": f"1.1.1.{number}"}
        hub.store(ct(**uids).file)
    known = hub.peers.find("DEVICE")
    assert known is not None
    asked = parts.service.ask(OPERATOR, known, "1.1")
    assert 2 == parts.worker.run_once()
    requests = [device.requests.get(timeout=30) for _ in range(2)]
    assert [1, 2] == sorted(len(each.ReferencedSOPSequence) for each in requests)
    assert 2 == len({each.TransactionUID for each in requests})
    assert 2 == len(parts.service.one(asked).references)


def test_only_what_there_is_a_lane_for_is_taken(hub: Hub, parts: Parts, device: Device) -> None:
    stored = ct()
    hub.store(stored.file)
    going_on = threading.Event()
    device.before = lambda _: going_on.wait(20)
    with hub.database.write() as session:
        hub.peers.add(session, "OTHER", "CLINIC", device.address, services=BOTH)
    for title in ("DEVICE", "OTHER"):
        known = hub.peers.find(title)
        assert known is not None
        parts.service.ask(OPERATOR, known, stored.study)
        hub.clock.move(timedelta(seconds=1))
    worker = CommitmentWorker(parts.service, hub.peers, CommitmentScu("DOKUEI", patience=20), most_peers=1)
    try:
        assert (1, 0) == (worker.look(), worker.look())
        assert ["OTHER"] == [each.ae_title for each in parts.service.take_due(20)]
    finally:
        going_on.set()
        worker.stop()


@pytest.mark.both_databases
def test_looking_for_work_locks_nothing(parts: Parts) -> None:
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        assert [] == parts.service.take_due(20)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert any("storage_commitment" in each for each in said)
    assert not any("FOR UPDATE" in each for each in said)
