"""one expectation a site

What a site says of a study or a performed step is its own, whatever another one says under the same UID; peers
may name whose patients they send, and the character sets that they read. Decisions about patients are counted.

Revision: 0009, after: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _expectations()
    _performed_steps()
    with op.batch_alter_table("dicom_peer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("issuers", sa.Text(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("answers_in", sa.String(length=255), server_default="", nullable=False))
    op.create_table(
        "identity_revision",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_revision")),
    )
    op.execute("INSERT INTO identity_revision (id, revision) VALUES (1, 0)")


def _expectations() -> None:
    _rekey("study_expectation", ["site_code", "study_uid", "source"])
    with op.batch_alter_table("expected_instance", schema=None) as batch_op:
        batch_op.add_column(_without_site())
    op.execute(
        "UPDATE expected_instance SET site_code = COALESCE((SELECT said.site_code FROM study_expectation AS said"
        " WHERE said.study_uid = expected_instance.study_uid AND said.source = expected_instance.source), '')"
    )
    op.execute("DELETE FROM expected_instance WHERE site_code = ''")  # of a list that is not there
    _rekey("expected_instance", ["site_code", "study_uid", "source", "sop_instance_uid"], added=True)


def _performed_steps() -> None:
    _rekey("performed_step", ["site_code", "sop_instance_uid"])
    with op.batch_alter_table("performed_step_message", schema=None) as batch_op:
        batch_op.drop_index("ix_performed_step_message_sop_instance_uid")
        batch_op.add_column(_without_site())
    op.execute(
        "UPDATE performed_step_message SET site_code = COALESCE((SELECT step.site_code FROM performed_step AS step"
        " WHERE step.sop_instance_uid = performed_step_message.sop_instance_uid), '')"
    )
    with op.batch_alter_table("performed_step_message", schema=None) as batch_op:
        batch_op.alter_column("site_code", existing_type=sa.String(length=32), server_default=None)
        batch_op.create_index(
            "ix_performed_step_message_site_code_sop_instance_uid",
            ["site_code", "sop_instance_uid", "number"],
            unique=False,
        )


def _rekey(table: str, key: list[str], *, added: bool = False) -> None:
    with op.batch_alter_table(table, schema=None) as batch_op:
        if added:
            batch_op.alter_column("site_code", existing_type=sa.String(length=32), server_default=None)
        batch_op.drop_constraint(op.f(f"pk_{table}"), type_="primary")
        batch_op.create_primary_key(op.f(f"pk_{table}"), key)


def _without_site() -> sa.Column[str]:
    return sa.Column("site_code", sa.String(length=32), nullable=False, server_default="")
