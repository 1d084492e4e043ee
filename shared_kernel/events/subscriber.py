"""Who wants to hear of what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shared_kernel.events.event import Envelope, Event

Handler = Callable[[Session, Envelope], None]


@dataclass(frozen=True, slots=True)
class Together:
    """One handler for several kinds of event, which gets all that one transaction delivers, in their order.

    For a subscriber that would ask the database the same for each event, and can ask once for all of them.
    """

    kinds: Collection[type[Event]]
    handle: Callable[[Session, Sequence[Envelope]], None]


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who wants certain events: a lasting name, and a handler for each kind of event or for all together.

    A handler writes with the session that it is given and nothing else: its work and the
    subscriber's new place are committed together, so that a crash repeats both or neither. Other events may be
    delivered in the same transaction; when one of them fails, all are undone, and delivered again each alone.

    `from_the_beginning` says what a name that was never seen before hears first: every event that the
    outbox still holds (the default: nothing is missed), or only those that come from now on.
    """

    name: str
    handlers: Mapping[type[Event], Handler] | Together
    from_the_beginning: bool = True

    @property
    def wanted(self) -> frozenset[str]:
        """The names of the events that it wants."""
        kinds = self.handlers.kinds if isinstance(self.handlers, Together) else self.handlers
        return frozenset(kind.name() for kind in kinds)

    def hear(self, session: Session, envelopes: Sequence[Envelope], interrupted: Callable[[], bool]) -> int:
        """Handle events that it wants; returns how many, fewer than all when `interrupted` says so in between."""
        if isinstance(self.handlers, Together):
            self.handlers.handle(session, envelopes)
            return len(envelopes)
        by_name = {kind.name(): handler for kind, handler in self.handlers.items()}
        for number, envelope in enumerate(envelopes):
            if number and interrupted():
                return number
            by_name[envelope.name](session, envelope)
        return len(envelopes)
