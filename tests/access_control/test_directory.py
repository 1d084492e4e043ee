"""Registering sites, people and contracts: what is wrong is named, and nothing is kept of it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from access_control.directory import Directory
from access_control.errors import AlreadyThere, BadName, NoSuchSite, WeakPassword
from access_control.model import Role
from shared_kernel.audit.tables import AuditRow
from shared_kernel.clock import SetClock
from shared_kernel.database import Database


@pytest.fixture
def directory(clock: SetClock) -> Directory:
    return Directory(clock)


def test_sites_are_listed_by_code(database: Database, directory: Directory) -> None:
    with database.write() as session:
        directory.add_site(session, "YAMANE", "山根クリニック")
        directory.add_site(session, "MINATO", "みなと診療所")
    with database.read() as session:
        assert [(site.code, site.name) for site in directory.sites(session)] == [
            ("MINATO", "みなと診療所"),
            ("YAMANE", "山根クリニック"),
        ]


@pytest.mark.parametrize(("code", "name"), [("", "x"), ("a/b", "x"), ("A" * 33, "x"), ("A", " "), ("A", "a\nb")])
def test_a_bad_name_is_refused_and_nothing_is_kept_of_it(
    database: Database, directory: Directory, code: str, name: str
) -> None:
    with pytest.raises(BadName), database.write() as session:
        directory.add_site(session, code, name)
    with database.read() as session:
        assert directory.sites(session) == []


def test_a_site_is_registered_once(database: Database, directory: Directory) -> None:
    with database.write() as session:
        directory.add_site(session, "MINATO", "みなと診療所")
        with pytest.raises(AlreadyThere):
            directory.add_site(session, "MINATO", "別の診療所")


def test_a_person_needs_a_site_and_a_password(database: Database, directory: Directory) -> None:
    about = {"login": "isha", "name": "湊 恵子", "role": Role.REFERRING_DOCTOR}
    with database.write() as session:
        with pytest.raises(NoSuchSite):
            directory.add_person(session, **about, site_code="MINATO", password="long enough")  # type: ignore[arg-type]
        directory.add_site(session, "MINATO", "みなと診療所")
        with pytest.raises(WeakPassword):
            directory.add_person(session, **about, site_code="MINATO", password="short")  # type: ignore[arg-type]


def test_a_contract_is_between_two_sites_and_made_once(database: Database, directory: Directory) -> None:
    with database.write() as session:
        directory.add_site(session, "MINATO", "みなと診療所")
        directory.add_site(session, "CHUO", "あおば中央病院")
        with pytest.raises(BadName):
            directory.add_contract(session, "CHUO", "CHUO")
        with pytest.raises(NoSuchSite):
            directory.add_contract(session, "MINATO", "NOWHERE")
        directory.add_contract(session, "MINATO", "CHUO")
        with pytest.raises(AlreadyThere):
            directory.add_contract(session, "MINATO", "CHUO")
        assert directory.clinics_under_contract(session) == ["MINATO"]


def test_every_registration_stands_in_the_audit_trail(database: Database, directory: Directory) -> None:
    with database.write() as session:
        directory.add_site(session, "MINATO", "みなと診療所")
        directory.add_site(session, "CHUO", "あおば中央病院")
        directory.add_contract(session, "MINATO", "CHUO")
        directory.add_person(
            session,
            login="isha",
            name="湊 恵子",
            site_code="MINATO",
            role=Role.REFERRING_DOCTOR,
            password="long enough",
        )
    with database.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.number))
        assert [(row.actor, row.action, row.resource) for row in rows] == [
            ("operator", "site.add", "site/MINATO"),
            ("operator", "site.add", "site/CHUO"),
            ("operator", "contract.add", "contract/MINATO/CHUO"),
            ("operator", "person.add.referring_doctor", "person/isha"),
        ]
