"""Proves that orders to send are carried out, kept through failures and restarts, and given up in the end."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from access_control.model import Actor
from pacs_node.archive.catalogue import Catalogue
from pacs_node.archive.tables import InstanceRow
from pacs_node.model import InstanceRecord
from pacs_node.scu import queue as module
from pacs_node.scu.errors import DestinationMayNotSee, DestinationUnknown, NothingToRetry
from pacs_node.scu.model import Sent
from pacs_node.scu.orders import State
from pacs_node.scu.queue import ATTEMPTS, LEASE, OutgoingQueue
from pacs_node.scu.sending import StorageScu
from shared_kernel.audit.tables import AuditRow
from shared_kernel.errors import NotFound
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub, peer
from tests.pacs_node.scp.query_retrieve.receiver import receiver
from tests.support.hub_process import command, told
from tests.support.objects import ct
from tests.support.waiting import until

pytestmark = pytest.mark.both_databases


def queue_of(hub: Hub, catalogue: Catalogue | None = None, **how: Any) -> OutgoingQueue:
    scu = StorageScu("DOKUEI", patience=5, connect_patience=5)
    return OutgoingQueue(hub.database, hub.clock, hub.gate, catalogue or hub.catalogue, peers=hub.peers, scu=scu, **how)


@pytest.fixture
def queue(hub: Hub) -> OutgoingQueue:
    for number in range(5):
        hub.store(ct(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID=f"1.1.1.{number}").file)
    return queue_of(hub)


def know(hub: Hub, address: Address | None, site: str = "CLINIC") -> None:
    with hub.database.write() as session:
        hub.peers.add(session, "DEST", site, address)


def nowhere() -> Address:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return Address("127.0.0.1", free.getsockname()[1])


def test_an_order_is_carried_out_once(hub: Hub, queue: OutgoingQueue) -> None:
    with receiver() as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        assert {"DEST": [order]} == queue.due()
        assert queue.run(order)
        assert not queue.run(order)
    done = queue.order(order)
    assert (State.SENT, 5, 5, 0, None) == (done.state, done.total, done.sent, done.failed, done.due_at)
    assert 5 == len(dest.order)
    with hub.database.read() as session:
        reasons = list(session.scalars(select(AuditRow.reason).filter_by(action="study.send")))
    assert ["5 instances to DEST", "5 of 5 instances arrived at DEST; ordered by ae:CLINIC_CT"] == reasons


def test_what_a_peer_could_not_take_waits_and_goes_later(hub: Hub, queue: OutgoingQueue) -> None:
    with receiver(statuses=lambda number: 0xA700 if number == 2 else 0) as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        assert queue.run(order)
        assert not queue.run(order), "its time has not come"
        waiting = queue.order(order)
        hub.clock.move(timedelta(minutes=2))
        assert queue.run(order)
    assert (State.WAITING, 4, "status A700") == (waiting.state, waiting.sent, waiting.last_error)
    assert (State.SENT, 5) == (queue.order(order).state, queue.order(order).sent)
    assert 6 == len(dest.order)


def test_what_a_peer_refuses_is_not_sent_again(hub: Hub, queue: OutgoingQueue) -> None:
    with receiver(statuses=lambda number: 0xC001 if number == 1 else 0xB000) as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        queue.run(order)
    done = queue.order(order)
    assert (State.FAILED, 4, 1) == (done.state, done.sent, done.failed)


def test_a_peer_that_is_never_there_is_given_up(hub: Hub, queue: OutgoingQueue) -> None:
    know(hub, nowhere())
    order = queue.order_study(peer(), "1.1", "DEST")
    for _ in range(ATTEMPTS):
        hub.clock.move(timedelta(hours=7))
        assert queue.run(order)
    hub.clock.move(timedelta(hours=7))
    assert not queue.run(order)
    done = queue.order(order)
    assert (State.FAILED, 0, 5, ATTEMPTS) == (done.state, done.sent, done.failed, done.attempts)
    assert "no connection" in done.last_error


def test_the_last_attempt_leaves_nothing_waiting(
    hub: Hub, queue: OutgoingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)  # so that most of them are never tried
    know(hub, nowhere())
    order = queue.order_study(peer(), "1.1", "DEST")
    for _ in range(ATTEMPTS):
        hub.clock.move(timedelta(hours=7))
        assert queue.run(order)
    done = queue.order(order)
    assert (State.FAILED, 5, 0) == (done.state, done.failed, done.waiting)
    assert all("no connection" in item.reason for item in queue.items(order, [State.FAILED]))
    hub.clock.move(timedelta(days=1))
    assert {} == queue.due()


def test_a_hub_that_fails_each_time_gives_up_with_the_reason(hub: Hub) -> None:
    class Broken(Catalogue):
        def records(self, *_: object, **__: object) -> list[InstanceRecord]:
            raise RuntimeError

    queue = queue_of(hub, catalogue=Broken(hub.database, hub.files))
    hub.store(ct(StudyInstanceUID="1.1").file)
    know(hub, nowhere())
    order = queue.order_study(peer(), "1.1", "DEST")
    for _ in range(ATTEMPTS):
        assert queue.run(order)
        hub.clock.move(timedelta(hours=7))
    done = queue.order(order)
    assert (State.FAILED, 1, "the hub failed: RuntimeError") == (done.state, done.failed, done.last_error)


def test_unreadable_files_here_do_not_end_the_attempt(
    hub: Hub, queue: OutgoingQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_ONCE", 2)
    for each in hub.catalogue.instances("1.1"):
        if each.sop_instance_uid in ("1.1.1.0", "1.1.1.1"):
            each.path.unlink()
    with receiver() as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        assert queue.run(order)
    done = queue.order(order)
    assert (State.WAITING, 3, 2) == (done.state, done.sent, done.waiting)


def test_what_is_gone_is_told_too(hub: Hub, queue: OutgoingQueue) -> None:
    heard: list[Sent] = []
    know(hub, nowhere())
    order = queue.order_study(peer(), "1.1", "DEST")
    with hub.database.write() as session:
        session.execute(delete(InstanceRow))
    assert queue.run(order, heard.append)
    assert [(f"1.1.1.{number}", None) for number in range(5)] == [
        (each.sop_instance_uid, each.status) for each in heard
    ]


def test_what_was_sent_before_the_hub_failed_is_not_sent_again(hub: Hub, queue: OutgoingQueue) -> None:
    heard = []

    def fails(sent: Sent) -> None:
        heard.append(sent)
        if len(heard) == 3:
            raise RuntimeError

    with receiver() as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        assert queue.run(order, fails)
    done = queue.order(order)
    assert (State.WAITING, 2, "the hub failed: RuntimeError") == (done.state, done.sent, done.last_error)


def test_what_was_given_up_can_be_tried_again(hub: Hub, queue: OutgoingQueue) -> None:
    with receiver(statuses=lambda number: 0xC001 if number == 1 else 0) as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        with pytest.raises(NothingToRetry):
            queue.retry(peer(), order)
        queue.run(order)
        assert (State.FAILED, 4, 1) == (queue.order(order).state, queue.order(order).sent, queue.order(order).failed)
        queue.retry(peer(), order)
        assert queue.run(order)
    assert (State.SENT, 5, 6) == (queue.order(order).state, queue.order(order).sent, len(dest.order))


def test_a_lease_is_renewed_for_as_long_as_one_instance_takes(hub: Hub, queue: OutgoingQueue) -> None:
    queue = queue_of(hub, renewed_seconds=0.02)
    slow = threading.Event()
    with receiver(before=lambda _: slow.wait(30)) as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        sending = threading.Thread(target=queue.run, args=(order,))
        sending.start()
        for _ in range(4):  # of nine minutes each, beside a lease of ten
            until_ = hub.clock.now() + LEASE
            until(lambda u=until_: (queue.order(order).due_at or u) >= u, what="a renewed lease")
            hub.clock.move(timedelta(minutes=9))
            assert {} == queue_of(hub).due()
        slow.set()
        sending.join(30)
    assert (State.SENT, 5, 5) == (queue.order(order).state, queue.order(order).sent, len(dest.order))


def test_who_has_lost_the_lease_changes_nothing_more(hub: Hub, queue: OutgoingQueue) -> None:
    other = queue_of(hub)
    outcome: list[bool] = []

    first = iter([True])

    def overtaken(_: Any) -> None:
        if next(first, False):
            hub.clock.move(timedelta(minutes=11))
            outcome.append(other.run(order, cancelled=lambda: len(dest.order) >= 4))

    with receiver(before=overtaken) as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        assert not queue.run(order), "it is the other's now"
        assert [True] == outcome
        left = queue.order(order)
    assert (State.WAITING, 4) == (left.state, left.sent)


def test_what_a_killed_process_left_is_taken_up_when_its_lease_is_over(hub: Hub, queue: OutgoingQueue) -> None:
    with receiver() as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        assert queue._claim(order, "killed")  # and then no more is heard of it
        other = queue_of(hub)
        assert {} == other.due()
        hub.clock.move(timedelta(minutes=11))
        assert other.run(order)
    assert State.SENT == queue.order(order).state


def test_what_was_cut_short_is_due_at_once(hub: Hub, queue: OutgoingQueue) -> None:
    with receiver() as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        queue.run(order, cancelled=lambda: len(dest.order) >= 2)
        cut = queue.order(order)
        assert queue.run(order)
    assert (State.WAITING, 2) == (cut.state, cut.sent)
    assert (State.SENT, 5) == (queue.order(order).state, len(dest.order))


@pytest.mark.parametrize(("actor", "error"), [(peer(), DestinationUnknown), (peer("OTHER"), NotFound)])
def test_only_known_peers_and_own_studies(queue: OutgoingQueue, actor: Actor, error: type[Exception]) -> None:
    with pytest.raises(error):
        queue.order_study(actor, "1.1", "DEST")


def test_no_study_goes_to_a_site_that_may_not_see_it(hub: Hub, queue: OutgoingQueue) -> None:
    know(hub, nowhere(), "OTHER")
    with pytest.raises(DestinationMayNotSee):
        queue.order_study(peer(), "1.1", "DEST")


def test_a_study_is_sent_by_the_command_line(tmp_path: Path) -> None:
    data, image = tmp_path / "data", tmp_path / "one.dcm"
    image.write_bytes(ct(StudyInstanceUID="1.1").file)
    told(data, "site", "add", "CLINIC", "みなと診療所", "--ae-title", "CLINIC_CT")
    told(data, "study", "import", str(image))
    with receiver() as dest:
        words = ("peer", "add", "DEST", "--site", "CLINIC", "--address", str(dest.address))
        told(data, *words)
        assert "送信済み 1 / sent, 失敗 0 / failed" in told(data, "study", "send", "1.1", "--to", "DEST")
        wrong = command(data, "study", "send", "1.1", "--to", "NOBODY")
    assert 1 == len(dest.order)
    left = command(data, "study", "send", "1.1", "--to", "DEST")
    assert (1, True) == (left.returncode, "送信待ち 1 / queued" in left.stdout)
    newest, next_try, error, oldest = told(data, "study", "sends").splitlines()
    assert "→ DEST: 送信待ち / queued, 0 / 1 件 / instances, study/1.1" in newest
    assert ("1 回試行" in next_try, "no connection" in error) == (True, True)
    assert "→ DEST: 送信済み / sent, 1 / 1 件" in oldest
    assert "ありません / none" == told(data, "study", "sends", "--failed")
    retried = command(data, "study", "sends", "--retry", "1")
    assert (1, True) == (retried.returncode, "この送信は失敗していません" in retried.stderr)
    assert (1, True) == (wrong.returncode, "NOBODY" in wrong.stderr)
