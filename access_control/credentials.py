"""Log-ins and bearer tokens: proving who somebody is, and being known again."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from enum import StrEnum

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from access_control.errors import NoSuchPerson, TooManyLogins, WrongPassword
from access_control.gate import audit_entry
from access_control.model import Actor, ActorKind, Resource, Role
from access_control.tables import ContractRow, CredentialRow, PersonRow, SiteRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.database import Database
from shared_kernel.ids import new_id

_PAUSE_MINUTES = 5
_PER_LOGIN = RateLimitItemPerMinute(10, _PAUSE_MINUTES)
_PER_CLIENT = RateLimitItemPerMinute(60, _PAUSE_MINUTES)


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
        self._failures = MovingWindowRateLimiter(MemoryStorage())

    def sign_in(self, login: str, password: str, client: str) -> tuple[str, Actor]:
        """A new session's secret, and who it is. `client` is the network address, for the limit.

        Raises WrongPassword, TooManyLogins (10 failures for one name, 60 from one place, in 5 minutes).
        """
        keys = ((_PER_LOGIN, login.lower()), (_PER_CLIENT, client))
        if not all(self._failures.test(limit, key) for limit, key in keys):
            raise TooManyLogins(retry_after_seconds=_PAUSE_MINUTES * 60)
        with self._database.read() as session:
            person = session.get(PersonRow, login)
            stored = person.password_hash if person else self._nobody
        try:
            self._hasher.verify(stored, password)
        except VerificationError:
            person = None
        if person is None:
            for limit, key in keys:
                self._failures.hit(limit, key)
            self._tell_failure(login, client)
            raise WrongPassword()
        with self._database.write() as session:
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

    def recognise(self, secret: str) -> Actor | None:
        """Who shows this secret; None if it is unknown, expired or revoked."""
        with self._database.read() as session:
            return self._actor(session, secret)

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
        credential_id, login, name, role, site_code, site_name = found
        clinics = session.scalars(select(ContractRow.clinic_code).where(ContractRow.hospital_code == site_code))
        return Actor(
            kind=ActorKind.PERSON,
            login=login,
            name=name,
            role=Role(role),
            site_code=site_code,
            site_name=site_name,
            session_id=credential_id,
            reads_for=frozenset(clinics),
            follows=frozenset(session.scalars(select(SiteRow.code)) if role == Role.SECRETARIAT else ()),
        )

    def _tell(self, session: Session, actor: Actor, action: str, reason: str) -> None:
        resource = Resource(label=f"person/{actor.login}", site_code=actor.site_code)
        entry = audit_entry(actor, action, resource, clock=self._clock, outcome="done", reason=reason)
        record(session, [entry])

    def _tell_failure(self, login: str, client: str) -> None:
        shown = login[:64]
        nobody = Actor(
            kind=ActorKind.PERSON, login=shown, name="", role=None, site_code="", site_name="", session_id=""
        )
        resource = Resource(label=f"person/{shown}", site_code="")
        reason = f"wrong password from {client}"
        entry = audit_entry(nobody, "session.begin", resource, clock=self._clock, outcome="denied", reason=reason)
        with self._database.write() as session:
            record(session, [entry])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
