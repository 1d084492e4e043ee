"""patients and texts

Revision: 0005, after: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared_kernel.database import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("patient", schema=None) as batch_op:
        batch_op.add_column(sa.Column("merged_into", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("person", sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f("ix_patient_person"), ["person"], unique=False)
        batch_op.create_index("ix_patient_issuer_patient_id", ["issuer", "patient_id"], unique=False)
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.add_column(sa.Column("text_suspect", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("issuer_of_patient_id", sa.String(length=64), server_default="", nullable=False))
    with op.batch_alter_table("reading_case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("text_suspect", sa.Boolean(), server_default="0", nullable=False))
    op.create_table(
        "patient_question",
        sa.Column("question_id", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("about", sa.String(length=16), nullable=False),
        sa.Column("patient_row", sa.Integer(), nullable=False),
        sa.Column("differs", sa.String(length=64), nullable=False),
        sa.Column("known", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decision", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("question_id", name=op.f("pk_patient_question")),
    )
    with op.batch_alter_table("patient_question", schema=None) as batch_op:
        batch_op.create_index("ix_patient_question_site_code_state", ["site_code", "state", "asked_at"], unique=False)
        batch_op.create_index("ix_patient_question_study_uid", ["study_uid"], unique=False)
    op.create_table(
        "patient_decision",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=True),
        sa.Column("patient_row", sa.Integer(), nullable=False),
        sa.Column("other_patient_row", sa.Integer(), nullable=True),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_patient_decision")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("patient_decision", schema=None) as batch_op:
        batch_op.create_index("ix_patient_decision_study_uid", ["study_uid"], unique=False)
        batch_op.create_index("ix_patient_decision_patient_row", ["patient_row"], unique=False)
    op.create_table(
        "accepted_identity",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("demographics", sa.Text(), nullable=False),
        sa.Column("decision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accepted_identity")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("accepted_identity", schema=None) as batch_op:
        batch_op.create_index("ix_accepted_identity_scope", ["scope"], unique=False)
