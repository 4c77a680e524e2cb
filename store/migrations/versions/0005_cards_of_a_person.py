"""An index for somebody's newest cards.

Revision: 0005, after 0004.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_cards_recipient_id_posted_at", "cards", ["recipient_id", "posted_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_cards_recipient_id_posted_at", "cards")
