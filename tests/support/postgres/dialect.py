"""SQLAlchemy's dialect for `libpq.py`: psycopg's own, so that the SQL is the one which psycopg would be given."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql._psycopg_common import _PGDialect_common_psycopg
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Connection

from tests.support.postgres import libpq

DRIVER = "postgresql+libpq"


class LibpqDialect(PGDialect_psycopg):
    """psycopg's dialect without what asks for psycopg's inner things."""

    driver = "libpq"
    supports_statement_cache = True
    supports_server_side_cursors = False
    _psycopg_Json = _psycopg_Jsonb = libpq.Json

    def __init__(self, **given: Any) -> None:
        _PGDialect_common_psycopg.__init__(self, use_native_hstore=False, **given)

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Our driver."""
        return libpq

    def create_connect_args(self, url: Any) -> Any:
        """What libpq calls the parts of the URL."""
        return _PGDialect_common_psycopg.create_connect_args(self, url)

    def initialize(self, connection: Connection) -> None:
        """As of every PostgreSQL."""
        _PGDialect_common_psycopg.initialize(self, connection)

    def get_isolation_level(self, dbapi_connection: Any) -> str:
        """What the server says."""
        level: str = super(PGDialect_psycopg, self).get_isolation_level(dbapi_connection)
        return level

    def on_connect(self) -> None:
        """Nothing."""


registry.register("postgresql.libpq", __name__, "LibpqDialect")
