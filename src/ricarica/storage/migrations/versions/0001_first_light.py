"""The first schema. Written by tools/write_migration.py."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _api_keys()
    _audit()
    _kept_answers()
    _messages()
    _operators()
    _outbox()
    _put_aside()
    _sessions()
    _tenants()
    _timers()


def _api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("digest", c.Text(), nullable=False),
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("prefix", c.Text(), nullable=False),
        sa.Column("role", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("created_by", c.Text(), nullable=False),
        sa.Column("expires_at", c.Instant(), nullable=True),
        sa.Column("used_at", c.Instant(), nullable=True),
        sa.Column("revoked_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_id", "api_keys", ["tenant", "id"], unique=True)


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("actor", c.Text(), nullable=False),
        sa.Column("actor_kind", c.Text(), nullable=False),
        sa.Column("action", c.Text(), nullable=False),
        sa.Column("subject", c.Text(), nullable=False),
        sa.Column("outcome", c.Text(), nullable=False),
        sa.Column("detail", c.Json(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject", "audit", ["tenant", "subject", "id"], unique=False)


def _kept_answers() -> None:
    op.create_table(
        "kept_answers",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("actor", c.Text(), nullable=False),
        sa.Column("key", c.Text(), nullable=False),
        sa.Column("request_digest", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("status", c.Integer(), nullable=True),
        sa.Column("body", c.Blob(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "actor", "key", name=op.f("pk_kept_answers")),
    )
    op.create_index(
        op.f("ix_kept_answers_created_at"), "kept_answers", ["created_at"], unique=False
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("from_station", c.Boolean(), nullable=False),
        sa.Column("message_id", c.Text(), nullable=False),
        sa.Column("action", c.Text(), nullable=False),
        sa.Column("request", c.Text(), nullable=False),
        sa.Column("response", c.Text(), nullable=True),
        sa.Column("outcome", c.Text(), nullable=False),
        sa.Column("duration_ms", c.Integer(), nullable=False),
        sa.Column("flags", c.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_at", "messages", ["at"], unique=False)


def _operators() -> None:
    op.create_table(
        "operators",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("folded", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("role", c.Text(), nullable=False),
        sa.Column("password_hash", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("password_changed_at", c.Instant(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "folded", name=op.f("pk_operators")),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=True),
        sa.Column("body", c.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_outbox")),
    )
    op.create_index("ix_outbox_at", "outbox", ["at"], unique=False)


def _put_aside() -> None:
    op.create_table(
        "put_aside",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("action", c.Text(), nullable=False),
        sa.Column("payload", c.Text(), nullable=False),
        sa.Column("why", c.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_put_aside")),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("digest", c.Text(), nullable=False),
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("operator", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("used_at", c.Instant(), nullable=False),
        sa.Column("remote", c.Text(), nullable=False),
        sa.Column("agent", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_operator", "sessions", ["tenant", "operator"], unique=False)


def _tenants() -> None:
    op.create_table(
        "tenants",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_tenants")),
    )


def _timers() -> None:
    op.create_table(
        "timers",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("subject", c.Text(), nullable=False),
        sa.Column("due_at", c.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "subject", name=op.f("pk_timers")),
    )
    op.create_index("ix_timers_due_at", "timers", ["due_at"], unique=False)
