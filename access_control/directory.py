"""Sites, people and reading contracts: who there is in the region."""

from __future__ import annotations

import re
from dataclasses import dataclass

from argon2 import PasswordHasher
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from access_control.errors import AlreadyThere, BadName, NoSuchPerson, NoSuchSite, WeakPassword
from access_control.gate import audit_entry
from access_control.model import OPERATOR, Resource, Role
from access_control.tables import ContractRow, CredentialRow, PersonRow, SiteRow
from shared_kernel.audit.trail import record
from shared_kernel.clock import Clock
from shared_kernel.ids import new_id

SHORTEST_PASSWORD = 8
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]{0,31}")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@\-]{0,63}")
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Site:
    """A clinic or a hospital."""

    code: str
    name: str


class Directory:
    """Adds and finds sites, people and contracts, in the caller's transaction."""

    def __init__(self, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._clock = clock
        self._hasher = hasher or PasswordHasher()

    def add_site(self, session: Session, code: str, name: str) -> None:
        """Register a site. Raises BadName, AlreadyThere."""
        _check(code, _CODE, "code", "1-32 letters, digits, - or _")
        if session.get(SiteRow, code):
            raise AlreadyThere(site=code)
        session.add(SiteRow(code=code, name=_name(name), created_at=self._clock.now()))
        session.flush()
        self._tell(session, "site.add", f"site/{code}", code)

    def add_person(self, session: Session, *, login: str, name: str, site_code: str, role: Role, password: str) -> None:
        """Register a person with a password of their own. Raises BadName, WeakPassword, NoSuchSite, AlreadyThere."""
        _check(login, _LOGIN, "login", "1-64 letters, digits, . _ @ or -")
        password_hash = self._hashed(password)
        self.site(session, site_code)
        if session.get(PersonRow, login):
            raise AlreadyThere(person=login)
        session.add(
            PersonRow(
                login=login,
                name=_name(name),
                site_code=site_code,
                role=role.value,
                password_hash=password_hash,
                created_at=self._clock.now(),
            )
        )
        session.flush()
        self._tell(session, f"person.add.{role.value}", f"person/{login}", site_code)

    def change_password(self, session: Session, login: str, password: str) -> None:
        """Give a person another password; whatever was opened with the old one ends.

        Raises NoSuchPerson, WeakPassword.
        """
        person = self._person(session, login)
        person.password_hash = self._hashed(password)
        self._end_credentials(session, login)
        self._tell(session, "person.password", f"person/{login}", person.site_code)

    def end_credentials(self, session: Session, login: str) -> int:
        """End every session and token of a person, and say how many there were. Raises NoSuchPerson."""
        person = self._person(session, login)
        ended = self._end_credentials(session, login)
        self._tell(session, "token.revoke", f"person/{login}", person.site_code)
        return ended

    def add_contract(self, session: Session, clinic_code: str, hospital_code: str) -> None:
        """From now on the hospital's radiologists read for the clinic. Raises NoSuchSite, AlreadyThere, BadName."""
        self.site(session, clinic_code)
        self.site(session, hospital_code)
        if clinic_code == hospital_code:
            raise BadName(field="hospital", rule="a site reads its own studies without a contract")
        there = select(ContractRow).filter_by(clinic_code=clinic_code, hospital_code=hospital_code)
        if session.scalar(there):
            raise AlreadyThere(contract=f"{clinic_code} {hospital_code}")
        session.add(
            ContractRow(
                contract_id=new_id(),
                clinic_code=clinic_code,
                hospital_code=hospital_code,
                created_at=self._clock.now(),
            )
        )
        session.flush()
        self._tell(session, "contract.add", f"contract/{clinic_code}/{hospital_code}", clinic_code)

    def site(self, session: Session, code: str) -> Site:
        """The site of this code. Raises NoSuchSite."""
        row = session.get(SiteRow, code)
        if row is None:
            raise NoSuchSite(site=code)
        return Site(row.code, row.name)

    def name_of(self, session: Session, code: str) -> str:
        """The site's name; the code itself where the site is not registered any more."""
        row = session.get(SiteRow, code)
        return row.name if row else code

    def sites(self, session: Session) -> list[Site]:
        """All sites, by code."""
        return [Site(row.code, row.name) for row in session.scalars(select(SiteRow).order_by(SiteRow.code))]

    def clinics_under_contract(self, session: Session) -> list[str]:
        """The codes of the sites that somebody reads for."""
        return list(session.scalars(select(ContractRow.clinic_code).distinct().order_by(ContractRow.clinic_code)))

    def _person(self, session: Session, login: str) -> PersonRow:
        person = session.get(PersonRow, login)
        if person is None:
            raise NoSuchPerson(login=login)
        return person

    def _hashed(self, password: str) -> str:
        if len(password) < SHORTEST_PASSWORD:
            raise WeakPassword(minimum=SHORTEST_PASSWORD)
        return self._hasher.hash(password)

    def _end_credentials(self, session: Session, login: str) -> int:
        open_ones = update(CredentialRow).where(CredentialRow.login == login, CredentialRow.revoked_at.is_(None))
        now = self._clock.now()
        found = session.execute(
            open_ones.where(CredentialRow.expires_at > now)
            .values(revoked_at=now)
            .returning(CredentialRow.credential_id)
        )
        return len(found.all())

    def _tell(self, session: Session, action: str, label: str, site_code: str) -> None:
        resource = Resource(label=label, site_code=site_code)
        entry = audit_entry(OPERATOR, action, resource, clock=self._clock, outcome="done", reason="at the command line")
        record(session, [entry])


def _check(value: str, pattern: re.Pattern[str], field: str, rule: str) -> None:
    if not pattern.fullmatch(value):
        raise BadName(field=field, rule=rule)


def _name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise BadName(field="name", rule=f"1-{_LONGEST_NAME} printable characters")
    return name
