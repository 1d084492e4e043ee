"""where instances come from, their earlier versions, and who was told of them

Revision: 0003, after: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared_kernel.database import UtcDateTime

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
    op.create_table(
        "instance_version",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("instance_row", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(length=128), nullable=False),
        sa.Column("dataset_offset", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("transfer_syntax_uid", sa.String(length=64), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("received_from", sa.String(length=80), nullable=False),
        sa.Column("replaced_at", UtcDateTime(), nullable=False),
        sa.Column("replaced_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_row"], ["instance.id"], name=op.f("fk_instance_version_instance_row_instance")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance_version")),
        sa.UniqueConstraint("file", name=op.f("uq_instance_version_file")),
        sa.UniqueConstraint("instance_row", "number", name=op.f("uq_instance_version_instance_row_number")),
        sqlite_autoincrement=True,
    )
