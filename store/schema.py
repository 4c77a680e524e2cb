"""The tables of the working state: real columns for what is searched or joined, the rest in `body`.

`body` is the value itself as JSON (see codec.py). Migrations in `migrations/versions/` make these very
tables; a test compares both on both engines. The audit and the events are written once and kept.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from store.types import Counter, SafeText, UtcTime

#: Names of constraints, so that a migration can name what it changes on both engines.
NAMING = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

metadata = MetaData(naming_convention=NAMING)

# ---------------------------------------------------------------- values kept once under their hash

#: What many rows share (an application with its owners) stands here once, under the hash of its JSON:
#: a tenant's daily snapshot then writes only what has changed.
contents = Table(
    "contents",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("body", Text, nullable=False),
)

# ---------------------------------------------------------------- the snapshot

#: The runs that rows of the snapshot were last seen in; a scan changes one number per row.
snapshot_runs = Table(
    "snapshot_runs",
    metadata,
    Column("run_no", Counter, primary_key=True, autoincrement=True),
    Column("run_id", SafeText, nullable=False),
    Column("scan_date", UtcTime, nullable=False),
    UniqueConstraint("run_id", "scan_date"),
    sqlite_autoincrement=True,
)

#: The last record of every credential. `days_left` follows from `ends_at` and the run's `scan_date`.
snapshot = Table(
    "snapshot",
    metadata,
    Column("row_no", Counter, primary_key=True, autoincrement=True),
    Column("object_id", SafeText, nullable=False),
    Column("key_id", SafeText, nullable=False),
    #: In snapshot_runs; without index and foreign key, for both would double the price of a scan.
    Column("run_no", Counter, nullable=False),
    Column("ends_at", UtcTime),
    Column("ownerless", Boolean, nullable=False),
    Column("path", Text, nullable=False),
    Column("alert_type", SafeText, nullable=False),
    Column("email_sent", Boolean, nullable=False),
    #: The application, its owners and what history knows of them.
    Column("content_hash", Text, ForeignKey("contents.hash"), nullable=False, index=True),
    #: The credential.
    Column("body", Text, nullable=False),
    UniqueConstraint("object_id", "key_id"),
    Index("ix_snapshot_ends_at", "ends_at"),
    Index("ix_snapshot_ownerless_ends_at", "ownerless", "ends_at"),
    # Room on each page for the new version of a row, so that a scan touches no index.
    postgresql_with={"fillfactor": 70},
)

#: One row per application of the snapshot, to find it by name.
snapshot_apps = Table(
    "snapshot_apps",
    metadata,
    Column("object_id", SafeText, primary_key=True),
    Column("app_id", SafeText, nullable=False),
    #: The display name folded for comparison, see snapshot.fold.
    Column("name", SafeText, nullable=False),
    Column("content_hash", Text, ForeignKey("contents.hash"), nullable=False, index=True),
    Index("ix_snapshot_apps_app_id", "app_id"),
)

#: Whose apps they are: every owner that a shared content names, counting or not.
snapshot_owners = Table(
    "snapshot_owners",
    metadata,
    Column("content_hash", Text, ForeignKey("contents.hash", ondelete="CASCADE"), primary_key=True),
    Column("person_id", SafeText, primary_key=True),
    Index("ix_snapshot_owners_person_id", "person_id"),
)

owners_seen = Table(
    "owners_seen",
    metadata,
    Column("object_id", SafeText, primary_key=True),
    Column("body", Text, nullable=False),
)

# ---------------------------------------------------------------- alerts and their people

alerts = Table(
    "alerts",
    metadata,
    Column("id", SafeText, primary_key=True),
    #: Counted up by one with every change; a save with another number is refused.
    Column("version", Integer, nullable=False),
    Column("object_id", SafeText, nullable=False),
    Column("key_id", SafeText, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    #: The application.
    Column("content_hash", Text, ForeignKey("contents.hash"), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Index("ix_alerts_object_id", "object_id"),
    Index("ix_alerts_state", "state"),
)

recipients = Table(
    "recipients",
    metadata,
    Column("alert_id", SafeText, ForeignKey("alerts.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    Column("person_id", SafeText, primary_key=True),
    Column("on_route", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_recipients_person_id", "person_id"),
)

# ---------------------------------------------------------------- notices, deliveries, cards

notices = Table(
    "notices",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("alert_id", SafeText, ForeignKey("alerts.id", deferrable=True, initially="DEFERRED"), nullable=False),
    Column("stage", Integer, nullable=False),
    Column("recipient_id", SafeText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    #: Nobody is told the same thing twice, however many scans and replicas decide it.
    UniqueConstraint("alert_id", "stage", "recipient_id", "kind", name="uq_notices_key"),
)

deliveries = Table(
    "deliveries",
    metadata,
    #: Order of creation; times of one transaction are equal.
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("id", SafeText, nullable=False, unique=True),
    Column("recipient_id", SafeText, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    #: Counted up with every claim; an outcome is stored only under the number of its own claim.
    Column("fence", Integer, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("lease_until", UtcTime),
    #: '' for what follows from no run.
    Column("run_id", SafeText, nullable=False),
    #: Whether it tells somebody of an alert: that is held and paused, nothing else is.
    Column("carries_notices", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default="teams"),
    Index("ix_deliveries_state_not_before", "state", "not_before"),
    Index("ix_deliveries_run_id", "run_id"),
    # In the order in which they are claimed: a claim reads as many rows as it takes.
    Index("ix_deliveries_claim", "state", "channel", "created_at", "seq", "not_before"),
    # Whether somebody has a message in hand for the same person.
    Index("ix_deliveries_recipient_id_channel_state", "recipient_id", "channel", "state"),
    sqlite_autoincrement=True,
)

delivery_alerts = Table(
    "delivery_alerts",
    metadata,
    Column("delivery_id", SafeText, ForeignKey("deliveries.id", ondelete="CASCADE"), primary_key=True),
    Column("alert_id", SafeText, primary_key=True),
    Index("ix_delivery_alerts_alert_id", "alert_id"),
)

cards = Table(
    "cards",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("delivery_id", SafeText, nullable=False),
    Column("recipient_id", SafeText, nullable=False),
    Column("activity_id", SafeText, nullable=False),
    Column("nomination_id", SafeText, nullable=False),
    Column("posted_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_cards_activity_id_recipient_id", "activity_id", "recipient_id"),
    Index("ix_cards_delivery_id", "delivery_id"),
    Index("ix_cards_recipient_id_posted_at", "recipient_id", "posted_at"),
    Index("ix_cards_nomination_id", "nomination_id"),
)

card_alerts = Table(
    "card_alerts",
    metadata,
    Column("card_id", SafeText, ForeignKey("cards.id", ondelete="CASCADE"), primary_key=True),
    Column("alert_id", SafeText, primary_key=True),
    Index("ix_card_alerts_alert_id", "alert_id"),
)

# ---------------------------------------------------------------- nominations

nominations = Table(
    "nominations",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("object_id", SafeText, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_nominations_object_id", "object_id"),
    Index("ix_nominations_state", "state"),
)

# ---------------------------------------------------------------- exclusions, later looks

#: Apps that an admin has taken off all reminders until a day.
exclusions = Table(
    "exclusions",
    metadata,
    Column("object_id", SafeText, primary_key=True),
    Column("until", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
)

#: Alerts at which Graph is asked again, because somebody says that they renewed it.
later_looks = Table(
    "later_looks",
    metadata,
    Column("alert_id", SafeText, primary_key=True),
    Column("next_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_later_looks_next_at", "next_at"),
)

# ---------------------------------------------------------------- people

people = Table(
    "people",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("manager_id", SafeText, nullable=False),
    #: An enabled user account, as `Person.counts`.
    Column("counts", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_people_manager_id", "manager_id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("person_id", SafeText, primary_key=True),
    Column("body", Text, nullable=False),
)

# ---------------------------------------------------------------- what happened

runs = Table(
    "runs",
    metadata,
    Column("run_id", SafeText, primary_key=True),
    Column("started_at", UtcTime, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_runs_started_at", "started_at"),
)

#: The outbox towards the archive.
events = Table(
    "events",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=True),
    Column("event_id", SafeText, nullable=False, unique=True),
    Column("archived", Boolean, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_events_waiting", "seq", postgresql_where=text("NOT archived"), sqlite_where=text("NOT archived")),
    sqlite_autoincrement=True,
)

#: Append-only; each row carries the hash of the one before, so that a changed row shows (see audit.py).
audit = Table(
    "audit",
    metadata,
    Column("seq", Counter, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("actor_id", SafeText, nullable=False),
    Column("verb", SafeText, nullable=False),
    Column("subject", SafeText, nullable=False),
    Column("before", SafeText, nullable=False),
    Column("after", SafeText, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

# ---------------------------------------------------------------- small things

answers_given = Table(
    "answers_given",
    metadata,
    #: sha256 of the idempotency key, which may be of any length.
    Column("key_hash", Text, primary_key=True),
    Column("answer", SafeText, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_answers_given_at", "at"),
)

# `values` is a word of SQL.
stored_values = Table(
    "stored_values",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("value", SafeText, nullable=False),
)

#: How fast an outside service may be called by all replicas together; seconds since 1970 by the database's clock.
paces = Table(
    "paces",
    metadata,
    Column("name", SafeText, primary_key=True),
    #: When the next turn that nobody has taken begins.
    Column("next_at", Float(53), nullable=False),
    #: Until when the service has asked us to wait.
    Column("shut_until", Float(53), nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("holder", SafeText, nullable=False),
    Column("until", UtcTime, nullable=False),
)
