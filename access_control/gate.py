"""The door: asks `decide`, writes the audit trail, and raises what the caller should see."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NoReturn

from access_control.decision import decide
from access_control.model import Action, Actor, Decision, Purpose, Resource
from shared_kernel.audit.trail import AuditEntry, record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import Forbidden, NotFound

# One row per person, session, action and thing, not one per frame (IHE ATNA logs the access, not the bytes).
_REMEMBERED = 10_000


class AccessGate:
    """Every access of the running hub passes here; one per process, safe to share between threads."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str, str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def require(self, actor: Actor, action: Action, resource: Resource, purpose: Purpose = Purpose.READING) -> Decision:
        """Return if allowed; audited once per session, action and thing.

        Raises NotFound when the actor must not know of the thing, Forbidden when only the deed is
        denied; both are audited each time.
        """
        decision = decide(actor, action, resource, purpose)
        if not decision:
            self._refuse(actor, action, resource, decision, purpose)
        key = (actor.session_id, actor.login, action.value, resource.label)
        if not self._is_written(key):
            # Marked only once the row is there; two at the same moment leave two rows, never none.
            reason = decision.reason
            self._write(
                audit_entry(
                    actor, action, resource, clock=self._clock, outcome="allowed", reason=reason, purpose=purpose
                )
            )
            self._mark_written(key)
        return decision

    def has_passed(self, actor: Actor, action: Action, resource: Resource) -> bool:
        """Whether `require` would return at once: allowed by today's rules, and in the trail already.

        It writes nothing and waits for nothing, so the event loop may ask; when it says no, `require` says why.
        """
        key = (actor.session_id, actor.login, action.value, resource.label)
        return bool(decide(actor, action, resource)) and self._is_written(key)

    def check(self, actor: Actor, action: Action, resource: Resource, purpose: Purpose = Purpose.READING) -> None:
        """Like `require`, but the deed itself writes the audit line where it is allowed (outcome `done`).

        For what is done in a transaction of its own right away, with that line in it.
        """
        decision = decide(actor, action, resource, purpose)
        if not decision:
            self._refuse(actor, action, resource, decision, purpose)

    def deny(self, actor: Actor, action: Action, resource: Resource, reason: str) -> None:
        """Put a refusal into the trail that another rule than `decide` has found (an unknown AE title)."""
        self._write(audit_entry(actor, action, resource, clock=self._clock, outcome="denied", reason=reason))

    def _refuse(
        self, actor: Actor, action: Action, resource: Resource, decision: Decision, purpose: Purpose
    ) -> NoReturn:
        reason = decision.reason
        self._write(
            audit_entry(actor, action, resource, clock=self._clock, outcome="denied", reason=reason, purpose=purpose)
        )
        if not decision.visible:
            raise NotFound()
        raise Forbidden(action=action.value)

    def _is_written(self, key: tuple[str, str, str, str]) -> bool:
        with self._lock:
            if key in self._seen:
                self._seen.move_to_end(key)
            return key in self._seen

    def _mark_written(self, key: tuple[str, str, str, str]) -> None:
        with self._lock:
            self._seen[key] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)

    def _write(self, entry: AuditEntry) -> None:
        with self._database.write() as session:
            record(session, [entry])


def audit_entry(
    actor: Actor,
    action: Action | str,
    resource: Resource,
    *,
    clock: Clock,
    outcome: str,
    reason: str,
    purpose: Purpose = Purpose.READING,
) -> AuditEntry:
    """An audit line for a deed of `actor`; services record it in the transaction of the deed (outcome `done`)."""
    return AuditEntry(
        at=clock.now(),
        actor=actor.login,
        site_code=actor.site_code,
        role=actor.role.value if actor.role else actor.kind.value,
        session_id=actor.session_id,
        action=str(action),
        purpose=purpose.value,
        resource=resource.label,
        study_uid=resource.study_uid,
        outcome=outcome,
        reason=reason,
    )
