"""orders and procedures

Revision: 0007, after: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared_kernel.database import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expected_instance",
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("study_uid", "source", "sop_instance_uid", name=op.f("pk_expected_instance")),
    )
    with op.batch_alter_table("expected_instance", schema=None) as batch_op:
        batch_op.create_index("ix_expected_instance_sop_instance_uid", ["sop_instance_uid"], unique=False)

    op.create_table(
        "performed_step",
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("accession_number", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sop_instance_uid", name=op.f("pk_performed_step")),
    )
    with op.batch_alter_table("performed_step", schema=None) as batch_op:
        batch_op.create_index("ix_performed_step_site_code_study_uid", ["site_code", "study_uid"], unique=False)

    op.create_table(
        "performed_step_message",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("message", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_performed_step_message")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("performed_step_message", schema=None) as batch_op:
        batch_op.create_index(
            "ix_performed_step_message_sop_instance_uid", ["sop_instance_uid", "number"], unique=False
        )

    op.create_table(
        "reading_request",
        sa.Column("request_id", sa.String(length=32), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("accession_number", sa.String(length=16), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.String(length=64), nullable=False),
        sa.Column("name_alphabetic", sa.Text(), nullable=False),
        sa.Column("name_ideographic", sa.Text(), nullable=False),
        sa.Column("name_phonetic", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.String(length=1), nullable=False),
        sa.Column("modality", sa.String(length=16), nullable=False),
        sa.Column("procedure_description", sa.Text(), nullable=False),
        sa.Column("body_part", sa.String(length=16), nullable=False),
        sa.Column("scheduled_date", sa.Date(), nullable=False),
        sa.Column("scheduled_time", sa.Time(), nullable=True),
        sa.Column("station_ae_title", sa.String(length=16), nullable=False),
        sa.Column("requesting_doctor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("clinical_history", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(length=16), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entered_by", sa.String(length=64), nullable=False),
        sa.Column("entered_by_name", sa.Text(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("cancelled_reason", sa.Text(), nullable=False),
        sa.Column("performed", sa.String(length=16), nullable=False),
        sa.Column("arrived_study_uid", sa.String(length=128), nullable=True),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("patient_differs", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_reading_request")),
        sa.UniqueConstraint(
            "site_code", "accession_number", name=op.f("uq_reading_request_site_code_accession_number")
        ),
        sa.UniqueConstraint("study_uid", name=op.f("uq_reading_request_study_uid")),
    )
    with op.batch_alter_table("reading_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reading_request_arrived_study_uid"), ["arrived_study_uid"], unique=False)
        batch_op.create_index(
            "ix_reading_request_site_code_state",
            ["site_code", "state", "scheduled_date", "scheduled_time"],
            unique=False,
        )

    op.create_table(
        "storage_commitment",
        sa.Column("commitment_id", sa.String(length=32), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("transaction_uid", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("commitment_id", name=op.f("pk_storage_commitment")),
    )
    with op.batch_alter_table("storage_commitment", schema=None) as batch_op:
        batch_op.create_index("ix_storage_commitment_transaction_uid", ["transaction_uid", "ae_title"], unique=False)
        batch_op.create_index("ix_storage_commitment_state_next_attempt_at", ["state", "next_attempt_at"], unique=False)

    op.create_table(
        "storage_commitment_instance",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("commitment_id", sa.String(length=32), nullable=False),
        sa.Column("sop_class_uid", sa.String(length=64), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("failure_reason", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_storage_commitment_instance")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("storage_commitment_instance", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_storage_commitment_instance_commitment_id"), ["commitment_id"], unique=False
        )
        batch_op.create_index("ix_storage_commitment_instance_sop_instance_uid", ["sop_instance_uid"], unique=False)

    op.create_table(
        "study_expectation",
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("declared_at", UtcDateTime(), nullable=False),
        sa.Column("declared_by", sa.String(length=80), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("fulfilled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("study_uid", "source", name=op.f("pk_study_expectation")),
    )
    with op.batch_alter_table("study_expectation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_study_expectation_fulfilled_at"), ["fulfilled_at"], unique=False)
