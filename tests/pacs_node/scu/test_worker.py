"""Proves that no peer holds up another, that each one's orders go in their order, and that stopping has an end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import delete

from pacs_node.archive.tables import InstanceRow
from pacs_node.scu.orders import State
from pacs_node.scu.queue import OutgoingQueue
from pacs_node.scu.sending import StorageScu
from pacs_node.scu.worker import OutgoingWorker
from shared_kernel.settings import Address
from tests.pacs_node.conftest import Hub, peer
from tests.pacs_node.scp.query_retrieve.receiver import receiver
from tests.support.objects import ct
from tests.support.waiting import until


class Sender:
    """A hub's sending side, with three studies."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.scu = StorageScu("DOKUEI", patience=20, connect_patience=5)
        self.queue = OutgoingQueue(hub.database, hub.clock, hub.gate, hub.catalogue, peers=hub.peers, scu=self.scu)
        for study in range(1, 4):
            for number in range(3):
                uid = f"1.{study}.1.{number}"
                hub.store(ct(StudyInstanceUID=f"1.{study}", SeriesInstanceUID=f"1.{study}.1", SOPInstanceUID=uid).file)
        self.workers: list[OutgoingWorker] = []

    def know(self, title: str, address: Address) -> None:
        with self.hub.database.write() as session:
            self.hub.peers.add(session, title, "CLINIC", address)

    def order(self, title: str, study: str = "1.1") -> int:
        return self.queue.order_study(peer(), study, title)

    def state(self, order: int) -> State:
        return self.queue.order(order).state

    def worker(self, **how: Any) -> OutgoingWorker:
        made = OutgoingWorker(self.queue, self.scu, **{"pause": 0.02, "grace": 0.2, **how})
        self.workers.append(made)
        made.start()
        return made


@pytest.fixture
def sender(hub: Hub) -> Iterator[Sender]:
    made = Sender(hub)
    yield made
    for worker in made.workers:
        worker.stop()


def test_a_peer_that_does_not_answer_holds_up_nobody_else(sender: Sender) -> None:
    slow = threading.Event()
    with receiver("SLOW", before=lambda _: slow.wait(30)) as stuck, receiver("QUICK") as quick:
        sender.know("SLOW", stuck.address)
        sender.know("QUICK", quick.address)
        held = sender.order("SLOW")
        others = [sender.order("QUICK", study) for study in ("1.1", "1.2", "1.3")]
        sender.worker()
        until(lambda: all(sender.state(order) is State.SENT for order in others), what="the other peer's orders")
        assert State.SENDING == sender.state(held)
        slow.set()
        until(lambda: sender.state(held) is State.SENT, what="the slow one's order")
    uids = [f"1.{study}.1.{number}" for study in (1, 2, 3) for number in range(3)]
    assert uids == quick.order, "each peer's orders in their order, one at a time"


def test_dead_peers_leave_room_for_others(sender: Sender) -> None:
    with receiver("QUICK") as quick:
        sender.know("QUICK", quick.address)
        for number in range(6):
            with socket.create_server(("127.0.0.1", 0)) as free:
                sender.know(f"DEAD{number}", Address("127.0.0.1", free.getsockname()[1]))
            sender.order(f"DEAD{number}")
        order = sender.order("QUICK")
        sender.worker(most_peers=2)
        until(lambda: sender.state(order) is State.SENT, what="the living peer's order")


def test_an_order_whose_instances_are_gone_lets_the_peer_not_rest(sender: Sender) -> None:
    with receiver("QUICK") as quick:
        sender.know("QUICK", quick.address)
        empty, order = sender.order("QUICK"), sender.order("QUICK", "1.2")
        with sender.hub.database.write() as session:
            session.execute(delete(InstanceRow).where(InstanceRow.sop_instance_uid.like("1.1.1.%")))
        sender.worker(rest=3600)
        until(lambda: sender.state(order) is State.SENT, what="the order behind the empty one")
    assert State.FAILED == sender.state(empty)


def test_a_long_turn_ends_when_others_wait(sender: Sender) -> None:
    """One place for two peers: the one whose order is long gives it up between instances, and goes on later."""
    waiting, order_of_arrival = threading.Event(), []

    def slow(_: Any) -> None:
        order_of_arrival.append("LONG")
        waiting.wait(30)

    with (
        receiver("LONG", before=slow) as long,
        receiver("QUICK", before=lambda _: order_of_arrival.append("Q")) as quick,
    ):
        sender.know("LONG", long.address)
        sender.know("QUICK", quick.address)
        first = sender.order("LONG")
        worker = sender.worker(most_peers=1, turn=0.0)
        until(lambda: order_of_arrival == ["LONG"], what="the first instance")
        second = sender.order("QUICK")
        until(lambda: worker.waited_for, what="the worker's look at the other order")
        waiting.set()
        until(lambda: {sender.state(first), sender.state(second)} == {State.SENT}, what="both orders")
    assert (3, 3) == (order_of_arrival.count("LONG"), order_of_arrival.count("Q"))
    assert 0 < order_of_arrival.index("Q") < 4
    assert 1 == sender.queue.order(first).attempts, "to wait for one's turn is no attempt"


@pytest.mark.parametrize("silent", ["in the middle of an instance", "before the association"])
def test_stopping_ends_what_hangs(sender: Sender, silent: str) -> None:
    hang: Callable[[Any], object] = threading.Event().wait
    with receiver("DEST", before=lambda _: hang(20)) as stuck, socket.create_server(("127.0.0.1", 0)) as mute:
        nobody = Address("127.0.0.1", mute.getsockname()[1])
        sender.know("DEST", stuck.address if "instance" in silent else nobody)
        order = sender.order("DEST")
        worker = sender.worker()
        until(lambda: sender.state(order) is State.SENDING, what="the sending")
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        stopping.join(15)
        assert not stopping.is_alive()
        left = sender.queue.order(order)
    assert (State.WAITING, hub_time(sender)) == (left.state, left.due_at), "due again at once"


def hub_time(sender: Sender) -> object:
    """What time it is."""
    return sender.hub.clock.now()
