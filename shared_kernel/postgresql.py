"""The hub's transaction rules on PostgreSQL.

One lock for all who write, taken at the beginning and given back by the commit: what a transaction has read is still
true when it writes, rows get their numbers in the order of the commits, and the outbox and the chain of the audit
trail rely on both. A reader sees one snapshot and waits for nobody.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event

# A transaction's own: whoever commits, rolls back or loses the connection gives it back.
TAKE_THE_LOCK = "SELECT pg_advisory_xact_lock(7236837)"
ONE_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
_LONGEST_WAIT_MILLISECONDS = 30_000

# Texts are compared by code point everywhere: ranges of dates, prefixes of names, pages that go on behind a value.
_ORDER = """
SELECT getdatabaseencoding() = 'UTF8'
   AND 'Z' < 'a' AND '-' < '0' AND 'a-b' < 'aa' AND 'z' < 'é' AND 'ン' < '一' AND 'か' < 'カ'
"""
WRONG_ORDER = "the database must be made with ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0"

# Classes and codes of appendix A of PostgreSQL's manual.
_TROUBLE_CLASSES = {"08", "53", "57", "58"}
_TROUBLE = {
    "25006",  # read_only_sql_transaction: a standby, or told to be
    "3D000",  # there is no such database
    "28000",  # not let in
    "28P01",
    "55P03",  # lock_not_available: another writes for too long
}
_DAMAGE = {"XX001", "XX002"}


class WrongOrder(Exception):
    """The database compares texts in another order than the hub."""


def prepare(engine: Engine, writing: str) -> None:
    """Set up each connection and each transaction; `writing` is the execution option of those that write.

    The first connection raises WrongOrder where texts are not compared by code point.
    """

    def connected(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED")
        cursor.execute(f"SET lock_timeout = {_LONGEST_WAIT_MILLISECONDS}")
        # What is acknowledged is on the disk; one who asks for more (remote_apply) keeps it.
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
        )
        cursor.execute(_ORDER)
        [right] = cursor.fetchone()
        cursor.close()
        connection.commit()
        if not right:
            raise WrongOrder(WRONG_ORDER)

    def begun(connection: Connection) -> None:
        # At once: a snapshot is taken by the first statement, and one from before the lock would be old.
        connection.exec_driver_sql(TAKE_THE_LOCK if connection.get_execution_options().get(writing) else ONE_SNAPSHOT)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def is_trouble(error: Any) -> bool:
    """Whether a driver's error is about the server (away, full, read-only, busy), and not about the statement."""
    if isinstance(error, WrongOrder):
        return True
    if not hasattr(error, "sqlstate"):
        return False
    code = error.sqlstate
    if code is None:  # it never came to a statement: refused, or lost on the way
        return type(error).__name__ == "OperationalError"
    return code[:2] in _TROUBLE_CLASSES or code in _TROUBLE


def is_damage(error: Any) -> bool:
    """Whether the server found its own files damaged."""
    return getattr(error, "sqlstate", None) in _DAMAGE


def is_full(error: Any) -> bool:
    """Whether the server's disk is full."""
    return getattr(error, "sqlstate", None) == "53100"
