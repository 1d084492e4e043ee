"""archive care

Revision: 0004, after: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared_kernel.database import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "instance_digest",
        sa.Column("file", sa.String(length=128), nullable=False),
        sa.Column("instance_row", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("damage", sa.String(length=16), nullable=False),
        sa.Column("digested_at", UtcDateTime(), nullable=True),
        sa.Column("checked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_row"], ["instance.id"], name=op.f("fk_instance_digest_instance_row_instance")
        ),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_instance_digest")),
    )
    op.create_index(op.f("ix_instance_digest_instance_row"), "instance_digest", ["instance_row"])
    op.create_index(op.f("ix_instance_digest_state"), "instance_digest", ["state"])
    op.create_table(
        "archive_round",
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.Column("version_position", sa.Integer(), nullable=False),
        sa.Column("version_until", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_archive_round")),
    )
    op.create_table(
        "storage_root",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_storage_root")),
    )
    op.create_table(
        "full_disk",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("began_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_full_disk")),
        sqlite_autoincrement=True,
    )
