"""Signing in: the right password only, not too often, known until it ends; secrets are not kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from access_control.credentials import Credentials
from access_control.directory import Directory
from access_control.errors import NoSuchPerson, TooManyLogins, WrongPassword
from access_control.model import Role
from access_control.tables import CredentialRow
from shared_kernel.audit.tables import AuditRow
from shared_kernel.clock import SetClock
from shared_kernel.database import Database


@pytest.fixture
def credentials(database: Database, clock: SetClock) -> Credentials:
    directory = Directory(clock)
    with database.write() as session:
        directory.add_site(session, "MINATO", "みなと診療所")
        directory.add_site(session, "CHUO", "あおば中央病院")
        directory.add_contract(session, "MINATO", "CHUO")
        directory.add_person(
            session, login="dokuei", name="青葉 玲", site_code="CHUO", role=Role.RADIOLOGIST, password="right password"
        )
    return Credentials(database, clock, session_hours=12, token_hours=48)


def test_a_session_knows_its_person(credentials: Credentials) -> None:
    secret, actor = credentials.sign_in("dokuei", "right password", "127.0.0.1")
    assert credentials.recognise(secret) == actor
    assert (actor.name, actor.role, actor.site_code, actor.reads_for) == (
        "青葉 玲",
        Role.RADIOLOGIST,
        "CHUO",
        frozenset({"MINATO"}),
    )


@pytest.mark.parametrize(("login", "password"), [("dokuei", "wrong"), ("nobody", "right password"), ("", "")])
def test_wrong_log_ins_are_refused_alike_and_audited(
    credentials: Credentials, database: Database, login: str, password: str
) -> None:
    with pytest.raises(WrongPassword) as caught:
        credentials.sign_in(login, password, "127.0.0.1")
    assert caught.value.details == {}
    with database.read() as session:
        assert [(row.actor, row.outcome) for row in session.scalars(select(AuditRow))] == [(login, "denied")]


def test_ten_failures_stop_even_the_right_password(credentials: Credentials) -> None:
    for _ in range(10):
        with pytest.raises(WrongPassword):
            credentials.sign_in("dokuei", "wrong", "127.0.0.1")
    with pytest.raises(TooManyLogins):
        credentials.sign_in("dokuei", "right password", "127.0.0.1")


def test_a_session_ends_by_itself_and_by_signing_out(credentials: Credentials, clock: SetClock) -> None:
    secret, actor = credentials.sign_in("dokuei", "right password", "127.0.0.1")
    clock.move(timedelta(hours=11, minutes=59))
    assert credentials.recognise(secret) is not None
    clock.move(timedelta(minutes=1))
    assert credentials.recognise(secret) is None

    secret, actor = credentials.sign_in("dokuei", "right password", "127.0.0.1")
    credentials.sign_out(actor)
    assert credentials.recognise(secret) is None


def test_a_token_is_for_somebody_who_exists(credentials: Credentials) -> None:
    assert credentials.recognise(credentials.issue_token("dokuei")) is not None
    with pytest.raises(NoSuchPerson):
        credentials.issue_token("nobody")


def test_the_secret_itself_is_not_in_the_database(credentials: Credentials, database: Database) -> None:
    secret = credentials.issue_token("dokuei")
    with database.read() as session:
        row = session.scalars(select(CredentialRow)).one()
    assert secret not in repr({column.key: getattr(row, column.key) for column in row.__table__.columns})
    assert credentials.recognise(row.token_hash) is None
