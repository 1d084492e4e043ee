"""What alembic runs; the connection is handed in by `dokuei.migrations.upgrade`."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from dokuei.tables import METADATA
from shared_kernel.database import UtcDateTime


def render(kind: str, item: Any, autogen_context: AutogenContext) -> str | Literal[False]:
    """Write our own column type by its name."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen_context.imports.add("from shared_kernel.database import UtcDateTime")
        return "UtcDateTime()"
    return False


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, render_item=render)
with context.begin_transaction():
    context.run_migrations()
