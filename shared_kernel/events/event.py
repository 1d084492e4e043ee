"""What an event is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import msgspec

E = TypeVar("E", bound="Event")


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events: a subclass is named in the past tense, its fields are ids and plain values.

    The class name is the event's name on the wire and in the outbox; fields may be added with a
    default, never renamed or removed.
    """

    @classmethod
    def name(cls) -> str:
        """The event's name, such as `StudyArrived`."""
        return cls.__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """An event as the outbox holds it: its place in the order, its id, when and by whom."""

    sequence: int
    event_id: str
    name: str
    occurred_at: datetime
    actor: str
    payload: bytes

    def open(self, kind: type[E]) -> E:
        """The event itself; unknown fields of a newer writer are ignored."""
        return msgspec.json.decode(self.payload, type=kind)
