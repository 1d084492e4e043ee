"""Proves that orders to send are carried out, kept through failures and restarts, and given up in the end."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from access_control.model import Actor
from pacs_node.scu.errors import DestinationMayNotSee, DestinationUnknown
from pacs_node.scu.queue import ATTEMPTS, OutgoingQueue, State
from pacs_node.scu.sending import StorageScu
from pacs_node.scu.worker import OutgoingWorker
from shared_kernel.audit.tables import AuditRow
from shared_kernel.errors import NotFound
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub, peer
from tests.pacs_node.scp.query_retrieve.receiver import receiver
from tests.support.hub_process import command, told
from tests.support.objects import ct


def queue_of(hub: Hub) -> OutgoingQueue:
    scu = StorageScu("DOKUEI", patience=5, connect_patience=5)
    return OutgoingQueue(hub.database, hub.clock, hub.gate, hub.catalogue, peers=hub.peers, scu=scu)


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
        assert 1 == OutgoingWorker(queue).run_once()
        assert 0 == OutgoingWorker(queue).run_once()
    done = queue.order(order)
    assert (State.SENT, 5, 5, 0, None) == (done.state, done.total, done.sent, done.failed, done.due_at)
    assert 5 == len(dest.order)
    with hub.database.read() as session:
        reasons = list(session.scalars(select(AuditRow.reason).filter_by(action="study.send")))
    assert ["5 instances to DEST"] == reasons


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


def test_what_a_killed_process_left_is_taken_up_when_its_lease_is_over(hub: Hub, queue: OutgoingQueue) -> None:
    with receiver() as dest:
        know(hub, dest.address)
        order = queue.order_study(peer(), "1.1", "DEST")
        assert queue._claim(order)  # and then no more is heard of it
        other = queue_of(hub)
        assert [] == other.due()
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
        assert "sent 1, failed 0, waiting 0" == told(data, "study", "send", "1.1", "--to", "DEST")
        wrong = command(data, "study", "send", "1.1", "--to", "NOBODY")
    assert 1 == len(dest.order)
    assert (1, True) == (wrong.returncode, "NOBODY" in wrong.stderr)
