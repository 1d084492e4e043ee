"""merged patients and replaced images

Revision: 0010, after: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import shared_kernel.database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reading_case_replacement",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", shared_kernel.database.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_reading_case_replacement")),
        sa.UniqueConstraint(
            "case_id",
            "sop_instance_uid",
            "version",
            name=op.f("uq_reading_case_replacement_case_id_sop_instance_uid_version"),
        ),
        sqlite_autoincrement=True,
    )
    # Versions that were replaced before their digest was made were passed over; they are looked for once more.
    op.execute("UPDATE archive_round SET version_position = 0 WHERE name = 'digests'")
