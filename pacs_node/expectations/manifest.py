"""Manifests: a gateway says what a study consists of; the hub says what of it is here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.gate import AccessGate, audit_entry
from access_control.model import Action, Actor, Resource
from pacs_node.archive.index import owner_of
from pacs_node.archive.tables import StudyRow
from pacs_node.expectations.service import MANIFEST, Said, different, expect, missing, withdraw
from pacs_node.expectations.tables import ExpectationRow
from pacs_node.header.scan import uid
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.errors import InvalidInput, NotFound

MOST_INSTANCES = 100_000
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestState:
    """A manifest and what of it is here."""

    study_uid: str
    expected: int
    missing: list[str]
    """SOP Instance UIDs that are not here yet, in order."""
    different: list[str]
    """SOP Instance UIDs that are here with other bytes than the manifest says."""
    declared_at: datetime
    declared_by: str
    fulfilled_at: datetime | None
    """When all were here for the first time."""

    @property
    def here(self) -> int:
        """How many of the expected instances are stored."""
        return self.expected - len(self.missing)


class Manifests:
    """The door to manifests; each acts for the site of whoever asks. Another site's study is as if not there."""

    def __init__(self, database: Database, clock: Clock, gate: AccessGate) -> None:
        self._database = database
        self._clock = clock
        self._gate = gate

    def declare(self, actor: Actor, study_uid: str, instances: Mapping[str, Said]) -> ManifestState:
        """Say what a study consists of, before or after it comes; a newer manifest takes an older one's place.

        Raises InvalidInput, NotFound, Forbidden.
        """
        _check(study_uid, instances)
        self._require(actor, study_uid)
        with self._database.write() as session:
            now = self._clock.now()
            expect(
                session,
                study_uid=study_uid,
                site_code=actor.site_code,
                source=MANIFEST,
                instances=instances,
                at=now,
                actor=actor.login,
            )
            row = self._row(session, actor, study_uid)
            state = _state(session, row)
            if not state.missing and owner_of(session, study_uid) is not None:
                # The worker looks at studies with news only; this one may have been told of already.
                row.fulfilled_at = None if _has_news(session, study_uid) else now
                state = _state(session, row)
            self._note(session, actor, study_uid, f"manifest of {len(instances)} instances")
            return state

    def state(self, actor: Actor, study_uid: str) -> ManifestState:
        """The manifest of a study of the actor's site. Raises NotFound, Forbidden."""
        self._require(actor, study_uid)
        with self._database.read() as session:
            return _state(session, self._row(session, actor, study_uid))

    def withdraw(self, actor: Actor, study_uid: str, reason: str) -> None:
        """What is missing will not come: the study arrives by its quiet period. Raises InvalidInput, NotFound."""
        reason = " ".join(reason.split())
        if not reason:
            raise InvalidInput(key="reason", rule="must not be empty")
        self._require(actor, study_uid)
        with self._database.write() as session:
            self._row(session, actor, study_uid)
            withdraw(session, actor.site_code, study_uid, MANIFEST)
            self._note(session, actor, study_uid, f"manifest withdrawn: {reason[:500]}")

    def _row(self, session: Session, actor: Actor, study_uid: str) -> ExpectationRow:
        row = session.get(ExpectationRow, (actor.site_code, study_uid, MANIFEST))
        if row is None:
            raise NotFound(study_uid=study_uid)
        return row

    def _require(self, actor: Actor, study_uid: str) -> None:
        with self._database.read() as session:
            owner = owner_of(session, study_uid)
        if owner not in {None, actor.site_code}:
            raise NotFound(study_uid=study_uid)
        self._gate.require(actor, Action.STUDY_STORE, _resource(actor, study_uid))

    def _note(self, session: Session, actor: Actor, study_uid: str, reason: str) -> None:
        entry = audit_entry(
            actor,
            Action.STUDY_STORE,
            _resource(actor, study_uid),
            clock=self._clock,
            outcome="done",
            reason=reason,
        )
        record(session, [entry])


def _resource(actor: Actor, study_uid: str) -> Resource:
    return Resource(label=f"manifest/{study_uid}", site_code=actor.site_code, study_uid=study_uid)


def _has_news(session: Session, study_uid: str) -> bool:
    return bool(session.scalar(select(StudyRow.unsettled_since).filter_by(study_uid=study_uid)))


def _state(session: Session, row: ExpectationRow) -> ManifestState:
    return ManifestState(
        study_uid=row.study_uid,
        expected=row.expected,
        missing=missing(session, row),
        different=different(session, row),
        declared_at=row.declared_at,
        declared_by=row.declared_by,
        fulfilled_at=row.fulfilled_at,
    )


def _check(study_uid: str, instances: Mapping[str, Said]) -> None:
    if uid(study_uid) is None:
        raise InvalidInput(key="study_uid", rule="a UID")
    if not 1 <= len(instances) <= MOST_INSTANCES:
        raise InvalidInput(key="instances", rule=f"1-{MOST_INSTANCES} instances")
    for instance, said in instances.items():
        if uid(instance) is None:
            raise InvalidInput(key="sop_instance_uid", rule="a UID", value=instance[:80])
        if said.size is not None and said.size < 0:
            raise InvalidInput(key="size", rule="a number of bytes", value=said.size)
        if said.sha256 and not _SHA256.fullmatch(said.sha256):
            raise InvalidInput(key="sha256", rule="64 lower-case hexadecimal digits", value=said.sha256[:80])
