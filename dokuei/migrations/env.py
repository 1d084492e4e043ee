"""What alembic runs; the connection is handed in by `dokuei.migrations.upgrade`."""

from alembic import context

from dokuei.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
