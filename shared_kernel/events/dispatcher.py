"""Delivering events: each subscriber keeps its place, and moves on in the transaction of its own work."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shared_kernel.clock import Clock
from shared_kernel.database import Database, DatabaseUnavailable
from shared_kernel.errors import NotFound
from shared_kernel.events.event import Envelope
from shared_kernel.events.pruning import prune
from shared_kernel.events.reading import Reading, envelope_of, missed, news
from shared_kernel.events.subscriber import Subscriber
from shared_kernel.events.tables import EventSetAsideRow, OutboxRow, SubscriptionRow

_TOGETHER = 50  # in one transaction: others wait to write meanwhile
_TRIES = 8
_LONGEST_PAUSE = timedelta(seconds=60)
_LONGEST_DOUBLING = 6
_DATABASE_PAUSE = timedelta(seconds=5)
_SELDOM = 1000
_KEPT_FOR = timedelta(days=30)
_PRUNED_EVERY = timedelta(days=1)
_LONGEST_ERROR = 2000
_IDLE_SECONDS = 0.5  # another process (an import on the command line) may have published
_GATHERING_SECONDS = 0.05  # under load there is always something new; a few together cost one commit

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Progress:
    """The sequence up to which a subscriber has read, and the one that its row says."""

    read: int
    kept: int
    alone_up_to: int = 0
    """Up to here each event has a transaction of its own, because several together have failed."""


class Dispatcher:
    """Brings events to subscribers, in order, on one thread; a failing subscriber waits, others go on.

    Two dispatchers on one database (two processes) deliver nothing twice. An event whose handler has
    failed 8 times is set aside in `event_set_aside`, and its subscriber goes on behind it.
    """

    def __init__(self, database: Database, clock: Clock, subscribers: Iterable[Subscriber]) -> None:
        self._database = database
        self._clock = clock
        self._subscribers = tuple(subscribers)
        self._progress: dict[str, _Progress] = {}
        self._not_before: dict[str, datetime] = {}
        self._prune_next: datetime | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver in the background until `stop`."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="event-dispatcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the events in hand; the rest is delivered after the next `start`."""
        self._stopping.set()
        self._database.published.set()
        if self._thread:
            self._thread.join()
            self._thread = None

    @property
    def alive(self) -> bool:
        """Whether the thread is at work."""
        return self._thread is not None and self._thread.is_alive()

    def drain(self) -> None:
        """Deliver now, on the calling thread, until every subscriber has nothing more to do."""
        self._deliver_all(_never)

    def retry(self, subscriber: str, sequence: int) -> None:
        """Deliver an event that was set aside, now and on the calling thread.

        Whatever its handler raises passes through, and the event stays aside. Raises NotFound when
        there is no such event aside, or nobody of this name who wants it.
        """
        named = next((each for each in self._subscribers if each.name == subscriber), None)
        with self._database.write() as session:
            aside = session.get(EventSetAsideRow, (subscriber, sequence))
            row = session.get(OutboxRow, sequence)
            if named is None or aside is None or row is None or row.name not in named.wanted:
                raise NotFound(subscriber=subscriber, sequence=sequence)
            named.hear(session, [envelope_of(row)], _never)
            session.delete(aside)
        log.info("events.retried", subscriber=subscriber, sequence=sequence)

    def prune(self) -> None:
        """Delete events older than 30 days that every subscriber has passed; the running dispatcher does it daily."""
        self._prune(_never)

    def _run(self) -> None:
        while True:
            self._database.published.clear()
            if self._stopping.is_set():
                break
            try:
                self._deliver_all(self._stopping.is_set)
                self._prune_daily()
            except Exception:
                # A locked or full database: said, waited for, tried again; no event is passed over.
                log.exception("events.dispatch_failed")
                self._stopping.wait(_IDLE_SECONDS)
            self._stopping.wait(_GATHERING_SECONDS)
            self._database.published.wait(_IDLE_SECONDS)
        try:
            self._keep_skipped(at_least=1)
        except Exception:
            log.exception("events.place_not_kept")  # what was skipped is looked at once more

    def _deliver_all(self, interrupted: Callable[[], bool]) -> None:
        busy = True
        while busy and not interrupted():
            busy = False
            now = self._clock.now()
            ready = [each for each in self._subscribers if self._not_before.get(each.name, now) <= now]
            read = {each.name: self._progress_of(each).read for each in ready}
            furthest = max(read.values(), default=0)
            # Most have read as far as one another: what is new is read once for all of them.
            latest = news(self._database, furthest) if ready else None
            for subscriber in ready:
                place = read[subscriber.name]
                mine = latest if latest and place == furthest else missed(self._database, place, subscriber.wanted)
                busy |= self._advance(subscriber, mine, interrupted)
        self._keep_skipped(at_least=_SELDOM)

    def _advance(self, subscriber: Subscriber, reading: Reading, interrupted: Callable[[], bool]) -> bool:
        """Deliver what was read; True if there may be more to do at once."""
        progress = self._progress_of(subscriber)
        wanted = subscriber.wanted
        due = deque(each for each in reading.envelopes if each.sequence > progress.read and each.name in wanted)
        delivered = False
        while due:
            if interrupted():
                return False
            alone = due[0].sequence <= progress.alone_up_to
            together = list(islice(due, 1 if alone else _TOGETHER))
            try:
                progress.read = progress.kept = self._deliver(subscriber, together, interrupted)
            except Exception as error:
                if len(together) == 1 or isinstance(error, DatabaseUnavailable):
                    return self._hold_up(subscriber.name, together[0], error)
                # It may be any of them, and shows itself: each is delivered again alone.
                progress.alone_up_to = together[-1].sequence
                log.warning("events.delivered_one_by_one", subscriber=subscriber.name, exc_info=error)
                continue
            while due and due[0].sequence <= progress.read:
                due.popleft()
            delivered = True
            self._not_before.pop(subscriber.name, None)
        progress.read = max(progress.read, reading.up_to)
        return delivered or reading.more

    def _progress_of(self, subscriber: Subscriber) -> _Progress:
        known = self._progress.get(subscriber.name)
        if known is None:
            with self._database.write() as session:
                place = session.get(SubscriptionRow, subscriber.name)
                if place is None:
                    place = self._new_place(session, subscriber.name)
                    if not subscriber.from_the_beginning:
                        place.position = session.scalar(select(func.max(OutboxRow.sequence))) or 0
                known = _Progress(read=place.position, kept=place.position)
            self._progress[subscriber.name] = known
        return known

    def _new_place(self, session: Session, name: str) -> SubscriptionRow:
        place = SubscriptionRow(subscriber=name, position=0, failures=0, updated_at=self._clock.now())
        session.add(place)
        return place

    def _deliver(self, subscriber: Subscriber, envelopes: Sequence[Envelope], interrupted: Callable[[], bool]) -> int:
        """Handle events and move on, in one transaction; returns the new place."""
        with self._database.write() as session:
            place = session.get(SubscriptionRow, subscriber.name) or self._new_place(session, subscriber.name)
            due = [each for each in envelopes if each.sequence > place.position]  # else another dispatcher was faster
            if due:
                heard = subscriber.hear(session, due, interrupted)
                self._move(place, due[heard - 1].sequence)
            return place.position

    def _move(self, place: SubscriptionRow, sequence: int) -> None:
        place.position = sequence
        place.failures = 0
        place.last_error = None
        place.updated_at = self._clock.now()

    def _hold_up(self, name: str, envelope: Envelope, error: Exception) -> bool:
        """Let the subscriber wait, or set the event aside after so many tries; True if it can go on at once."""
        named = {"subscriber": name, "event_name": envelope.name, "sequence": envelope.sequence}
        log.error("events.handler_failed", **named, exc_info=error)
        if isinstance(error, DatabaseUnavailable):
            # Not the fault of the event: it is tried until the database is well.
            self._not_before[name] = self._clock.now() + _DATABASE_PAUSE
            return False
        told = repr(error)[:_LONGEST_ERROR]
        now = self._clock.now()
        with self._database.write() as session:
            place = session.get(SubscriptionRow, name) or self._new_place(session, name)
            if place.position >= envelope.sequence:  # another dispatcher has managed it
                return True
            failures = place.failures = place.failures + 1
            place.last_error = f"{envelope.name} #{envelope.sequence}: {told}"
            place.updated_at = now
            if failures >= _TRIES:
                session.add(
                    EventSetAsideRow(
                        subscriber=name, sequence=envelope.sequence, event_name=envelope.name, error=told, at=now
                    )
                )
                self._move(place, envelope.sequence)
        if failures < _TRIES:
            self._not_before[name] = now + min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(failures, _LONGEST_DOUBLING)))
            return False
        self._not_before.pop(name, None)
        log.error("events.set_aside", **named, tries=failures, error=told)
        return True

    def _keep_skipped(self, *, at_least: int) -> None:
        """Write down how far subscribers have read past what they don't want; seldom, for a commit is dear."""
        for name, progress in self._progress.items():
            if progress.read - progress.kept < at_least:
                continue
            with self._database.write() as session:
                place = session.get(SubscriptionRow, name) or self._new_place(session, name)
                place.position = max(place.position, progress.read)
                place.updated_at = self._clock.now()
                progress.kept = place.position

    def _prune_daily(self) -> None:
        now = self._clock.now()
        if self._prune_next is None or now >= self._prune_next:
            self._prune_next = now + _PRUNED_EVERY
            self._prune(self._stopping.is_set)

    def _prune(self, interrupted: Callable[[], bool]) -> None:
        for subscriber in self._subscribers:
            self._progress_of(subscriber)
        self._keep_skipped(at_least=1)
        pruned = prune(self._database, self._clock.now() - _KEPT_FOR, interrupted)
        if pruned:
            log.info("events.pruned", events=pruned)


def _never() -> bool:
    return False
