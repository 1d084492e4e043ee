"""Delivering events: each subscriber keeps its place, and moves on in the transaction of its own work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.events.event import Envelope, Event
from shared_kernel.events.tables import OutboxRow, SubscriptionRow

Handler = Callable[[Session, Envelope], None]

_BATCH = 200
_LONGEST_PAUSE = timedelta(seconds=60)
_LONGEST_DOUBLING = 6
_IDLE_SECONDS = 0.5  # another process (an import on the command line) may have published

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who wants certain events: a lasting name, and a handler for each kind of event.

    A handler writes with the session that it is given and nothing else: its work and the
    subscriber's new place are committed together, so that a crash repeats both or neither.
    """

    name: str
    handlers: Mapping[type[Event], Handler]


class Dispatcher:
    """Brings events to subscribers, in order, on one thread; a failing subscriber waits, others go on."""

    def __init__(self, database: Database, clock: Clock, subscribers: Iterable[Subscriber]) -> None:
        self._database = database
        self._clock = clock
        self._subscribers = tuple(subscribers)
        self._not_before: dict[str, datetime] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Deliver in the background until `stop`."""
        self._thread = threading.Thread(target=self._run, name="event-dispatcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the event in hand."""
        self._stopping.set()
        self._database.published.set()
        if self._thread:
            self._thread.join()

    def drain(self) -> None:
        """Deliver now, on the calling thread, until every subscriber has nothing more to do."""
        busy = True
        while busy:
            busy = False
            for subscriber in self._subscribers:
                busy |= self._advance(subscriber)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._database.published.wait(_IDLE_SECONDS)
            self._database.published.clear()
            try:
                self.drain()
            except Exception:
                # A locked or full database: said, waited for, tried again; no event is passed over.
                log.exception("events.dispatch_failed")
                self._stopping.wait(_IDLE_SECONDS)

    def _advance(self, subscriber: Subscriber) -> bool:
        """Deliver one batch; True if there may be more to do at once."""
        not_before = self._not_before.get(subscriber.name)
        if not_before and self._clock.now() < not_before:
            return False
        with self._database.read() as session:
            place = session.get(SubscriptionRow, subscriber.name)
            position = place.position if place else 0
            rows = session.scalars(
                select(OutboxRow).where(OutboxRow.sequence > position).order_by(OutboxRow.sequence).limit(_BATCH)
            ).all()
            envelopes = [_envelope(row) for row in rows]
        if not envelopes:
            return False
        wanted = {kind.name(): handler for kind, handler in subscriber.handlers.items()}
        for envelope in envelopes:
            handler = wanted.get(envelope.name)
            if handler is None:
                continue
            try:
                with self._database.write() as session:
                    handler(session, envelope)
                    self._keep_place(session, subscriber.name, envelope.sequence)
            except Exception as error:
                self._hold_up(subscriber.name, envelope, error)
                return False
        with self._database.write() as session:
            self._keep_place(session, subscriber.name, envelopes[-1].sequence)
        return True

    def _keep_place(self, session: Session, name: str, sequence: int) -> None:
        place = session.get(SubscriptionRow, name)
        if place is None:
            place = SubscriptionRow(subscriber=name, position=0, failures=0, updated_at=self._clock.now())
            session.add(place)
        place.position = max(place.position, sequence)
        place.failures = 0
        place.last_error = None
        place.updated_at = self._clock.now()
        self._not_before.pop(name, None)

    def _hold_up(self, name: str, envelope: Envelope, error: Exception) -> None:
        log.error(
            "events.handler_failed",
            subscriber=name,
            event_name=envelope.name,
            sequence=envelope.sequence,
            exc_info=error,
        )
        with self._database.write() as session:
            place = session.get(SubscriptionRow, name)
            if place is None:
                place = SubscriptionRow(subscriber=name, position=0, failures=0, updated_at=self._clock.now())
                session.add(place)
            place.failures += 1
            place.last_error = f"{envelope.name} #{envelope.sequence}: {error!r}"[:2000]
            place.updated_at = self._clock.now()
            pause = min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(place.failures, _LONGEST_DOUBLING)))
        self._not_before[name] = self._clock.now() + pause


def _envelope(row: OutboxRow) -> Envelope:
    return Envelope(
        sequence=row.sequence,
        event_id=row.event_id,
        name=row.name,
        occurred_at=row.occurred_at,
        actor=row.actor,
        payload=row.payload.encode(),
    )
