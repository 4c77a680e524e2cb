"""PostgreSQL chains the rows of the audit itself, in the very last step of a commit.

A chain has one end, and whoever holds it holds up all others. Where the bot asked for the end, added its row and then
committed, every other press waited for all of these journeys; the database needs none.

Revision: 0006, after 0005.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

#: A row comes with a number below zero and, in `hash`, with the part of its text that says what was done. The text is
#: that of store.journal.AuditEntry.expected_hash. Each statement of the function sees what was committed before it.
#: The lock's number is 0x535445574101, as in earlier versions, which may run beside this one for a while.
CHAIN = """
CREATE FUNCTION steward_chain_audit() RETURNS trigger LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
    number bigint := 0;
    previous text := repeat('0', 64);
BEGIN
    PERFORM pg_advisory_xact_lock(91621405704449);
    SELECT seq, hash INTO number, previous FROM audit WHERE seq > 0 ORDER BY seq DESC LIMIT 1;
    number := coalesce(number, 0) + 1;
    previous := coalesce(previous, repeat('0', 64));
    UPDATE audit SET
        seq = number,
        previous_hash = previous,
        hash = encode(
            sha256(convert_to('[' || number || ', ' || NEW.hash || ', "' || previous || '"]', 'UTF8')), 'hex'
        )
    WHERE seq = NEW.seq;
    RETURN NULL;
END
$$
"""

TRIGGER = """
CREATE CONSTRAINT TRIGGER audit_is_chained AFTER INSERT ON audit
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.seq < 0) EXECUTE FUNCTION steward_chain_audit()
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(CHAIN)
        op.execute(TRIGGER)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_is_chained ON audit")
        op.execute("DROP FUNCTION steward_chain_audit()")
