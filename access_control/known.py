"""People who were recognised before, kept in memory for as long as the database says the same of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, bindparam, select

from access_control.model import Actor, Role
from access_control.tables import ContractRow, CredentialRow, PersonRow, SiteRow
from shared_kernel.prepared import Prepared
from shared_kernel.watch import Moment, Watch

_MOST = 10_000


@dataclass(slots=True)
class _Known:
    actor: Actor
    expires_at: datetime
    as_of: Moment


class KnownActors:
    """Actors by the digest of what they show.

    An entry counts while nothing at all was committed since it was read; after a commit of anybody,
    whoever is behind it is asked for anew with two short statements. So a revoked token is refused
    by the very next request, whichever process has revoked it.
    """

    def __init__(self, watch: Watch, dialect: Dialect) -> None:
        self._watch = watch
        self._kept: dict[str, _Known] = {}
        columns: Any = (
            CredentialRow.credential_id,
            PersonRow.login,
            PersonRow.name,
            PersonRow.role,
            SiteRow.code,
            SiteRow.name,
        )
        self._person = Prepared(
            select(*columns)
            .join(PersonRow, PersonRow.login == CredentialRow.login)
            .join(SiteRow, SiteRow.code == PersonRow.site_code)
            .where(CredentialRow.token_hash == bindparam("digest"), CredentialRow.revoked_at.is_(None)),
            dialect,
        )
        self._reads_for = Prepared(
            select(ContractRow.clinic_code).where(ContractRow.hospital_code == bindparam("site")), dialect
        )
        self._sites = Prepared(select(SiteRow.code), dialect)

    def find(self, digest: str, now: datetime, as_of: Moment) -> Actor | None:
        """Who this is at the moment `as_of`; None when it must be asked of the database the long way."""
        known = self._kept.get(digest)
        if known is None or as_of is None:
            return None
        if known.expires_at <= now or (known.as_of != as_of and not self._is_still(digest, known.actor)):
            self._kept.pop(digest, None)
            return None
        known.as_of = as_of
        return known.actor

    def keep(self, digest: str, actor: Actor, expires_at: datetime, as_of: Moment) -> None:
        """Remember somebody as read after the moment `as_of`."""
        if as_of is None:
            return
        while len(self._kept) >= _MOST:
            self._kept.pop(next(iter(self._kept)), None)
        self._kept[digest] = _Known(actor, expires_at, as_of)

    def _is_still(self, digest: str, actor: Actor) -> bool:
        """Whether the tables say of them what was read; not when that can't be asked."""
        said = (actor.session_id, actor.login, actor.name, actor.role, actor.site_code, actor.site_name)
        if self._watch.ask(self._person, {"digest": digest}) != [said]:
            return False
        clinics = self._watch.ask(self._reads_for, {"site": actor.site_code})
        if clinics is None or {code for (code,) in clinics} != actor.reads_for:
            return False
        if actor.role is not Role.SECRETARIAT:
            return not actor.follows
        sites = self._watch.ask(self._sites, {})
        return sites is not None and {code for (code,) in sites} == actor.follows
