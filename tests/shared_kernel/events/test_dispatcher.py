"""Events: told after the commit or never, in order, again after a failure, each subscriber at its own pace."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.events.dispatcher import Dispatcher, Subscriber
from shared_kernel.events.event import Envelope, Event
from shared_kernel.events.outbox import publish
from shared_kernel.events.tables import SubscriptionRow


class LampLit(Event, frozen=True, kw_only=True):
    number: int


class LampBroken(Event, frozen=True, kw_only=True):
    number: int


Handler = Callable[[Session, Envelope], None]


def light(database: Database, clock: SetClock, *numbers: int) -> None:
    with database.write() as session:
        for number in numbers:
            publish(session, LampLit(number=number), at=clock.now(), actor="test")


def listener(seen: list[int]) -> Handler:
    def hear(_session: Session, envelope: Envelope) -> None:
        seen.append(envelope.open(LampLit).number)

    return hear


def test_subscribers_hear_what_they_want_in_order(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    light(database, clock, 1, 2)
    with database.write() as session:
        publish(session, LampBroken(number=9), at=clock.now(), actor="test")
    light(database, clock, 3)

    Dispatcher(database, clock, [Subscriber("ear", {LampLit: listener(seen)})]).drain()

    assert seen == [1, 2, 3]


def test_an_event_of_a_failed_transaction_is_never_told(database: Database, clock: SetClock) -> None:
    seen: list[int] = []

    def fail() -> None:
        with database.write() as session:
            publish(session, LampLit(number=1), at=clock.now(), actor="test")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    Dispatcher(database, clock, [Subscriber("ear", {LampLit: listener(seen)})]).drain()
    assert seen == []


def test_a_subscriber_goes_on_where_it_stopped(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    for number in (1, 2):
        light(database, clock, number)
        Dispatcher(database, clock, [Subscriber("ear", {LampLit: listener(seen)})]).drain()
    assert seen == [1, 2]


def test_a_failure_holds_up_its_own_subscriber_only_and_is_tried_again(database: Database, clock: SetClock) -> None:
    good: list[int] = []
    bad: list[int] = []
    broken = True

    def sometimes(session: Session, envelope: Envelope) -> None:
        session.add(SubscriptionRow(subscriber="half-done", position=0, failures=0, updated_at=clock.now()))
        session.flush()
        if broken:
            raise RuntimeError("not today")
        bad.append(envelope.open(LampLit).number)
        session.delete(session.get_one(SubscriptionRow, "half-done"))

    dispatcher = Dispatcher(
        database, clock, [Subscriber("bad", {LampLit: sometimes}), Subscriber("good", {LampLit: listener(good)})]
    )
    light(database, clock, 1, 2)
    dispatcher.drain()
    with database.read() as session:
        held = session.get_one(SubscriptionRow, "bad")
        assert (held.failures, session.get(SubscriptionRow, "half-done")) == (1, None)
        assert "not today" in str(held.last_error)

    broken = False
    dispatcher.drain()
    assert (good, bad) == ([1, 2], [])  # it waits before it tries again

    clock.move(timedelta(minutes=2))
    dispatcher.drain()
    assert (good, bad) == ([1, 2], [1, 2])
    with database.read() as session:
        assert session.get_one(SubscriptionRow, "bad").failures == 0


def test_a_running_dispatcher_hears_a_commit(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    dispatcher = Dispatcher(database, clock, [Subscriber("ear", {LampLit: listener(seen)})])
    dispatcher.start()
    light(database, clock, *range(500))
    dispatcher.stop()
    dispatcher.drain()
    assert seen == list(range(500))
