"""orders of sending

Revision: 0008, after: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outgoing_send", schema=None) as batch_op:
        batch_op.add_column(sa.Column("holder", sa.String(length=32), server_default="", nullable=False))
        batch_op.add_column(sa.Column("commitment_id", sa.String(length=32), server_default="", nullable=False))
    with op.batch_alter_table("dicom_peer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ask_commitment", sa.Boolean(), server_default="0", nullable=False))
