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
    _connectors()
    _default_tariffs()
    _kept_answers()
    _messages()
    _operators()
    _outbox()
    _put_aside()
    _readings()
    _running_transactions()
    _sessions()
    _settings()
    _sites()
    _stations()
    _tariff_revisions()
    _tariffs()
    _tenants()
    _timers()
    _tokens()
    _transaction_events()
    _transactions()


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
    op.create_index("ix_audit_at", "audit", ["tenant", "at"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["tenant", "subject", "at"], unique=False)


def _connectors() -> None:
    op.create_table(
        "connectors",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("evse", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("connector", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("epoch", c.Integer(), nullable=False),
        sa.Column("error", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "evse", "connector", name=op.f("pk_connectors")
        ),
    )
    op.create_index("ix_connectors_status", "connectors", ["tenant", "status"], unique=False)


def _default_tariffs() -> None:
    op.create_table(
        "default_tariffs",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("tariff", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_default_tariffs")),
    )


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


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("ref", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("measurand", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("evse", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("phase", c.Text(), nullable=False),
        sa.Column("location", c.Text(), nullable=False),
        sa.Column("context", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("value", c.Exact(4), nullable=False),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant",
            "station",
            "ref",
            "at",
            "measurand",
            "evse",
            "phase",
            "location",
            "context",
            "name",
            name=op.f("pk_readings"),
        ),
        sqlite_with_rowid=False,
    )


def _running_transactions() -> None:
    op.create_table(
        "running_transactions",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("refs", c.Json(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_running_transactions")),
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


def _settings() -> None:
    op.create_table(
        "settings",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("value", c.Text(), nullable=True),
        sa.Column("access", c.Text(), nullable=True),
        sa.Column("reported_at", c.Instant(), nullable=False),
        sa.Column("unit", c.Text(), nullable=True),
        sa.Column("kind", c.Text(), nullable=True),
        sa.Column("choices", c.Text(), nullable=True),
        sa.Column("needs_reboot", c.Boolean(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "name", name=op.f("pk_settings")),
    )


def _sites() -> None:
    op.create_table(
        "sites",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("address", c.Text(), nullable=False),
        sa.Column("city", c.Text(), nullable=False),
        sa.Column("country", c.Text(), nullable=False),
        sa.Column("latitude", c.Exact(7), nullable=True),
        sa.Column("longitude", c.Exact(7), nullable=True),
        sa.Column("tariff", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_sites")),
    )


def _stations() -> None:
    op.create_table(
        "stations",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("folded", c.Text(), nullable=False),
        sa.Column("acceptance", c.Text(), nullable=False),
        sa.Column("registered_at", c.Instant(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("site", c.Text(), nullable=True),
        sa.Column("tariff", c.Text(), nullable=True),
        sa.Column("security_profile", c.Integer(), nullable=True),
        sa.Column("secret", c.Blob(), nullable=True),
        sa.Column("pedantic", c.Boolean(), nullable=False),
        sa.Column("vendor", c.Text(), nullable=True),
        sa.Column("model", c.Text(), nullable=True),
        sa.Column("serial", c.Text(), nullable=True),
        sa.Column("firmware", c.Text(), nullable=True),
        sa.Column("iccid", c.Text(), nullable=True),
        sa.Column("imsi", c.Text(), nullable=True),
        sa.Column("boot_reason", c.Text(), nullable=True),
        sa.Column("booted_at", c.Instant(), nullable=True),
        sa.Column("dialect", c.Text(), nullable=True),
        sa.Column("connected", c.Boolean(), nullable=False),
        sa.Column("epoch", c.Integer(), nullable=False),
        sa.Column("remote", c.Text(), nullable=True),
        sa.Column("secure", c.Boolean(), nullable=False),
        sa.Column("connection_changed_at", c.Instant(), nullable=True),
        sa.Column("last_seen_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_stations")),
    )
    op.create_index(
        "ix_stations_acceptance",
        "stations",
        ["tenant", "acceptance", "registered_at"],
        unique=False,
    )
    op.create_index("ix_stations_site", "stations", ["tenant", "site"], unique=False)
    op.create_index("uq_stations_folded", "stations", ["tenant", "folded"], unique=True)


def _tariff_revisions() -> None:
    op.create_table(
        "tariff_revisions",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("revised_at", c.Instant(), nullable=False),
        sa.Column("revision", c.Integer(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("currency", c.Text(), nullable=False),
        sa.Column("per_kwh", c.Exact(6), nullable=False),
        sa.Column("per_minute", c.Exact(6), nullable=False),
        sa.Column("per_idle_minute", c.Exact(6), nullable=False),
        sa.Column("per_session", c.Exact(6), nullable=False),
        sa.Column("vat_percent", c.Exact(6), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", "revised_at", name=op.f("pk_tariff_revisions")),
    )


def _tariffs() -> None:
    op.create_table(
        "tariffs",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("revision", c.Integer(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("revised_at", c.Instant(), nullable=False),
        sa.Column("currency", c.Text(), nullable=False),
        sa.Column("per_kwh", c.Exact(6), nullable=False),
        sa.Column("per_minute", c.Exact(6), nullable=False),
        sa.Column("per_idle_minute", c.Exact(6), nullable=False),
        sa.Column("per_session", c.Exact(6), nullable=False),
        sa.Column("vat_percent", c.Exact(6), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_tariffs")),
    )


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


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("folded", c.Text(), nullable=False),
        sa.Column("uid", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("status", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("group_id", c.Text(), nullable=True),
        sa.Column("expires_at", c.Instant(), nullable=True),
        sa.Column("label", c.Text(), nullable=False),
        sa.Column("concurrent_max", c.Integer(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "folded", name=op.f("pk_tokens")),
    )
    op.create_index("ix_tokens_created_at", "tokens", ["tenant", "created_at"], unique=False)
    op.create_index("ix_tokens_group_id", "tokens", ["tenant", "group_id"], unique=False)


def _transaction_events() -> None:
    op.create_table(
        "transaction_events",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("ref", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("seq_no", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("charging_state", c.Text(), nullable=False),
        sa.Column("detail", c.Text(), nullable=False),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.Column("trigger", c.Text(), nullable=True),
        sa.Column("offline", c.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant",
            "station",
            "ref",
            "at",
            "kind",
            "seq_no",
            "charging_state",
            "detail",
            name=op.f("pk_transaction_events"),
        ),
        sqlite_with_rowid=False,
    )


def _transactions() -> None:
    op.create_table(
        "transactions",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("ref", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("started_at", c.Instant(), nullable=False),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.Column("connector", c.Integer(), nullable=True),
        sa.Column("token", c.Text(), nullable=True),
        sa.Column("token_folded", c.Text(), nullable=True),
        sa.Column("token_kind", c.Text(), nullable=True),
        sa.Column("group_id", c.Text(), nullable=True),
        sa.Column("verdict", c.Text(), nullable=True),
        sa.Column("ended_at", c.Instant(), nullable=True),
        sa.Column("end_reason", c.Text(), nullable=True),
        sa.Column("end_received_at", c.Instant(), nullable=True),
        sa.Column("register_start_wh", c.Exact(4), nullable=True),
        sa.Column("register_stop_wh", c.Exact(4), nullable=True),
        sa.Column("energy_wh", c.Exact(4), nullable=False),
        sa.Column("register_at", c.Instant(), nullable=True),
        sa.Column("register_wh", c.Exact(4), nullable=True),
        sa.Column("backwards", c.Boolean(), nullable=False),
        sa.Column("charging_state", c.Text(), nullable=True),
        sa.Column("state_at", c.Instant(), nullable=True),
        sa.Column("state_seq_no", c.Integer(), nullable=True),
        sa.Column("parked_us", c.Integer(), nullable=False),
        sa.Column("last_at", c.Instant(), nullable=True),
        sa.Column("power_w", c.Exact(4), nullable=True),
        sa.Column("soc_percent", c.Exact(4), nullable=True),
        sa.Column("seen", c.Text(), nullable=False),
        sa.Column("last_seq_no", c.Integer(), nullable=True),
        sa.Column("repeat_key", c.Text(), nullable=True),
        sa.Column("flags", c.Text(), nullable=False),
        sa.Column("remote_start", c.Integer(), nullable=True),
        sa.Column("reservation", c.Integer(), nullable=True),
        sa.Column("tariff", c.Blob(), nullable=True),
        sa.Column("cost_excl", c.Exact(8), nullable=True),
        sa.Column("cost_incl", c.Exact(8), nullable=True),
        sa.Column("currency", c.Text(), nullable=True),
        sa.Column("cost_shown_at", c.Instant(), nullable=True),
        sa.Column("updated_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "ref", name=op.f("pk_transactions")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_index(
        "ix_transactions_ended_at", "transactions", ["tenant", "ended_at"], unique=False
    )
    op.create_index(
        "ix_transactions_flagged",
        "transactions",
        ["tenant", "started_at"],
        unique=False,
        postgresql_where=sa.text("flags <> ''"),
        sqlite_where=sa.text("flags <> ''"),
    )
    op.create_index(
        "ix_transactions_repeat_key",
        "transactions",
        ["tenant", "station", "repeat_key"],
        unique=False,
        postgresql_where=sa.text("repeat_key IS NOT NULL"),
        sqlite_where=sa.text("repeat_key IS NOT NULL"),
    )
    op.create_index(
        "ix_transactions_running",
        "transactions",
        ["tenant", "station", "evse"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_transactions_running_token",
        "transactions",
        ["tenant", "token_folded"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_transactions_started_at", "transactions", ["tenant", "started_at", "id"], unique=False
    )
    op.create_index(
        "ix_transactions_station",
        "transactions",
        ["tenant", "station", "started_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_transactions_token",
        "transactions",
        ["tenant", "token_folded", "started_at", "id"],
        unique=False,
    )
    op.create_index("uq_transactions_id", "transactions", ["tenant", "id"], unique=True)
