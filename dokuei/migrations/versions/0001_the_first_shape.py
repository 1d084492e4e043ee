"""The first shape

Revision: 0001, after:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared_kernel.database import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("session_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("resource", sa.String(length=160), nullable=False),
        sa.Column("study_uid", sa.String(length=128), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_entry")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)
        batch_op.create_index("ix_audit_entry_study_uid_number", ["study_uid", "number"], unique=False)

    op.create_table(
        "dicom_peer",
        sa.Column("ae_title", sa.String(length=16), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("ae_title", name=op.f("pk_dicom_peer")),
    )
    with op.batch_alter_table("dicom_peer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_dicom_peer_site_code"), ["site_code"], unique=False)

    op.create_table(
        "event_set_aside",
        sa.Column("subscriber", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_name", sa.String(length=64), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", "sequence", name=op.f("pk_event_set_aside")),
    )
    op.create_table(
        "outbox",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "patient",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("issuer", sa.String(length=32), nullable=False),
        sa.Column("identity", sa.String(length=160), nullable=False),
        sa.Column("patient_id", sa.String(length=128), nullable=False),
        sa.Column("name_alphabetic", sa.Text(), nullable=False),
        sa.Column("name_ideographic", sa.Text(), nullable=False),
        sa.Column("name_phonetic", sa.Text(), nullable=False),
        sa.Column("patient_name_key", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.String(length=8), nullable=False),
        sa.Column("sex", sa.String(length=16), nullable=False),
        sa.Column("first_received_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patient")),
        sa.UniqueConstraint("issuer", "identity", name=op.f("uq_patient_issuer_identity")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reading_case",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=128), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("patient_issuer", sa.String(length=64), nullable=False),
        sa.Column("patient_id", sa.String(length=128), nullable=False),
        sa.Column("name_alphabetic", sa.Text(), nullable=False),
        sa.Column("name_ideographic", sa.Text(), nullable=False),
        sa.Column("name_phonetic", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.String(length=16), nullable=False),
        sa.Column("modalities", sa.Text(), nullable=False),
        sa.Column("body_part", sa.Text(), nullable=False),
        sa.Column("study_description", sa.Text(), nullable=False),
        sa.Column("study_date", sa.Date(), nullable=True),
        sa.Column("study_time", sa.Time(), nullable=True),
        sa.Column("accession_number", sa.String(length=128), nullable=False),
        sa.Column("referring_physician", sa.Text(), nullable=False),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("identity_conflict", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("clinical_history", sa.Text(), nullable=False),
        sa.Column("request_version", sa.Integer(), nullable=False),
        sa.Column("reader_login", sa.String(length=64), nullable=True),
        sa.Column("reader_name", sa.Text(), nullable=True),
        sa.Column("reader_site_code", sa.String(length=32), nullable=True),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("read_at", UtcDateTime(), nullable=True),
        sa.Column("report_id", sa.String(length=32), nullable=True),
        sa.Column("instances_at_report", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_reading_case")),
        sa.UniqueConstraint("study_uid", name=op.f("uq_reading_case_study_uid")),
    )
    with op.batch_alter_table("reading_case", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reading_case_accession_number"), ["accession_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_reading_case_patient_id"), ["patient_id"], unique=False)
        batch_op.create_index("ix_reading_case_site_code_read_at", ["site_code", "read_at"], unique=False)
        batch_op.create_index(
            "ix_reading_case_site_code_state", ["site_code", "state", "due_date", "arrived_at"], unique=False
        )

    op.create_table(
        "reading_case_step",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_reading_case_step")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("reading_case_step", schema=None) as batch_op:
        batch_op.create_index("ix_reading_case_step_case_id_number", ["case_id", "number"], unique=False)

    op.create_table(
        "report",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("study_uid", sa.String(length=128), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("impression", sa.Text(), nullable=False),
        sa.Column("author_login", sa.String(length=64), nullable=False),
        sa.Column("author_name", sa.Text(), nullable=False),
        sa.Column("reading_site_code", sa.String(length=32), nullable=False),
        sa.Column("reading_site_name", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_report")),
        sa.UniqueConstraint("case_id", name=op.f("uq_report_case_id")),
    )
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_report_study_uid"), ["study_uid"], unique=False)

    op.create_table(
        "report_delivery",
        sa.Column("delivery_id", sa.String(length=32), nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.String(length=128), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("accession_number", sa.String(length=128), nullable=False),
        sa.Column("delivered_at", UtcDateTime(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("opened_by_login", sa.String(length=64), nullable=True),
        sa.Column("opened_by_name", sa.Text(), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.Column("acknowledged_by_login", sa.String(length=64), nullable=True),
        sa.Column("acknowledged_by_name", sa.Text(), nullable=True),
        sa.Column("acted_on_at", UtcDateTime(), nullable=True),
        sa.Column("acted_on_by_login", sa.String(length=64), nullable=True),
        sa.Column("acted_on_by_name", sa.Text(), nullable=True),
        sa.Column("action_note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_report_delivery")),
        sa.UniqueConstraint("report_id", "version", name=op.f("uq_report_delivery_report_id_version")),
    )
    with op.batch_alter_table("report_delivery", schema=None) as batch_op:
        batch_op.create_index(
            "ix_report_delivery_site_code_state", ["site_code", "state", "delivered_at"], unique=False
        )

    op.create_table(
        "report_version",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("signed_at", UtcDateTime(), nullable=False),
        sa.Column("signed_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("report_id", "version", name=op.f("pk_report_version")),
    )
    op.create_table(
        "site",
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_site")),
    )
    op.create_table(
        "subscription",
        sa.Column("subscriber", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber", name=op.f("pk_subscription")),
    )
    op.create_table(
        "person",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["site_code"], ["site.code"], name=op.f("fk_person_site_code_site")),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_person")),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_site_code"), ["site_code"], unique=False)

    op.create_table(
        "reading_contract",
        sa.Column("contract_id", sa.String(length=32), nullable=False),
        sa.Column("clinic_code", sa.String(length=32), nullable=False),
        sa.Column("hospital_code", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["clinic_code"], ["site.code"], name=op.f("fk_reading_contract_clinic_code_site")),
        sa.ForeignKeyConstraint(["hospital_code"], ["site.code"], name=op.f("fk_reading_contract_hospital_code_site")),
        sa.PrimaryKeyConstraint("contract_id", name=op.f("pk_reading_contract")),
        sa.UniqueConstraint("clinic_code", "hospital_code", name=op.f("uq_reading_contract_clinic_code_hospital_code")),
    )
    with op.batch_alter_table("reading_contract", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reading_contract_hospital_code"), ["hospital_code"], unique=False)

    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("study_uid", sa.String(length=64), nullable=False),
        sa.Column("site_code", sa.String(length=32), nullable=False),
        sa.Column("patient_row", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.String(length=128), nullable=False),
        sa.Column("name_alphabetic", sa.Text(), nullable=False),
        sa.Column("name_ideographic", sa.Text(), nullable=False),
        sa.Column("name_phonetic", sa.Text(), nullable=False),
        sa.Column("patient_name_match", sa.Text(), nullable=False),
        sa.Column("patient_name_key", sa.Text(), nullable=False),
        sa.Column("birth_date", sa.String(length=8), nullable=False),
        sa.Column("sex", sa.String(length=16), nullable=False),
        sa.Column("identity_conflict", sa.Boolean(), nullable=False),
        sa.Column("study_date", sa.String(length=8), nullable=False),
        sa.Column("study_time", sa.String(length=13), nullable=False),
        sa.Column("accession_number", sa.String(length=64), nullable=False),
        sa.Column("study_id", sa.String(length=64), nullable=False),
        sa.Column("study_description", sa.Text(), nullable=False),
        sa.Column("referring_physician", sa.Text(), nullable=False),
        sa.Column("referring_physician_match", sa.Text(), nullable=False),
        sa.Column("referring_physician_key", sa.Text(), nullable=False),
        sa.Column("body_part", sa.String(length=64), nullable=False),
        sa.Column("modalities", sa.String(length=255), nullable=False),
        sa.Column("series_count", sa.Integer(), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.Column("first_received_at", UtcDateTime(), nullable=False),
        sa.Column("last_received_at", UtcDateTime(), nullable=False),
        sa.Column("arrived_at", UtcDateTime(), nullable=True),
        sa.Column("told_instances", sa.Integer(), nullable=False),
        sa.Column("unsettled_since", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["patient_row"], ["patient.id"], name=op.f("fk_study_patient_row_patient")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study")),
        sa.UniqueConstraint("study_uid", name=op.f("uq_study_study_uid")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.create_index(
            "ix_study_accession_newest", ["accession_number", "study_date", "study_time", "id"], unique=False
        )
        batch_op.create_index("ix_study_newest", ["study_date", "study_time", "id"], unique=False)
        batch_op.create_index("ix_study_patient_newest", ["patient_id", "study_date", "study_time", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_patient_row"), ["patient_row"], unique=False)
        batch_op.create_index("ix_study_site_newest", ["site_code", "study_date", "study_time", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_study_unsettled_since"), ["unsettled_since"], unique=False)

    op.create_table(
        "credential",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("credential_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["login"], ["person.login"], name=op.f("fk_credential_login_person")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_credential")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_credential_credential_id")),
    )
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credential_login"), ["login"], unique=False)

    op.create_table(
        "series",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("study_row", sa.Integer(), nullable=False),
        sa.Column("series_uid", sa.String(length=64), nullable=False),
        sa.Column("modality", sa.String(length=32), nullable=False),
        sa.Column("series_number", sa.Integer(), nullable=True),
        sa.Column("series_date", sa.String(length=8), nullable=False),
        sa.Column("series_time", sa.String(length=13), nullable=False),
        sa.Column("series_description", sa.Text(), nullable=False),
        sa.Column("body_part", sa.String(length=64), nullable=False),
        sa.Column("instance_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["study_row"], ["study.id"], name=op.f("fk_series_study_row_study")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series")),
        sa.UniqueConstraint("study_row", "series_uid", name=op.f("uq_series_study_row_series_uid")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_series_series_uid"), ["series_uid"], unique=False)

    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("series_row", sa.Integer(), nullable=False),
        sa.Column("sop_instance_uid", sa.String(length=64), nullable=False),
        sa.Column("sop_class_uid", sa.String(length=64), nullable=False),
        sa.Column("transfer_syntax_uid", sa.String(length=64), nullable=False),
        sa.Column("file", sa.String(length=128), nullable=False),
        sa.Column("dataset_offset", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("instance_number", sa.Integer(), nullable=True),
        sa.Column("number_of_frames", sa.Integer(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("columns", sa.Integer(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["series_row"], ["series.id"], name=op.f("fk_instance_series_row_series")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
        sa.UniqueConstraint("file", name=op.f("uq_instance_file")),
        sa.UniqueConstraint("sop_instance_uid", name=op.f("uq_instance_sop_instance_uid")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_instance_series_row"), ["series_row"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("instance", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_instance_series_row"))

    op.drop_table("instance")
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_series_series_uid"))

    op.drop_table("series")
    with op.batch_alter_table("credential", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_credential_login"))

    op.drop_table("credential")
    with op.batch_alter_table("study", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_study_unsettled_since"))
        batch_op.drop_index("ix_study_site_newest")
        batch_op.drop_index(batch_op.f("ix_study_patient_row"))
        batch_op.drop_index("ix_study_patient_newest")
        batch_op.drop_index("ix_study_newest")
        batch_op.drop_index("ix_study_accession_newest")

    op.drop_table("study")
    with op.batch_alter_table("reading_contract", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reading_contract_hospital_code"))

    op.drop_table("reading_contract")
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_person_site_code"))

    op.drop_table("person")
    op.drop_table("subscription")
    op.drop_table("site")
    op.drop_table("report_version")
    with op.batch_alter_table("report_delivery", schema=None) as batch_op:
        batch_op.drop_index("ix_report_delivery_site_code_state")

    op.drop_table("report_delivery")
    with op.batch_alter_table("report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_report_study_uid"))

    op.drop_table("report")
    with op.batch_alter_table("reading_case_step", schema=None) as batch_op:
        batch_op.drop_index("ix_reading_case_step_case_id_number")

    op.drop_table("reading_case_step")
    with op.batch_alter_table("reading_case", schema=None) as batch_op:
        batch_op.drop_index("ix_reading_case_site_code_state")
        batch_op.drop_index("ix_reading_case_site_code_read_at")
        batch_op.drop_index(batch_op.f("ix_reading_case_patient_id"))
        batch_op.drop_index(batch_op.f("ix_reading_case_accession_number"))

    op.drop_table("reading_case")
    op.drop_table("patient")
    op.drop_table("outbox")
    op.drop_table("event_set_aside")
    with op.batch_alter_table("dicom_peer", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_dicom_peer_site_code"))

    op.drop_table("dicom_peer")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_entry_study_uid_number")
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))

    op.drop_table("audit_entry")
