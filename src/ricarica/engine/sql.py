"""The engine's own tables: messages, the outbox, what was put aside, timers and nodes."""

import sqlalchemy as sa

from ricarica.storage import columns as c
from ricarica.storage.partitions import in_partitions

MESSAGES = sa.Table(
    "messages",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("id", c.Integer, primary_key=True, autoincrement=False),  # in order of arrival
    sa.Column("at", c.Instant, nullable=False),
    sa.Column("from_station", c.Boolean, nullable=False),
    sa.Column("message_id", c.Text, nullable=False),
    sa.Column("action", c.Text, nullable=False),
    sa.Column("request", c.Text, nullable=False),
    sa.Column("response", c.Text),
    sa.Column("outcome", c.Text, nullable=False),  # answered, an error code, unreached, unknown
    sa.Column("duration_ms", c.Integer, nullable=False),
    sa.Column("flags", c.Text, nullable=False),
    # PostgreSQL drops whole parts, and so need not find old rows by their time.
    sa.Index("ix_messages_at", "at").ddl_if(dialect="sqlite"),
    **in_partitions("id"),
)

OUTBOX = sa.Table(
    "outbox",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("id", c.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", c.Instant, nullable=False),
    sa.Column("kind", c.Text, nullable=False),
    sa.Column("station", c.Text),
    sa.Column("body", c.Text, nullable=False),
    sa.Index("ix_outbox_at", "at"),
)

PUT_ASIDE = sa.Table(
    "put_aside",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("id", c.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", c.Instant, nullable=False),
    sa.Column("action", c.Text, nullable=False),
    sa.Column("payload", c.Text, nullable=False),
    sa.Column("why", c.Text, nullable=False),
)

TIMERS = sa.Table(
    "timers",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("kind", c.Text, primary_key=True),
    sa.Column("subject", c.Text, primary_key=True),
    sa.Column("due_at", c.Instant, nullable=False),
    sa.Index("ix_timers_due_at", "due_at"),
)

# Which processes there are. They tell of themselves every few seconds.
NODES = sa.Table(
    "nodes",
    c.metadata,
    sa.Column("name", c.Text, primary_key=True),
    sa.Column("roles", c.Text, nullable=False),
    sa.Column("started_at", c.Instant, nullable=False),
    sa.Column("seen_at", c.Instant, nullable=False),
)
