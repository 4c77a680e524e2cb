"""Apps that an admin has excluded until a day, and later looks after "I renewed it".

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "exclusions",
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_exclusions")),
    )
    op.create_table(
        "later_looks",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("next_at", TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_later_looks")),
    )
    op.create_index("ix_later_looks_next_at", "later_looks", ["next_at"], unique=False)


def downgrade() -> None:
    op.drop_table("later_looks")
    op.drop_table("exclusions")
