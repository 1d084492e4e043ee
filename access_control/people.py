"""A person of the directory as an actor."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from access_control.errors import NoSuchPerson
from access_control.model import Actor, ActorKind, Role
from access_control.tables import ContractRow, PersonRow, SiteRow


def person(session: Session, login: str, *, session_id: str) -> Actor:
    """The person with what their site reads and follows today. Raises NoSuchPerson."""
    found = session.execute(
        select(PersonRow.name, PersonRow.role, SiteRow.code, SiteRow.name)
        .join(SiteRow, SiteRow.code == PersonRow.site_code)
        .where(PersonRow.login == login)
    ).first()
    if found is None:
        raise NoSuchPerson(login=login)
    return as_actor(session, session_id, login, *found)


def as_actor(  # noqa: PLR0917  # the columns, in the order of the select
    session: Session, session_id: str, login: str, name: str, role: str, site_code: str, site_name: str
) -> Actor:
    """An actor of a person's and their site's columns, with what the site reads and follows today."""
    clinics = session.scalars(select(ContractRow.clinic_code).where(ContractRow.hospital_code == site_code))
    return Actor(
        kind=ActorKind.PERSON,
        login=login,
        name=name,
        role=Role(role),
        site_code=site_code,
        site_name=site_name,
        session_id=session_id,
        reads_for=frozenset(clinics),
        follows=frozenset(session.scalars(select(SiteRow.code)) if role == Role.SECRETARIAT else ()),
    )
