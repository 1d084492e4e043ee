"""Signing in: the right password only, not too often, known until it ends; secrets are not kept."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from access_control.credentials import Credentials
from access_control.directory import Directory
from access_control.errors import NoSuchPerson, WrongPassword
from access_control.model import Role
from access_control.tables import CredentialRow
from shared_kernel.audit.tables import AuditRow
from shared_kernel.clock import SetClock
from shared_kernel.database import Database
from shared_kernel.errors import Unavailable


class CountingHasher(PasswordHasher):
    """A weak, quick hasher that says how often it was asked, and by how many at once; waits for `going`."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = self.at_once = self.most_at_once = 0
        self.going = threading.Event()
        self.going.set()
        self._lock = threading.Lock()

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
        with self._lock:
            self.verified += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if not self.going.wait(30):  # whoever should have let us go is waiting for us: end, and let them see
                self.going.set()
            return super().verify(hash, password)
        finally:
            with self._lock:
                self.at_once -= 1


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
def guarded(credentials: Credentials, database: Database, clock: SetClock, hasher: CountingHasher) -> Credentials:
    """The same people, with a hasher that counts."""
    return Credentials(database, clock, session_hours=12, token_hours=48, hasher=hasher)


def refused(credentials: Credentials, login: str, password: str, client: str) -> str:
    """The name of the error that this log-in meets."""
    try:
        credentials.sign_in(login, password, client)
    except Exception as error:
        return type(error).__name__
    return "nothing"


def denials(database: Database) -> list[str]:
    with database.read() as session:
        found = session.scalars(select(AuditRow).where(AuditRow.outcome == "denied").order_by(AuditRow.number))
        return [row.reason for row in found]


@pytest.fixture
def credentials(database: Database, clock: SetClock) -> Credentials:
    directory = Directory(clock, CountingHasher())
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
        denied = session.scalars(select(AuditRow).where(AuditRow.outcome == "denied"))
        assert [(row.actor, row.action) for row in denied] == [(login, "session.begin")]


def test_ten_failures_stop_even_the_right_password(guarded: Credentials) -> None:
    met = [refused(guarded, "dokuei", "wrong", f"192.0.2.{number}") for number in range(10)]
    assert met == ["WrongPassword"] * 10
    assert refused(guarded, "Dokuei", "right password", "192.0.2.99") == "TooManyLogins"
    assert refused(guarded, "another", "wrong", "192.0.2.1") == "WrongPassword"


def test_sixty_failures_from_one_address_stop_every_name_there(guarded: Credentials) -> None:
    met = [refused(guarded, f"guess{number}", "wrong", "192.0.2.1") for number in range(60)]
    assert met == ["WrongPassword"] * 60
    assert refused(guarded, "dokuei", "right password", "192.0.2.1") == "TooManyLogins"
    assert refused(guarded, "dokuei", "right password", "192.0.2.2") == "nothing"


def test_the_door_opens_after_five_minutes(guarded: Credentials, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    # The limits library has no clock to be given; this is the one that it reads.
    monkeypatch.setattr("limits.storage.memory.time", SimpleNamespace(time=lambda: now))
    for _ in range(10):
        refused(guarded, "dokuei", "wrong", "192.0.2.1")
    now += 299
    assert refused(guarded, "dokuei", "right password", "192.0.2.1") == "TooManyLogins"
    now += 2
    assert refused(guarded, "dokuei", "right password", "192.0.2.1") == "nothing"


def test_right_passwords_close_no_door(guarded: Credentials) -> None:
    assert [refused(guarded, "dokuei", "right password", "192.0.2.1") for _ in range(70)] == ["nothing"] * 70


def test_forty_at_once_try_no_more_than_ten_passwords(guarded: Credentials, hasher: CountingHasher) -> None:
    met = forty_at_once(guarded, hasher, ["dokuei"] * 40)
    assert hasher.verified == 10
    assert (met.count("WrongPassword"), met.count("TooManyLogins")) == (10, 30)


def test_few_verify_at_once_and_few_wait(guarded: Credentials, hasher: CountingHasher) -> None:
    met = forty_at_once(guarded, hasher, [f"guess{number}" for number in range(40)])
    assert (met.count("WrongPassword"), met.count(Unavailable.__name__)) == (16, 24)
    assert hasher.most_at_once == 2


def forty_at_once(credentials: Credentials, hasher: CountingHasher, logins: list[str]) -> list[str]:
    """What forty log-ins from forty addresses meet; none is verified before most have been turned away."""
    hasher.going.clear()
    with ThreadPoolExecutor(len(logins)) as pool:
        met = [
            pool.submit(refused, credentials, login, "wrong", f"192.0.2.{number}")
            for number, login in enumerate(logins)
        ]
        while sum(each.done() for each in met) < 24 and not hasher.going.is_set():
            time.sleep(0.001)
        hasher.going.set()
        return [each.result() for each in met]


def test_a_door_that_closes_leaves_one_row(guarded: Credentials, database: Database) -> None:
    for _ in range(10):
        refused(guarded, "dokuei", "wrong", "192.0.2.1")
    closed = ["closed for this name (192.0.2.1), 5 minutes: too many failures"]
    assert denials(database) == ["wrong password from 192.0.2.1"] * 10 + closed
    for _ in range(5):
        refused(guarded, "dokuei", "wrong", "192.0.2.1")
    assert len(denials(database)) == 11


def test_a_name_that_is_too_long_leaves_nothing(guarded: Credentials, hasher: CountingHasher) -> None:
    assert refused(guarded, "x" * 65, "wrong", "192.0.2.1") == "WrongPassword"
    assert hasher.verified == 0


def test_what_ended_a_week_ago_is_forgotten_at_the_next_sign_in(
    guarded: Credentials, database: Database, clock: SetClock
) -> None:
    token = guarded.issue_token("dokuei")  # ends after 48 hours
    _, leaving = guarded.sign_in("dokuei", "right password", "192.0.2.1")
    guarded.sign_out(leaving)
    guarded.sign_in("dokuei", "right password", "192.0.2.1")  # ends after 12 hours

    def kept() -> int:
        guarded.sign_in("dokuei", "right password", "192.0.2.1")
        with database.read() as session:
            return len(session.scalars(select(CredentialRow)).all())

    assert kept() == 4
    clock.move(timedelta(days=6))
    assert kept() == 5
    clock.move(timedelta(days=1, minutes=1))  # the revoked one ended more than a week ago
    assert kept() == 5
    clock.move(timedelta(days=10))
    assert kept() == 1
    assert guarded.recognise(token) is None


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


def test_a_changed_password_ends_what_the_old_one_opened(
    credentials: Credentials, database: Database, clock: SetClock
) -> None:
    session_secret, _ = credentials.sign_in("dokuei", "right password", "127.0.0.1")
    with database.write() as session:
        Directory(clock).change_password(session, "dokuei", "another password")
    assert credentials.recognise(session_secret) is None
    with pytest.raises(WrongPassword):
        credentials.sign_in("dokuei", "right password", "127.0.0.1")
    assert credentials.sign_in("dokuei", "another password", "127.0.0.1")


def test_a_lost_token_is_ended_by_the_office(credentials: Credentials, database: Database, clock: SetClock) -> None:
    tokens = [credentials.issue_token("dokuei") for _ in range(2)]
    with database.write() as session:
        assert Directory(clock).end_credentials(session, "dokuei") == 2
        with pytest.raises(NoSuchPerson):
            Directory(clock).end_credentials(session, "nobody")
    assert [credentials.recognise(token) for token in tokens] == [None, None]
