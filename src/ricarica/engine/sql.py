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

# Stations that are mirrored to another back end, and how that stands.
FORWARDS = sa.Table(
    "forwards",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("url", c.Text, nullable=False),
    sa.Column("mode", c.Text, nullable=False),
    sa.Column("changed_at", c.Instant, nullable=False),
    sa.Column("identity", c.Text),
    sa.Column("password", c.Text),
    sa.Column("allowed", c.Json, nullable=False),
    sa.Column("is_on", c.Boolean, nullable=False),
    sa.Column("line", c.Text, nullable=False),
    sa.Column("why", c.Text),
    sa.Column("line_at", c.Instant),
    sa.Column("sent", c.Integer, nullable=False),
    sa.Column("dropped", c.Integer, nullable=False),
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

# What is wanted of a station, of one kind, and how near it is; see `upkeep`.
UPKEEP = sa.Table(
    "upkeep",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("kind", c.Text, primary_key=True),
    sa.Column("state", c.Text, nullable=False),
    sa.Column("since", c.Instant, nullable=False),
    sa.Column("detail", c.Text),
    sa.Column("told", c.Text),  # the digest of the last command
    sa.Column("tries", c.Integer, nullable=False),
    sa.Column("next_at", c.Instant),
    sa.Column("version", c.Integer, nullable=False),
)

# What a station was asked for that it answers in parts; see `gathering`.
REPORTS = sa.Table(
    "reports",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("number", c.Integer, primary_key=True, autoincrement=False),
    sa.Column("action", c.Text, nullable=False),
    sa.Column("request", c.Text, nullable=False),
    sa.Column("asked_by", c.Text, nullable=False),
    sa.Column("asked_at", c.Instant, nullable=False),
    sa.Column("answer", c.Text),  # the station's own word
    sa.Column("heard_at", c.Instant),
    sa.Column("pages", c.Integer, nullable=False),
    sa.Column("characters", c.Integer, nullable=False),
    sa.Column("seen", c.Text, nullable=False),  # numbers of pages, e.g. 0-4,6
    sa.Column("last", c.Integer),  # the number of the last page
    sa.Column("version", c.Integer, nullable=False),
    sa.Index("ix_reports_asked_at", "asked_at"),
)

REPORT_PAGES = sa.Table(
    "report_pages",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("number", c.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq_no", c.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", c.Instant, nullable=False),
    sa.Column("body", c.Text, nullable=False),
    sa.Index("ix_report_pages_at", "at"),
)

# What a station is told once it is back.
KEPT_COMMANDS = sa.Table(
    "kept_commands",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("id", c.Text, primary_key=True),  # in the order in which they are said
    sa.Column("name", c.Text, nullable=False),
    sa.Column("body", c.Text, nullable=False),
    sa.Column("made_by", c.Text, nullable=False),
    sa.Column("made_at", c.Instant, nullable=False),
    sa.Column("expires_at", c.Instant, nullable=False),
    sa.Column("state", c.Text, nullable=False),
    sa.Column("outcome", c.Text),
    sa.Column("status", c.Text),
    sa.Column("detail", c.Text),
    sa.Column("done_at", c.Instant),
    sa.Column("job", c.Text),  # of the bulk job that left it here
    sa.Index("ix_kept_commands_made_at", "made_at"),
)

BULK_JOBS = sa.Table(
    "bulk_jobs",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("name", c.Text, nullable=False),
    sa.Column("body", c.Text, nullable=False),
    sa.Column("selection", c.Text, nullable=False),
    sa.Column("made_by", c.Text, nullable=False),
    sa.Column("made_at", c.Instant, nullable=False),
    sa.Column("pace", c.Integer, nullable=False),  # stations a minute
    sa.Column("failures_max", c.Integer),
    sa.Column("failures_percent", c.Integer),
    sa.Column("keep_until", c.Instant),  # what is away is told by then; without: it is skipped
    sa.Column("state", c.Text, nullable=False),
    sa.Column("why", c.Text),
    sa.Column("ended_at", c.Instant),
    sa.Column("lease_until", c.Instant, nullable=False),
    sa.Column("paced_at", c.Instant),  # until when its pace was used up
    sa.Index("ix_bulk_jobs_state_lease_until", "state", "lease_until"),
)

BULK_TARGETS = sa.Table(
    "bulk_targets",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("job", c.Text, primary_key=True),
    sa.Column("state", c.Text, nullable=False),
    sa.Column("status", c.Text),
    sa.Column("detail", c.Text),
    sa.Column("at", c.Instant),
    sa.Index("ix_bulk_targets_tenant_job_state", "tenant", "job", "state"),
)

# Who was turned away at the stations' door, by name; see `refusals`.
REFUSALS = sa.Table(
    "refusals",
    c.metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("folded", c.Text, primary_key=True),
    sa.Column("identity", c.Text, nullable=False),
    sa.Column("is_registered", c.Boolean, nullable=False),
    sa.Column("count", c.Integer, nullable=False),
    sa.Column("last_at", c.Instant, nullable=False),
    sa.Column("last", c.Json, nullable=False),
    sa.Column("version", c.Integer, nullable=False),
    sa.Index("ix_refusals_last_at", "tenant", "last_at"),
)
