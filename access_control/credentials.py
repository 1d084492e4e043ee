"""Log-ins and bearer tokens: proving who somebody is, and being known again."""

from __future__ import annotations

import hashlib
import secrets
import threading
from datetime import timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from access_control.attempts import PAUSE_MINUTES, Attempts
from access_control.errors import NoSuchPerson, WrongPassword
from access_control.gate import audit_entry
from access_control.known import KnownActors
from access_control.model import Actor, ActorKind, Resource
from access_control.people import as_actor
from access_control.tables import CredentialRow, PersonRow, SiteRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.ids import new_id
from shared_kernel.watch import Moment

LONGEST_LOGIN = 64
_VERIFIED_AT_ONCE = 2
_KEPT_AFTER_ITS_END = timedelta(days=7)


class CredentialKind(StrEnum):
    """What a person shows to be known."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105  # the name of a kind, no secret


class Credentials:
    """Signs people in, issues tokens, and recognises both; one per process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        session_hours: float,
        token_hours: float,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hours = {CredentialKind.SESSION: session_hours, CredentialKind.TOKEN: token_hours}
        self._hasher = hasher or PasswordHasher()
        # An unknown name costs the same time as a wrong password, so that names can't be found out by timing.
        self._nobody = self._hasher.hash(secrets.token_hex())
        self._attempts = Attempts()
        self._known = KnownActors(database.watch, database.engine.dialect)
        self._verifying = threading.BoundedSemaphore(_VERIFIED_AT_ONCE)

    def sign_in(self, login: str, password: str, client: str) -> tuple[str, Actor]:
        """A new session's secret, and who it is. `client` is the network address, for the limit.

        Raises WrongPassword, TooManyLogins (10 failures for one name, 60 from one place, in 5 minutes),
        Unavailable (too many signing in at once).
        """
        if len(login) > LONGEST_LOGIN:  # nobody's, and no text for the audit trail
            raise WrongPassword()
        self._attempts.begin(login, client)
        failed, closed = False, []
        try:
            failed = not self._is_right(login, password)
        finally:
            closed = self._attempts.end(login, client, failed=failed)
        if failed:
            self._tell_failure(login, client, closed)
            raise WrongPassword()
        with self._database.write() as session:
            self._forget_ended(session)
            secret = self._make(session, login, CredentialKind.SESSION)
            actor = self._actor(session, secret)
            if actor is None:  # revoked between the two lines: nobody to be
                raise WrongPassword()
            self._tell(session, actor, "session.begin", f"from {client}")
        return secret, actor

    def sign_out(self, actor: Actor) -> None:
        """End the session or token that `actor` came with."""
        with self._database.write() as session:
            session.execute(
                update(CredentialRow)
                .where(CredentialRow.credential_id == actor.session_id)
                .values(revoked_at=self._clock.now())
            )
            self._tell(session, actor, "session.end", "signed out")

    def issue_token(self, login: str) -> str:
        """A bearer token for programs that act as this person. Raises NoSuchPerson."""
        with self._database.write() as session:
            if session.get(PersonRow, login) is None:
                raise NoSuchPerson(login=login)
            secret = self._make(session, login, CredentialKind.TOKEN)
            actor = self._actor(session, secret)
            if actor is not None:
                self._tell(session, actor, "token.issue", "at the command line")
        return secret

    def recognise(self, secret: str, as_of: Moment = None) -> Actor | None:
        """Who shows this secret; None if it is unknown, expired or revoked.

        With `as_of`, the database's moment before this was called, they are remembered for `known`.
        """
        with self._database.read() as session:
            actor = self._actor(session, secret)
            if actor is not None and as_of is not None:
                digest = _digest(secret)
                expires_at = session.scalar(select(CredentialRow.expires_at).filter_by(token_hash=digest))
                if expires_at is not None:
                    self._known.keep(digest, actor, expires_at, as_of)
        return actor

    def known(self, secret: str, as_of: Moment) -> Actor | None:
        """Like `recognise`, without waiting for anything; None also when that can't be said from memory."""
        return self._known.find(_digest(secret), self._clock.now(), as_of)

    def _is_right(self, login: str, password: str) -> bool:
        with self._database.read() as session:
            person = session.get(PersonRow, login)
            stored = person.password_hash if person else self._nobody
        try:
            with self._verifying:
                self._hasher.verify(stored, password)
        except VerificationError:
            return False
        return person is not None

    def _forget_ended(self, session: Session) -> None:
        long_ago = self._clock.now() - _KEPT_AFTER_ITS_END
        session.execute(
            delete(CredentialRow).where(or_(CredentialRow.expires_at < long_ago, CredentialRow.revoked_at < long_ago))
        )

    def _make(self, session: Session, login: str, kind: CredentialKind) -> str:
        secret = secrets.token_urlsafe(32)
        now = self._clock.now()
        session.add(
            CredentialRow(
                token_hash=_digest(secret),
                credential_id=new_id(),
                kind=kind.value,
                login=login,
                created_at=now,
                expires_at=now + timedelta(hours=self._hours[kind]),
            )
        )
        session.flush()
        return secret

    def _actor(self, session: Session, secret: str) -> Actor | None:
        found = session.execute(
            select(
                CredentialRow.credential_id, PersonRow.login, PersonRow.name, PersonRow.role, SiteRow.code, SiteRow.name
            )
            .join(PersonRow, PersonRow.login == CredentialRow.login)
            .join(SiteRow, SiteRow.code == PersonRow.site_code)
            .where(
                CredentialRow.token_hash == _digest(secret),
                CredentialRow.revoked_at.is_(None),
                CredentialRow.expires_at > self._clock.now(),
            )
        ).first()
        if found is None:
            return None
        return as_actor(session, *found)

    def _tell(self, session: Session, actor: Actor, action: str, reason: str) -> None:
        resource = Resource(label=f"person/{actor.login}", site_code=actor.site_code)
        entry = audit_entry(actor, action, resource, clock=self._clock, outcome="done", reason=reason)
        record(session, [entry])

    def _tell_failure(self, login: str, client: str, closed: list[str]) -> None:
        """One row for the failure, one for each door that it has closed; tries at a closed door leave none."""
        nobody = Actor(
            kind=ActorKind.PERSON, login=login, name="", role=None, site_code="", site_name="", session_id=""
        )
        resource = Resource(label=f"person/{login}", site_code="")
        reasons = [f"wrong password from {client}"]
        reasons += [f"closed for {door} ({client}), {PAUSE_MINUTES} minutes: too many failures" for door in closed]
        with self._database.write() as session:
            entries = [
                audit_entry(nobody, "session.begin", resource, clock=self._clock, outcome="denied", reason=reason)
                for reason in reasons
            ]
            record(session, entries)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
