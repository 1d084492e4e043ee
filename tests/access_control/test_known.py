"""Proves that who is remembered is who the database says today: every change counts for the very next request."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from access_control.credentials import Credentials
from access_control.directory import Directory
from access_control.model import Role
from shared_kernel.clock import SetClock, SystemClock
from shared_kernel.database import Database
from shared_kernel.settings import Settings
from tests.support.hub_process import told

pytestmark = pytest.mark.only_sqlite("the moment of a file")

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def directory(database: Database, clock: SetClock) -> Directory:
    made = Directory(clock, QUICK)
    with database.write() as session:
        for code in ("HOSPITAL", "MINATO"):
            made.add_site(session, code, code)
        for login, role in (("reader", Role.RADIOLOGIST), ("office", Role.SECRETARIAT)):
            made.add_person(session, login=login, name=login, site_code="HOSPITAL", role=role, password="password")
    return made


@pytest.fixture
def credentials(directory: Directory, database: Database, clock: SetClock) -> Credentials:
    return Credentials(database, clock, session_hours=12, token_hours=48, hasher=QUICK)


def remembered(credentials: Credentials, database: Database, login: str) -> str:
    """The secret of somebody who has been recognised once."""
    secret = credentials.issue_token(login)
    assert credentials.known(secret, database.watch.moment()) is None
    assert credentials.recognise(secret, database.watch.moment()) is not None
    return secret


def test_the_same_is_known_again(credentials: Credentials, database: Database) -> None:
    secret = remembered(credentials, database, "reader")
    assert credentials.known(secret, database.watch.moment()) == credentials.recognise(secret)


def test_commits_of_others_change_nothing(credentials: Credentials, database: Database) -> None:
    for login in ("reader", "office"):
        secret = remembered(credentials, database, login)
        before = database.watch.moment()
        credentials.issue_token("reader")
        assert database.watch.moment() != before
        assert credentials.known(secret, database.watch.moment()) == credentials.recognise(secret)


def _revoke(directory: Directory, database: Database) -> None:
    with database.write() as session:
        directory.end_credentials(session, "reader")


def _password(directory: Directory, database: Database) -> None:
    with database.write() as session:
        directory.change_password(session, "reader", "another password")


def _contract(directory: Directory, database: Database) -> None:
    with database.write() as session:
        directory.add_contract(session, "MINATO", "HOSPITAL")


def _moved(directory: Directory, database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE person SET site_code = 'MINATO' WHERE login = 'reader'"))


def _another_role(directory: Directory, database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE person SET role = 'scheduler' WHERE login = 'reader'"))


@pytest.mark.parametrize("change", [_revoke, _password, _contract, _moved, _another_role])
def test_a_change_counts_for_the_next_request(
    credentials: Credentials,
    directory: Directory,
    database: Database,
    change: Callable[[Directory, Database], None],
) -> None:
    secret = remembered(credentials, database, "reader")
    change(directory, database)
    assert credentials.known(secret, database.watch.moment()) is None


def test_a_new_site_is_followed_by_the_office_at_once(
    credentials: Credentials, directory: Directory, database: Database
) -> None:
    secret = remembered(credentials, database, "office")
    with database.write() as session:
        directory.add_site(session, "KITA", "北")
    assert credentials.known(secret, database.watch.moment()) is None
    actor = credentials.recognise(secret, database.watch.moment())
    assert actor is not None
    assert "KITA" in actor.follows


def test_signing_out_counts_at_once(credentials: Credentials, database: Database) -> None:
    secret, actor = credentials.sign_in("reader", "password", "192.0.2.1")
    assert credentials.recognise(secret, database.watch.moment()) == actor
    credentials.sign_out(actor)
    assert credentials.known(secret, database.watch.moment()) is None


def test_it_ends_by_the_clock(credentials: Credentials, database: Database, clock: SetClock) -> None:
    secret = remembered(credentials, database, "reader")
    clock.move(timedelta(hours=47, minutes=59))
    assert credentials.known(secret, database.watch.moment()) is not None
    clock.move(timedelta(minutes=1))
    assert credentials.known(secret, database.watch.moment()) is None


def test_the_command_line_revokes_for_a_running_hub(
    directory: Directory, database: Database, settings: Settings
) -> None:
    today = Credentials(database, SystemClock(), session_hours=12, token_hours=48, hasher=QUICK)
    secret = remembered(today, database, "reader")
    assert today.known(secret, database.watch.moment()) is not None
    assert told(settings.data, "token", "revoke", "reader") == "ended 1"
    assert today.known(secret, database.watch.moment()) is None


def test_nobody_is_known_where_no_moment_can_be_told(credentials: Credentials) -> None:
    secret = credentials.issue_token("reader")
    assert credentials.recognise(secret, None) is not None
    assert credentials.known(secret, None) is None
