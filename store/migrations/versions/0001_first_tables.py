"""The first tables.

Revision: 0001, the first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The types as of this revision: a migration does not change when schema.py does.
TIME = sa.DateTime(timezone=True).with_variant(sa.Text(), "sqlite")
COUNTER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _snapshot()
    _alerts()
    _outbox()
    _cards_and_people()
    _journal()


def downgrade() -> None:
    # Their indexes go with them.
    for table in (
        "leases",
        "stored_values",
        "answers_given",
        "audit",
        "events",
        "runs",
        "conversations",
        "people",
        "card_alerts",
        "cards",
        "delivery_alerts",
        "deliveries",
        "notices",
        "nominations",
        "recipients",
        "alerts",
        "owners_seen",
        "snapshot_owners",
        "snapshot_apps",
        "snapshot",
        "snapshot_runs",
        "contents",
    ):
        op.drop_table(table)


def _snapshot() -> None:
    op.create_table(
        "contents",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_contents")),
    )
    op.create_table(
        "snapshot_runs",
        sa.Column("run_no", COUNTER, autoincrement=True, nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("scan_date", TIME, nullable=False),
        sa.PrimaryKeyConstraint("run_no", name=op.f("pk_snapshot_runs")),
        sa.UniqueConstraint("run_id", "scan_date", name=op.f("uq_snapshot_runs_run_id_scan_date")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "snapshot",
        sa.Column("row_no", COUNTER, autoincrement=True, nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("run_no", COUNTER, nullable=False),
        sa.Column("ends_at", TIME, nullable=True),
        sa.Column("ownerless", sa.Boolean(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("alert_type", sa.Text(), nullable=False),
        sa.Column("email_sent", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["content_hash"], ["contents.hash"], name=op.f("fk_snapshot_content_hash")),
        sa.PrimaryKeyConstraint("row_no", name=op.f("pk_snapshot")),
        sa.UniqueConstraint("object_id", "key_id", name=op.f("uq_snapshot_object_id_key_id")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index(op.f("ix_snapshot_content_hash"), "snapshot", ["content_hash"], unique=False)
    op.create_index("ix_snapshot_ends_at", "snapshot", ["ends_at"], unique=False)
    op.create_index("ix_snapshot_ownerless_ends_at", "snapshot", ["ownerless", "ends_at"], unique=False)
    op.create_table(
        "snapshot_apps",
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["content_hash"], ["contents.hash"], name=op.f("fk_snapshot_apps_content_hash")),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_snapshot_apps")),
    )
    op.create_index("ix_snapshot_apps_app_id", "snapshot_apps", ["app_id"], unique=False)
    op.create_index(op.f("ix_snapshot_apps_content_hash"), "snapshot_apps", ["content_hash"], unique=False)
    op.create_table(
        "snapshot_owners",
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["content_hash"], ["contents.hash"], name=op.f("fk_snapshot_owners_content_hash"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("content_hash", "person_id", name=op.f("pk_snapshot_owners")),
    )
    op.create_index("ix_snapshot_owners_person_id", "snapshot_owners", ["person_id"], unique=False)
    op.create_table(
        "owners_seen",
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_owners_seen")),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", TIME, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["content_hash"], ["contents.hash"], name=op.f("fk_alerts_content_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_content_hash"), "alerts", ["content_hash"], unique=False)
    op.create_index("ix_alerts_object_id", "alerts", ["object_id"], unique=False)
    op.create_index("ix_alerts_state", "alerts", ["state"], unique=False)
    op.create_table(
        "recipients",
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("on_route", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_recipients_alert_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("alert_id", "person_id", name=op.f("pk_recipients")),
    )
    op.create_index("ix_recipients_person_id", "recipients", ["person_id"], unique=False)
    op.create_table(
        "nominations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nominations")),
    )
    op.create_index("ix_nominations_object_id", "nominations", ["object_id"], unique=False)
    op.create_index("ix_nominations_state", "nominations", ["state"], unique=False)


def _outbox() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_notices_alert_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("alert_id", "stage", "recipient_id", "kind", name="uq_notices_key"),
    )
    op.create_table(
        "deliveries",
        sa.Column("seq", COUNTER, autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("not_before", TIME, nullable=False),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("id", name=op.f("uq_deliveries_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_state_not_before", "deliveries", ["state", "not_before"], unique=False)
    op.create_table(
        "delivery_alerts",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_alerts_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("delivery_id", "alert_id", name=op.f("pk_delivery_alerts")),
    )
    op.create_index("ix_delivery_alerts_alert_id", "delivery_alerts", ["alert_id"], unique=False)


def _cards_and_people() -> None:
    op.create_table(
        "cards",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("nomination_id", sa.Text(), nullable=False),
        sa.Column("posted_at", TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cards")),
    )
    op.create_index("ix_cards_activity_id_recipient_id", "cards", ["activity_id", "recipient_id"], unique=False)
    op.create_index("ix_cards_delivery_id", "cards", ["delivery_id"], unique=False)
    op.create_index("ix_cards_nomination_id", "cards", ["nomination_id"], unique=False)
    op.create_table(
        "card_alerts",
        sa.Column("card_id", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name=op.f("fk_card_alerts_card_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_id", "alert_id", name=op.f("pk_card_alerts")),
    )
    op.create_index("ix_card_alerts_alert_id", "card_alerts", ["alert_id"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("manager_id", sa.Text(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index("ix_people_manager_id", "people", ["manager_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_conversations")),
    )


def _journal() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_started_at", "runs", ["started_at"], unique=False)
    op.create_table(
        "events",
        sa.Column("seq", COUNTER, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_events_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_events_waiting",
        "events",
        ["seq"],
        unique=False,
        postgresql_where=sa.text("NOT archived"),
        sqlite_where=sa.text("NOT archived"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", COUNTER, autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_table(
        "answers_given",
        sa.Column("key_hash", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_answers_given")),
    )
    op.create_index("ix_answers_given_at", "answers_given", ["at"], unique=False)
    op.create_table(
        "stored_values",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_stored_values")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
