"""Refusals in the audit trail, without growth: the first of a kind at once, those like it as a number an hour later."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from access_control.gate import audit_entry
from access_control.model import Action, Actor, ActorKind, Resource
from pacs_node.peers.refusals import SEVERAL, Why, sentence, written
from shared_kernel.audit.trail import AuditEntry, record
from shared_kernel.clock import Clock
from shared_kernel.database import Database

WINDOW = timedelta(hours=1)
MOST_OF_AN_ADDRESS = 16
"""Kinds of refusals that are told apart of one address of strangers, or of one peer, within the window."""
MOST = 256
"""Kinds of strangers' refusals from all addresses together."""

_OTHERS = sentence(Why.OTHER, "of many refusals")

log = structlog.get_logger(__name__)

Kind = tuple[str, str, str]
"""Host (empty: of several), calling AE title, the words."""


@dataclass(slots=True)
class _Counted:
    host: str
    since: datetime
    stranger: bool
    more: int = 0
    last_at: datetime | None = None


class Refusals:
    """Writes refusals into the trail; safe to share between threads.

    A stranger's are told apart by address, calling AE title and words (which name the called one), up to MOST; the
    rest of an address, and the rest of all, are one kind each under the title SEVERAL. Those of a registered peer are
    told apart by its title and the words, from wherever somebody comes with that title. Numbers that no window has
    ended for are lost when the process is killed; the log has each refusal.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[Kind, _Counted] = {}
        self._due: datetime | None = None

    def note(self, calling: str, words: str, host: str, *, stranger: bool) -> None:
        """Put one refusal into the trail, or count it. Raises what the database raises."""
        now = self._clock.now()
        with self._lock:
            ended = self._ended(now)
            kind = self._kind(calling, words, host, stranger=stranger)
            known = self._kinds.get(kind)
            if known is not None:
                known.more += 1
                known.last_at = now
            else:
                self._kinds[kind] = _Counted(kind[0] or ("" if stranger else host), now, stranger)
                self._due = min(self._due or now + WINDOW, now + WINDOW)
        entries = list(self._entries(ended))
        if known is None:
            entries.append(self._entry(kind, written(kind[2], kind[0] or ("" if stranger else host))))
        try:
            self._write(entries)
        except Exception:
            with self._lock:
                if known is None:  # the next one tries again
                    self._kinds.pop(kind, None)
                self._kinds = {**dict(ended), **self._kinds}
            raise

    def settle(self, *, all_of_them: bool = False) -> None:
        """Write the numbers of windows that have ended, or of all; a database that can't be written is logged."""
        now = self._clock.now()
        if not all_of_them and (self._due is None or now < self._due):
            return
        with self._lock:
            ended = self._ended(None if all_of_them else now)
        try:
            self._write(list(self._entries(ended)))
        except Exception:
            log.exception("scp.refusals_not_counted", kinds=len(ended))

    def _kind(self, calling: str, words: str, host: str, *, stranger: bool) -> Kind:
        if not stranger:
            kind = "", calling, words
            same = sum(one[1] == calling and not counted.stranger for one, counted in self._kinds.items())
            return kind if kind in self._kinds or same < MOST_OF_AN_ADDRESS else ("", calling, _OTHERS)
        kind = host, calling, words
        if kind in self._kinds:
            return kind
        strangers = [one for one, counted in self._kinds.items() if counted.stranger]
        if len(strangers) >= MOST:
            return "", SEVERAL, _OTHERS
        if sum(one[0] == host for one in strangers) >= MOST_OF_AN_ADDRESS:
            return host, SEVERAL, _OTHERS
        return kind

    def _ended(self, now: datetime | None) -> list[tuple[Kind, _Counted]]:
        """Take out the kinds whose window has ended (None: all); the lock is held."""
        ended = [(kind, one) for kind, one in self._kinds.items() if now is None or one.since + WINDOW <= now]
        for kind, _ in ended:
            del self._kinds[kind]
        self._due = min((one.since + WINDOW for one in self._kinds.values()), default=None)
        return ended

    def _entries(self, ended: Iterable[tuple[Kind, _Counted]]) -> Iterable[AuditEntry]:
        for kind, counted in ended:
            if counted.more:
                yield self._entry(kind, written(kind[2], counted.host, counted.more, counted.last_at))

    def _entry(self, kind: Kind, reason: str) -> AuditEntry:
        calling = kind[1]
        somebody = Actor(
            kind=ActorKind.PEER,
            login=f"ae:{calling}",
            name=calling,
            role=None,
            site_code="",
            site_name="",
            session_id="",
        )
        nowhere = Resource(label="association", site_code="")
        return audit_entry(somebody, Action.STUDY_STORE, nowhere, clock=self._clock, outcome="denied", reason=reason)

    def _write(self, entries: list[AuditEntry]) -> None:
        if entries:
            with self._database.write() as session:
                record(session, entries)
