"""Deliveries know their run and whether they tell somebody of an alert: to hold, pause and recall them.

Revision: 0003, after 0002.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_deliveries = sa.table(
    "deliveries",
    sa.column("seq", sa.BigInteger),
    sa.column("run_id", sa.Text),
    sa.column("carries_notices", sa.Boolean),
    sa.column("body", sa.Text),
)

#: Rows read and written at a time.
_PART = 1000


def upgrade() -> None:
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("run_id", sa.Text(), nullable=True))
        table.add_column(sa.Column("carries_notices", sa.Boolean(), nullable=True))
    _fill()
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.alter_column("run_id", existing_type=sa.Text(), nullable=False)
        table.alter_column("carries_notices", existing_type=sa.Boolean(), nullable=False)
    op.create_index("ix_deliveries_run_id", "deliveries", ["run_id"], unique=False)


def _fill() -> None:
    """What the bodies of the rows say."""
    connection = op.get_bind()
    rows = _deliveries.c
    last = 0
    change = (
        sa.update(_deliveries)
        .where(rows.seq == sa.bindparam("of"))
        .values(run_id=sa.bindparam("run"), carries_notices=sa.bindparam("carries"))
    )
    while True:
        part = connection.execute(
            sa.select(rows.seq, rows.body).where(rows.seq > last).order_by(rows.seq).limit(_PART)
        ).all()
        if not part:
            return
        bodies = [(row.seq, json.loads(row.body)) for row in part]
        connection.execute(
            change,
            [
                {"of": seq, "run": body.get("run_id", ""), "carries": bool(body.get("notice_ids"))}
                for seq, body in bodies
            ],
        )
        last = part[-1].seq


def downgrade() -> None:
    op.drop_index("ix_deliveries_run_id", table_name="deliveries")
    with op.batch_alter_table("deliveries", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_column("carries_notices")
        table.drop_column("run_id")
