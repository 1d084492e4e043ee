"""retrieve and send

Revision: 0006, after: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import shared_kernel.database

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.create_index("ix_study_patient_name_match", ["patient_name_match"])
        batch_op.create_index("ix_study_name_ideographic", ["name_ideographic"])
        batch_op.create_index("ix_study_name_phonetic", ["name_phonetic"])
    op.create_table(
        "outgoing_send",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("destination", sa.String(length=16), nullable=False),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("label", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", shared_kernel.database.UtcDateTime(), nullable=False),
        sa.Column("due_at", shared_kernel.database.UtcDateTime(), nullable=True),
        sa.Column("finished_at", shared_kernel.database.UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_send")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outgoing_send", schema=None) as batch_op:
        batch_op.create_index("ix_outgoing_send_state_due_at", ["state", "due_at"])
    op.create_table(
        "outgoing_item",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("send", sa.Integer(), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["send"], ["outgoing_send.id"], name=op.f("fk_outgoing_item_send_outgoing_send")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing_item")),
        sa.UniqueConstraint("send", "sop_instance_uid", name=op.f("uq_outgoing_item_send_sop_instance_uid")),
        sqlite_autoincrement=True,
    )
