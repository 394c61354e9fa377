"""The log of messages in parts, on PostgreSQL. What is there already becomes the first part."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Numbers of messages are milliseconds since 1970 with 20 bits more. Two days leave room for a
# node whose clock is ahead; one that is further ahead may have left greater numbers.
FIRST_PART_ENDS = """
    SELECT greatest(
        (extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '2 days') * 1000)::bigint
            << 20,
        (SELECT max(id) + 1 FROM messages)
    )
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    [(end,)] = op.get_bind().exec_driver_sql(FIRST_PART_ENDS)
    # Once this is known of all rows, nobody has to look through them while everybody waits.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE messages DROP CONSTRAINT IF EXISTS first_part")
        op.execute(f"ALTER TABLE messages ADD CONSTRAINT first_part CHECK (id < {end}) NOT VALID")
        op.execute("ALTER TABLE messages VALIDATE CONSTRAINT first_part")
    op.execute("ALTER TABLE messages RENAME TO messages_before")
    op.execute("ALTER TABLE messages_before RENAME CONSTRAINT pk_messages TO pk_messages_before")
    op.execute("DROP INDEX ix_messages_at")
    op.execute(
        "CREATE TABLE messages (LIKE messages_before INCLUDING DEFAULTS,"
        " CONSTRAINT pk_messages PRIMARY KEY (tenant, station, id)) PARTITION BY RANGE (id)"
    )
    op.execute(
        "ALTER TABLE messages ATTACH PARTITION messages_before"
        f" FOR VALUES FROM (MINVALUE) TO ({end})"
    )
    op.execute("CREATE TABLE messages_default PARTITION OF messages DEFAULT")
    op.execute("ALTER TABLE messages_before DROP CONSTRAINT first_part")
