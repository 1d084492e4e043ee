"""where instances come from, and who was told of them

Revision: 0003, after: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("instance") as batch_op:
        batch_op.add_column(sa.Column("received_from", sa.String(length=80), server_default="", nullable=False))
    with op.batch_alter_table("study") as batch_op:
        batch_op.add_column(sa.Column("counted_instances", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE study SET counted_instances = instance_count")
