"""files of any size

On PostgreSQL the size of a file ended at 2 GiB; on SQLite the columns hold 64 bits as they are, and no table is copied.

Revision: 0011, after: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for table in ("instance", "instance_version"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.alter_column("size", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)
