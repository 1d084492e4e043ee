"""Events: told after the commit or never, in order, once, again after a failure, each subscriber at its own pace."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import NotFound
from shared_kernel.events.dispatcher import Dispatcher
from shared_kernel.events.event import Envelope, Event
from shared_kernel.events.outbox import publish
from shared_kernel.events.subscriber import Subscriber, Together
from shared_kernel.events.tables import EventSetAsideRow, OutboxRow, SubscriptionRow
from shared_kernel.settings import Settings
from tests.support.waiting import until


class LampLit(Event, frozen=True, kw_only=True):
    number: int


class LampBroken(Event, frozen=True, kw_only=True):
    number: int


Handler = Callable[[Session, Envelope], None]


def light(database: Database, clock: SetClock, *numbers: int) -> None:
    with database.write() as session:
        for number in numbers:
            publish(session, LampLit(number=number), at=clock.now(), actor="test")


def break_lamps(database: Database, clock: SetClock, count: int) -> None:
    with database.write() as session:
        for number in range(count):
            publish(session, LampBroken(number=number), at=clock.now(), actor="test")


def listener(seen: list[int]) -> Handler:
    def hear(_session: Session, envelope: Envelope) -> None:
        seen.append(envelope.open(LampLit).number)

    return hear


def ear(seen: list[int]) -> Subscriber:
    return Subscriber("ear", {LampLit: listener(seen)})


def position(database: Database, name: str = "ear") -> int:
    with database.read() as session:
        return session.get_one(SubscriptionRow, name).position


def held(sequence_numbers: list[int], database: Database) -> bool:
    with database.read() as session:
        return list(session.scalars(select(OutboxRow.sequence).order_by(OutboxRow.sequence))) == sequence_numbers


def test_subscribers_hear_what_they_want_in_order(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    light(database, clock, 1, 2)
    break_lamps(database, clock, 1)
    light(database, clock, 3)

    Dispatcher(database, clock, [ear(seen)]).drain()

    assert seen == [1, 2, 3]


def test_an_event_of_a_failed_transaction_is_never_told(database: Database, clock: SetClock) -> None:
    seen: list[int] = []

    def fail() -> None:
        with database.write() as session:
            publish(session, LampLit(number=1), at=clock.now(), actor="test")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    Dispatcher(database, clock, [ear(seen)]).drain()
    assert seen == []


def test_a_subscriber_goes_on_where_it_stopped(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    for number in (1, 2):
        light(database, clock, number)
        Dispatcher(database, clock, [ear(seen)]).drain()
    assert seen == [1, 2]


def test_more_than_a_batch_is_delivered_whole(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    for number in range(450):
        light(database, clock, number)
    break_lamps(database, clock, 3)
    Dispatcher(database, clock, [ear(seen)]).drain()
    assert seen == list(range(450))


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
        held_up = session.get_one(SubscriptionRow, "bad")
        assert (held_up.failures, session.get(SubscriptionRow, "half-done")) == (1, None)
        assert "not today" in str(held_up.last_error)

    broken = False
    dispatcher.drain()
    assert (good, bad) == ([1, 2], [])  # it waits before it tries again

    clock.move(timedelta(minutes=2))
    dispatcher.drain()
    assert (good, bad) == ([1, 2], [1, 2])
    with database.read() as session:
        assert session.get_one(SubscriptionRow, "bad").failures == 0


def test_a_running_dispatcher_hears_every_commit(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    dispatcher = Dispatcher(database, clock, [ear(seen)])
    dispatcher.start()
    light(database, clock, *range(100))
    until(lambda: len(seen) == 100, what="the first hundred")
    light(database, clock, *range(100, 150))
    until(lambda: len(seen) == 150, what="those of a later commit")
    dispatcher.stop()
    assert seen == list(range(150))


def test_stop_leaves_the_rest_and_a_later_start_delivers_it(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    entered = threading.Event()

    def slow(_session: Session, envelope: Envelope) -> None:
        seen.append(envelope.open(LampLit).number)
        if not entered.is_set():
            entered.set()
            # `stop` sets it, to wake a dispatcher that sleeps: by now it has been told to end.
            assert database.published.wait(20)

    light(database, clock, *range(400))
    dispatcher = Dispatcher(database, clock, [Subscriber("ear", {LampLit: slow})])
    dispatcher.start()
    assert entered.wait(20)
    dispatcher.stop()
    assert [0] == seen
    assert 1 == position(database)

    dispatcher.start()
    until(lambda: len(seen) == 400, what="the rest")
    dispatcher.stop()
    assert list(range(400)) == seen


def test_events_share_commits_and_cost_nothing_for_those_who_do_not_want_them(
    database: Database, clock: SetClock
) -> None:
    seen: list[int] = []
    dispatcher = Dispatcher(database, clock, [ear(seen), Subscriber("deaf", {LampBroken: listener(seen)})])
    dispatcher.drain()
    light(database, clock, *range(120))
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    dispatcher.drain()
    assert (list(range(120)), 3) == (seen, len(commits))  # fifty at once: others want to write, too


def test_what_fails_among_others_is_undone_with_them_and_each_is_delivered_alone(
    database: Database, clock: SetClock
) -> None:
    chest = Chest(7)
    dispatcher = Dispatcher(database, clock, [Subscriber("chest", {LampLit: chest.hear})])
    light(database, clock, *range(100))
    with capture_logs() as logged:
        dispatcher.drain()
    # The first fifty were tried together; then six alone, and the seventh waits for its next try.
    assert list(range(7)) == chest.heard
    assert 7 == position(database, "chest")
    assert ["events.delivered_one_by_one", "events.handler_failed"] == [entry["event"] for entry in logged]

    chest.unbearable.clear()
    clock.move(timedelta(minutes=2))
    commits: list[object] = []
    event.listen(database.engine, "commit", commits.append)
    dispatcher.drain()
    assert list(range(100)) == chest.heard
    assert 43 + 1 == len(commits)  # the rest of the first fifty alone, the others together again


def test_a_row_that_is_refused_at_the_end_holds_up_its_own_event_only(database: Database, clock: SetClock) -> None:
    def write(session: Session, envelope: Envelope) -> None:
        # Nothing is sent to the database before the commit, so no handler sees the refusal.
        name = "taken" if envelope.open(LampLit).number in {2, 3} else f"lamp-{envelope.sequence}"
        session.add(SubscriptionRow(subscriber=name, position=10**6, failures=0, updated_at=envelope.occurred_at))

    dispatcher = Dispatcher(database, clock, [Subscriber("writer", {LampLit: write})])
    light(database, clock, 1, 2, 3, 4)
    with capture_logs():  # each failure is told with all of its frames
        try_often(dispatcher, clock, 8)
    assert 4 == position(database, "writer")
    assert [("writer", 3)] == [each[:2] for each in aside(database)]
    with database.read() as session:
        names = session.scalars(select(SubscriptionRow.subscriber).order_by(SubscriptionRow.subscriber)).all()
    assert ["lamp-1", "lamp-4", "taken", "writer"] == names


def test_one_handler_gets_all_that_a_transaction_delivers(database: Database, clock: SetClock) -> None:
    together: list[list[int]] = []
    unbearable = {61}

    def hear(_session: Session, envelopes: Sequence[Envelope]) -> None:
        numbers = [int(envelope.sequence) for envelope in envelopes]
        if unbearable & set(numbers):
            raise RuntimeError("too bright")
        together.append(numbers)

    dispatcher = Dispatcher(database, clock, [Subscriber("all", Together((LampLit, LampBroken), hear))])
    light(database, clock, *range(60))
    break_lamps(database, clock, 5)
    dispatcher.drain()
    assert [list(range(1, 51)), *([each] for each in range(51, 61))] == together

    try_often(dispatcher, clock, 8)
    assert [[62], [63], [64], [65]] == together[-4:]
    unbearable.clear()
    dispatcher.retry("all", 61)
    assert [61] == together[-1]
    assert [] == aside(database)


def test_what_was_passed_over_is_kept_seldom_and_at_the_end(database: Database, clock: SetClock) -> None:
    others: list[int] = []

    def count(_session: Session, envelope: Envelope) -> None:
        others.append(envelope.sequence)

    break_lamps(database, clock, 10)
    dispatcher = Dispatcher(database, clock, [ear([])])
    dispatcher.drain()
    assert 0 == position(database)
    break_lamps(database, clock, 990)
    dispatcher.drain()
    assert 1000 == position(database)

    break_lamps(database, clock, 5)
    both = [ear([]), Subscriber("other", {LampBroken: count}, from_the_beginning=False)]
    dispatcher = Dispatcher(database, clock, both)
    dispatcher.drain()  # "other" begins behind what is there
    break_lamps(database, clock, 5)
    dispatcher.start()
    until(lambda: len(others) == 5, what="the other one, whose turn is second")
    until(lambda: position(database) == 1010, what="the first pruning, which keeps all places")
    break_lamps(database, clock, 5)
    until(lambda: len(others) == 10, what="the other one")
    dispatcher.stop()
    assert (list(range(1006, 1016)), 1015) == (others, position(database))


@pytest.mark.both_databases
def test_two_dispatchers_on_one_database_deliver_once_and_in_order(
    database: Database, clock: SetClock, settings: Settings
) -> None:
    seen: list[int] = []
    light(database, clock, *range(200))
    second = Database(settings.sqlalchemy_url)  # as another process has it, with turns of its own
    gate = threading.Barrier(2)

    def run(own: Database) -> None:
        dispatcher = Dispatcher(own, clock, [ear(seen)])
        gate.wait()
        dispatcher.drain()

    threads = [threading.Thread(target=run, args=[own]) for own in (database, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert list(range(200)) == seen


def test_one_that_has_fallen_behind_passes_over_what_the_other_has_delivered(
    database: Database, clock: SetClock
) -> None:
    first: list[int] = []
    second: list[int] = []
    slow = Dispatcher(database, clock, [ear(second)])
    slow.drain()
    light(database, clock, 1, 2)
    Dispatcher(database, clock, [ear(first)]).drain()
    slow.drain()
    light(database, clock, 3)
    slow.drain()
    assert ([1, 2], [3]) == (first, second)


class Chest:
    """Hears lamps, save those with a number that it can't bear; `heard` is what was committed."""

    def __init__(self, *unbearable: int) -> None:
        self.unbearable = set(unbearable)
        self.heard: list[int] = []

    def hear(self, session: Session, envelope: Envelope) -> None:
        number = envelope.open(LampLit).number
        session.add(SubscriptionRow(subscriber=f"lamp-{number}", position=10**6, updated_at=envelope.occurred_at))
        session.flush()
        if number in self.unbearable:
            raise RuntimeError(f"lamp {number} is too bright")
        event.listen(session, "after_commit", lambda _session: self.heard.append(number), once=True)


def aside(database: Database) -> list[tuple[str, int, str, str]]:
    with database.read() as session:
        rows = session.scalars(select(EventSetAsideRow)).all()
        return [(row.subscriber, row.sequence, row.event_name, row.error) for row in rows]


def try_often(dispatcher: Dispatcher, clock: SetClock, times: int) -> None:
    for _ in range(times):
        dispatcher.drain()
        clock.move(timedelta(minutes=2))


def test_an_event_that_fails_eight_times_is_set_aside_and_the_others_are_delivered(
    database: Database, clock: SetClock
) -> None:
    chest = Chest(2)
    dispatcher = Dispatcher(database, clock, [Subscriber("chest", {LampLit: chest.hear})])
    light(database, clock, 1, 2, 3)

    try_often(dispatcher, clock, 7)
    assert ([1], []) == (chest.heard, aside(database))

    with capture_logs() as logged:
        dispatcher.drain()
    assert [1, 3] == chest.heard
    assert [("chest", 2, "LampLit", "RuntimeError('lamp 2 is too bright')")] == aside(database)
    [told] = [entry for entry in logged if entry["event"] == "events.set_aside"]
    assert ("error", "chest", 2) == (told["log_level"], told["subscriber"], told["sequence"])
    with database.read() as session:
        place = session.get_one(SubscriptionRow, "chest")
        assert (3, 0, None) == (place.position, place.failures, place.last_error)
        assert session.get(SubscriptionRow, "lamp-2") is None


def test_an_event_that_was_set_aside_can_be_delivered_again(database: Database, clock: SetClock) -> None:
    chest = Chest(1)
    dispatcher = Dispatcher(database, clock, [Subscriber("chest", {LampLit: chest.hear})])
    light(database, clock, 1, 2)
    try_often(dispatcher, clock, 8)
    assert [2] == chest.heard

    with pytest.raises(RuntimeError, match="too bright"):
        dispatcher.retry("chest", 1)
    assert 1 == len(aside(database))

    chest.unbearable.clear()
    dispatcher.retry("chest", 1)
    assert ([2, 1], []) == (chest.heard, aside(database))
    assert 2 == position(database, "chest")
    for name, sequence in (("chest", 1), ("chest", 2), ("nobody", 1)):
        with pytest.raises(NotFound):
            dispatcher.retry(name, sequence)
    assert [2, 1] == chest.heard


def test_trouble_with_the_database_is_not_the_fault_of_the_event(database: Database, clock: SetClock) -> None:
    seen: list[int] = []
    full = True

    def hear(_session: Session, envelope: Envelope) -> None:
        if full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise OperationalError("INSERT", {}, error)
        seen.append(envelope.open(LampLit).number)

    dispatcher = Dispatcher(database, clock, [Subscriber("ear", {LampLit: hear})])
    light(database, clock, 1)
    try_often(dispatcher, clock, 9)
    full = False
    dispatcher.drain()
    assert ([1], []) == (seen, aside(database))


def test_a_new_subscriber_hears_everything_or_only_what_comes(database: Database, clock: SetClock) -> None:
    old: list[int] = []
    new: list[int] = []
    light(database, clock, 1, 2)
    subscribers = [
        Subscriber("old", {LampLit: listener(old)}),
        Subscriber("new", {LampLit: listener(new)}, from_the_beginning=False),
    ]
    Dispatcher(database, clock, subscribers).drain()
    light(database, clock, 3)
    Dispatcher(database, clock, subscribers).drain()
    assert ([1, 2, 3], [3]) == (old, new)


def test_old_events_that_everybody_has_passed_are_deleted(database: Database, clock: SetClock) -> None:
    chest = Chest(2)
    dispatcher = Dispatcher(database, clock, [ear([]), Subscriber("chest", {LampLit: chest.hear})])
    light(database, clock, 1, 2, 3)
    try_often(dispatcher, clock, 8)
    clock.move(timedelta(days=31))
    light(database, clock, 4)
    break_lamps(database, clock, 1)
    dispatcher.drain()

    dispatcher.prune()
    assert held([2, 4, 5], database)  # 2 was set aside, the others are young

    clock.move(timedelta(days=31))
    dispatcher.prune()
    assert held([2, 5], database)  # the newest stays


def test_what_somebody_has_not_heard_is_kept(database: Database, clock: SetClock) -> None:
    chest = Chest(1)
    dispatcher = Dispatcher(database, clock, [ear([]), Subscriber("chest", {LampLit: chest.hear})])
    light(database, clock, 1, 2)
    dispatcher.drain()
    clock.move(timedelta(days=31))
    dispatcher.prune()
    assert held([1, 2], database)


def test_a_running_dispatcher_prunes_by_itself(database: Database, clock: SetClock) -> None:
    light(database, clock, *range(1200))
    clock.move(timedelta(days=31))
    dispatcher = Dispatcher(database, clock, [Subscriber("deaf", {LampBroken: listener([])})])
    dispatcher.start()
    until(lambda: held([1200], database), what="the first pruning")
    light(database, clock, 1)
    clock.move(timedelta(days=31))
    until(lambda: held([1201], database), what="the next pruning")
    dispatcher.stop()
