"""Deliveries by channel, one at a time for each person; the pace that all replicas share.

Revision: 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("channel", sa.Text(), nullable=False, server_default="teams"))
    channel = (
        "json_extract(body, '$.channel')" if op.get_bind().dialect.name == "sqlite" else "body::json ->> 'channel'"
    )
    op.execute(f"UPDATE deliveries SET channel = {channel}")  # noqa: S608 - no value of anybody's is in it
    op.create_index("ix_deliveries_claim", "deliveries", ["state", "channel", "created_at", "seq", "not_before"])
    op.create_index("ix_deliveries_recipient_id_channel_state", "deliveries", ["recipient_id", "channel", "state"])
    op.create_table(
        "paces",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next_at", sa.Float(53), nullable=False),
        sa.Column("shut_until", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_paces")),
    )


def downgrade() -> None:
    op.drop_table("paces")
    op.drop_index("ix_deliveries_recipient_id_channel_state", "deliveries")
    op.drop_index("ix_deliveries_claim", "deliveries")
    op.drop_column("deliveries", "channel")
