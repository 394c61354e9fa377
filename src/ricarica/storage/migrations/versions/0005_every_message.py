"""Every message."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _access_books()
    _alert_marks()
    _alert_rules()
    _alerts()
    _authorities()
    _authorization_attempts()
    _availability()
    _batteries()
    _bulk_jobs()
    _bulk_targets()
    _certificate_requests()
    _charging_limits()
    _charging_profiles()
    _code_guards()
    _customer_reports()
    _der_alarms()
    _der_controls()
    _device_models()
    _display_messages()
    _display_states()
    _display_templates()
    _energy_rules()
    _evse_energy()
    _expected_starts()
    _firmware_campaigns()
    _firmware_images()
    _firmware_links()
    _firmware_roots()
    _firmware_targets()
    _firmware_updates()
    _forwards()
    _kept_commands()
    _local_lists()
    _log_requests()
    _monitorings()
    _monitors()
    _network_profiles()
    _payments()
    _refusals()
    _report_pages()
    _reports()
    _reservations()
    _running_transactions()
    _security_events()
    _settings()
    _signed_readings()
    _station_events()
    _station_networks()
    _station_plans()
    _stations()
    _stream_blocks()
    _streams()
    _swap_stations()
    _swaps()
    _templates()
    _tokens()
    _transactions()
    _trust_roots()
    _trust_stores()
    _upkeep()
    _vat_numbers()
    _web_payments()


def _access_books() -> None:
    op.create_table(
        "access_books",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("content", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_access_books")),
    )


def _alert_marks() -> None:
    op.create_table(
        "alert_marks",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("last", c.Integer(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_alert_marks")),
    )


def _alert_rules() -> None:
    op.create_table(
        "alert_rules",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("level", c.Text(), nullable=False),
        sa.Column("matches", c.Text(), nullable=False),
        sa.Column("applies", c.Text(), nullable=False),
        sa.Column("threshold", c.Integer(), nullable=False),
        sa.Column("window_s", c.Integer(), nullable=False),
        sa.Column("cool_down_s", c.Integer(), nullable=False),
        sa.Column("lasting_s", c.Integer(), nullable=False),
        sa.Column("is_active", c.Boolean(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_alert_rules")),
    )


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", c.Text(), nullable=False),
        sa.Column("subject", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("level", c.Text(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("text", c.Text(), nullable=False),
        sa.Column("first_at", c.Instant(), nullable=False),
        sa.Column("last_at", c.Instant(), nullable=False),
        sa.Column("times", c.Integer(), nullable=False),
        sa.Column("severity", c.Integer(), nullable=True),
        sa.Column("event", c.Integer(), nullable=True),
        sa.Column("changed_by", c.Text(), nullable=True),
        sa.Column("changed_at", c.Instant(), nullable=True),
        sa.Column("note", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_last_at", "alerts", ["last_at"], unique=False)
    op.create_index("ix_alerts_state", "alerts", ["tenant", "state", "id"], unique=False)


def _authorities() -> None:
    op.create_table(
        "authorities",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("purpose", c.Text(), nullable=False),
        sa.Column("chain", c.Text(), nullable=False),
        sa.Column("sealed_key", c.Blob(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "purpose", name=op.f("pk_authorities")),
    )


def _authorization_attempts() -> None:
    op.create_table(
        "authorization_attempts",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("uid", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=True),
        sa.Column("verdict", c.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_authorization_attempts")),
    )
    op.create_index("ix_authorization_attempts_at", "authorization_attempts", ["at"], unique=False)


def _availability() -> None:
    op.create_table(
        "availability",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("evse", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("connector", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("operative", c.Boolean(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "evse", "connector", name=op.f("pk_availability")
        ),
    )


def _batteries() -> None:
    op.create_table(
        "batteries",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("serial", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=True),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("soc_percent", c.Exact(4), nullable=False),
        sa.Column("soh_percent", c.Exact(4), nullable=False),
        sa.Column("made_at", c.Instant(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("token", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "serial", name=op.f("pk_batteries")),
    )
    op.create_index("ix_batteries_station", "batteries", ["tenant", "station"], unique=False)


def _bulk_jobs() -> None:
    op.create_table(
        "bulk_jobs",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("body", c.Text(), nullable=False),
        sa.Column("selection", c.Text(), nullable=False),
        sa.Column("made_by", c.Text(), nullable=False),
        sa.Column("made_at", c.Instant(), nullable=False),
        sa.Column("pace", c.Integer(), nullable=False),
        sa.Column("failures_max", c.Integer(), nullable=True),
        sa.Column("failures_percent", c.Integer(), nullable=True),
        sa.Column("keep_until", c.Instant(), nullable=True),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("why", c.Text(), nullable=True),
        sa.Column("ended_at", c.Instant(), nullable=True),
        sa.Column("lease_until", c.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_bulk_jobs")),
    )
    op.create_index(
        "ix_bulk_jobs_state_lease_until", "bulk_jobs", ["state", "lease_until"], unique=False
    )


def _bulk_targets() -> None:
    op.create_table(
        "bulk_targets",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("job", c.Text(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("status", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("at", c.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "station", "job", name=op.f("pk_bulk_targets")),
    )
    op.create_index(
        "ix_bulk_targets_tenant_job_state", "bulk_targets", ["tenant", "job", "state"], unique=False
    )


def _certificate_requests() -> None:
    op.create_table(
        "certificate_requests",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("purpose", c.Text(), nullable=False),
        sa.Column("csr", c.Text(), nullable=False),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("request_id", c.Integer(), nullable=True),
        sa.Column("is_typed", c.Boolean(), nullable=False),
        sa.Column("root", c.Json(), nullable=True),
        sa.Column("attempts", c.Integer(), nullable=False),
        sa.Column("next_try_at", c.Instant(), nullable=True),
        sa.Column("chain", c.Text(), nullable=True),
        sa.Column("serial", c.Text(), nullable=True),
        sa.Column("not_before", c.Instant(), nullable=True),
        sa.Column("not_after", c.Instant(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("warned_at", c.Instant(), nullable=True),
        sa.Column("renewal_asked_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_certificate_requests")),
    )
    op.create_index(
        "ix_certificate_requests_not_after", "certificate_requests", ["not_after"], unique=False
    )
    op.create_index(
        "ix_certificate_requests_state",
        "certificate_requests",
        ["state", "next_try_at"],
        unique=False,
    )


def _charging_limits() -> None:
    op.create_table(
        "charging_limits",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("source", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("schedules", c.Json(), nullable=True),
        sa.Column("is_local_generation", c.Boolean(), nullable=False),
        sa.Column("is_grid_critical", c.Boolean(), nullable=False),
        sa.Column("cleared_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "evse", "source", name=op.f("pk_charging_limits")
        ),
    )


def _charging_profiles() -> None:
    op.create_table(
        "charging_profiles",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), nullable=False),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("purpose", c.Text(), nullable=False),
        sa.Column("ref", c.Text(), nullable=True),
        sa.Column("wanted", c.Json(), nullable=True),
        sa.Column("held", c.Json(), nullable=True),
        sa.Column("source", c.Text(), nullable=False),
        sa.Column("unwanted", c.Boolean(), nullable=False),
        sa.Column("by_rule", c.Boolean(), nullable=False),
        sa.Column("outcome", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("told_at", c.Instant(), nullable=True),
        sa.Column("reported_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_charging_profiles")),
    )


def _code_guards() -> None:
    op.create_table(
        "code_guards",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("wrong", c.Integer(), nullable=False),
        sa.Column("last_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_code_guards")),
    )


def _customer_reports() -> None:
    op.create_table(
        "customer_reports",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked_at", c.Instant(), nullable=False),
        sa.Column("content", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_customer_reports")),
    )
    op.create_index("ix_customer_reports_asked_at", "customer_reports", ["asked_at"], unique=False)


def _der_alarms() -> None:
    op.create_table(
        "der_alarms",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("fault", c.Text(), nullable=True),
        sa.Column("info", c.Text(), nullable=True),
        sa.Column("ended_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "kind", name=op.f("pk_der_alarms")),
    )


def _der_controls() -> None:
    op.create_table(
        "der_controls",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("control", c.Json(), nullable=False),
        sa.Column("held", c.Boolean(), nullable=False),
        sa.Column("superseded", c.Boolean(), nullable=False),
        sa.Column("unwanted", c.Boolean(), nullable=False),
        sa.Column("outcome", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("started", c.Boolean(), nullable=True),
        sa.Column("state_at", c.Instant(), nullable=True),
        sa.Column("told_at", c.Instant(), nullable=True),
        sa.Column("reported_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_der_controls")),
    )


def _device_models() -> None:
    op.create_table(
        "device_models",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("asked_at", c.Instant(), nullable=False),
        sa.Column("firmware", c.Text(), nullable=True),
        sa.Column("parts", c.Integer(), nullable=False),
        sa.Column("told_at", c.Instant(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_device_models")),
    )


def _display_messages() -> None:
    op.create_table(
        "display_messages",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("template", c.Text(), nullable=True),
        sa.Column("content", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_display_messages")),
    )


def _display_states() -> None:
    op.create_table(
        "display_states",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("content", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_display_states")),
    )


def _display_templates() -> None:
    op.create_table(
        "display_templates",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("label", c.Text(), nullable=False),
        sa.Column("content", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_display_templates")),
    )


def _energy_rules() -> None:
    op.create_table(
        "energy_rules",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("transfers", c.Json(), nullable=True),
        sa.Column("power_w", c.Exact(3), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_energy_rules")),
    )


def _evse_energy() -> None:
    op.create_table(
        "evse_energy",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("ref", c.Text(), nullable=True),
        sa.Column("needs", c.Json(), nullable=True),
        sa.Column("needs_at", c.Instant(), nullable=True),
        sa.Column("tuples_max", c.Integer(), nullable=True),
        sa.Column("answer", c.Text(), nullable=True),
        sa.Column("plan", c.Json(), nullable=True),
        sa.Column("plan_at", c.Instant(), nullable=True),
        sa.Column("plan_selected", c.Integer(), nullable=True),
        sa.Column("plan_fits", c.Boolean(), nullable=True),
        sa.Column("renegotiations", c.Integer(), nullable=False),
        sa.Column("has_priority", c.Boolean(), nullable=False),
        sa.Column("priority_at", c.Instant(), nullable=True),
        sa.Column("composite", c.Json(), nullable=True),
        sa.Column("asked", c.Integer(), nullable=True),
        sa.Column("asked_at", c.Instant(), nullable=True),
        sa.Column("heard_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "evse", name=op.f("pk_evse_energy")),
    )


def _expected_starts() -> None:
    op.create_table(
        "expected_starts",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("due_at", c.Instant(), nullable=False),
        sa.Column("token", c.Text(), nullable=False),
        sa.Column("evse", c.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_expected_starts")),
    )
    op.create_index("ix_expected_starts_due_at", "expected_starts", ["due_at"], unique=False)


def _firmware_campaigns() -> None:
    op.create_table(
        "firmware_campaigns",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("image", c.Text(), nullable=False),
        sa.Column("plan", c.Json(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("created_by", c.Text(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=False),
        sa.Column("wave", c.Integer(), nullable=False),
        sa.Column("wave_at", c.Instant(), nullable=True),
        sa.Column("forgiven", c.Integer(), nullable=False),
        sa.Column("why", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_firmware_campaigns")),
    )


def _firmware_images() -> None:
    op.create_table(
        "firmware_images",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("vendor", c.Text(), nullable=False),
        sa.Column("model", c.Text(), nullable=False),
        sa.Column("firmware", c.Text(), nullable=False),
        sa.Column("size", c.Integer(), nullable=False),
        sa.Column("sha256", c.Text(), nullable=False),
        sa.Column("md5", c.Text(), nullable=False),
        sa.Column("added_at", c.Instant(), nullable=False),
        sa.Column("added_by", c.Text(), nullable=False),
        sa.Column("signature", c.Text(), nullable=True),
        sa.Column("certificate", c.Text(), nullable=True),
        sa.Column("signer", c.Text(), nullable=True),
        sa.Column("withdrawn_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_firmware_images")),
    )


def _firmware_links() -> None:
    op.create_table(
        "firmware_links",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", c.Text(), nullable=False),
        sa.Column("image", c.Text(), nullable=False),
        sa.Column("expires_at", c.Instant(), nullable=False),
        sa.Column("downloads", c.Integer(), nullable=False),
        sa.Column("bytes", c.Integer(), nullable=False),
        sa.Column("used_at", c.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_firmware_links")),
    )
    op.create_index("ix_firmware_links_digest", "firmware_links", ["digest"], unique=True)


def _firmware_roots() -> None:
    op.create_table(
        "firmware_roots",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("fingerprint", c.Text(), nullable=False),
        sa.Column("vendor", c.Text(), nullable=False),
        sa.Column("pem", c.Text(), nullable=False),
        sa.Column("subject", c.Text(), nullable=False),
        sa.Column("until", c.Instant(), nullable=False),
        sa.Column("added_at", c.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "fingerprint", name=op.f("pk_firmware_roots")),
    )


def _firmware_targets() -> None:
    op.create_table(
        "firmware_targets",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("campaign", c.Text(), nullable=False),
        sa.Column("wave", c.Integer(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=False),
        sa.Column("next_at", c.Instant(), nullable=False),
        sa.Column("attempts", c.Integer(), nullable=False),
        sa.Column("number", c.Integer(), nullable=True),
        sa.Column("why", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "campaign", name=op.f("pk_firmware_targets")),
    )
    op.create_index(
        "ix_firmware_targets_tenant_campaign_wave",
        "firmware_targets",
        ["tenant", "campaign", "wave"],
        unique=False,
    )


def _firmware_updates() -> None:
    op.create_table(
        "firmware_updates",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("ordered_at", c.Instant(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=False),
        sa.Column("image", c.Text(), nullable=True),
        sa.Column("firmware", c.Text(), nullable=True),
        sa.Column("is_signed", c.Boolean(), nullable=False),
        sa.Column("status", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("ordered_by", c.Text(), nullable=False),
        sa.Column("campaign", c.Text(), nullable=True),
        sa.Column("checksum", c.Text(), nullable=True),
        sa.Column("due_at", c.Instant(), nullable=True),
        sa.Column("locations", c.Json(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_firmware_updates")),
    )
    op.create_index(
        "ix_firmware_updates_state_changed_at",
        "firmware_updates",
        ["state", "changed_at"],
        unique=False,
    )


def _forwards() -> None:
    op.create_table(
        "forwards",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("url", c.Text(), nullable=False),
        sa.Column("mode", c.Text(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=False),
        sa.Column("identity", c.Text(), nullable=True),
        sa.Column("password", c.Text(), nullable=True),
        sa.Column("allowed", c.Json(), nullable=False),
        sa.Column("is_on", c.Boolean(), nullable=False),
        sa.Column("line", c.Text(), nullable=False),
        sa.Column("why", c.Text(), nullable=True),
        sa.Column("line_at", c.Instant(), nullable=True),
        sa.Column("sent", c.Integer(), nullable=False),
        sa.Column("dropped", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_forwards")),
    )


def _kept_commands() -> None:
    op.create_table(
        "kept_commands",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("body", c.Text(), nullable=False),
        sa.Column("made_by", c.Text(), nullable=False),
        sa.Column("made_at", c.Instant(), nullable=False),
        sa.Column("expires_at", c.Instant(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("outcome", c.Text(), nullable=True),
        sa.Column("status", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("done_at", c.Instant(), nullable=True),
        sa.Column("job", c.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_kept_commands")),
    )
    op.create_index("ix_kept_commands_made_at", "kept_commands", ["made_at"], unique=False)


def _local_lists() -> None:
    op.create_table(
        "local_lists",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("list_version", c.Integer(), nullable=False),
        sa.Column("held", c.Text(), nullable=False),
        sa.Column("held_count", c.Integer(), nullable=False),
        sa.Column("told_version", c.Integer(), nullable=True),
        sa.Column("told_at", c.Instant(), nullable=True),
        sa.Column("sent_at", c.Instant(), nullable=True),
        sa.Column("is_unsure", c.Boolean(), nullable=False),
        sa.Column("forgotten", c.Text(), nullable=False),
        sa.Column("left_out", c.Integer(), nullable=False),
        sa.Column("trouble", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_local_lists")),
    )


def _log_requests() -> None:
    op.create_table(
        "log_requests",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("asked_at", c.Instant(), nullable=False),
        sa.Column("asked_by", c.Text(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=False),
        sa.Column("digest", c.Text(), nullable=False),
        sa.Column("expires_at", c.Instant(), nullable=False),
        sa.Column("is_numbered", c.Boolean(), nullable=False),
        sa.Column("since", c.Instant(), nullable=True),
        sa.Column("until", c.Instant(), nullable=True),
        sa.Column("status", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("name", c.Text(), nullable=True),
        sa.Column("file", c.Text(), nullable=True),
        sa.Column("size", c.Integer(), nullable=True),
        sa.Column("received_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_log_requests")),
    )
    op.create_index("ix_log_requests_digest", "log_requests", ["digest"], unique=True)
    op.create_index(
        "ix_log_requests_state_expires_at", "log_requests", ["state", "expires_at"], unique=False
    )


def _monitorings() -> None:
    op.create_table(
        "monitorings",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("asked_at", c.Instant(), nullable=False),
        sa.Column("number", c.Integer(), nullable=False),
        sa.Column("base", c.Text(), nullable=True),
        sa.Column("level", c.Integer(), nullable=True),
        sa.Column("told_at", c.Instant(), nullable=True),
        sa.Column("refused", c.Text(), nullable=False),
        sa.Column("unsayable", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_monitorings")),
    )


def _monitors() -> None:
    op.create_table(
        "monitors",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("type", c.Text(), nullable=False),
        sa.Column("value", c.Text(), nullable=False),
        sa.Column("severity", c.Integer(), nullable=False),
        sa.Column("reported_at", c.Instant(), nullable=False),
        sa.Column("during_transaction", c.Boolean(), nullable=False),
        sa.Column("origin", c.Text(), nullable=True),
        sa.Column("interval_s", c.Integer(), nullable=True),
        sa.Column("values_max", c.Integer(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_monitors")),
    )


def _network_profiles() -> None:
    op.create_table(
        "network_profiles",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("url", c.Text(), nullable=False),
        sa.Column("security_profile", c.Integer(), nullable=False),
        sa.Column("revised_at", c.Instant(), nullable=False),
        sa.Column("interface", c.Text(), nullable=False),
        sa.Column("message_timeout_s", c.Integer(), nullable=False),
        sa.Column("identity", c.Text(), nullable=True),
        sa.Column("apn", c.Json(), nullable=True),
        sa.Column("vpn", c.Json(), nullable=True),
        sa.Column("sealed", c.Blob(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_network_profiles")),
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("reference", c.Text(), nullable=False),
        sa.Column("channel", c.Text(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("updated_at", c.Instant(), nullable=False),
        sa.Column("evse", c.Integer(), nullable=True),
        sa.Column("token", c.Text(), nullable=True),
        sa.Column("authorized", c.Exact(4), nullable=True),
        sa.Column("currency", c.Text(), nullable=True),
        sa.Column("transaction_id", c.Text(), nullable=True),
        sa.Column("due", c.Exact(4), nullable=True),
        sa.Column("settled", c.Exact(4), nullable=True),
        sa.Column("settled_at", c.Instant(), nullable=True),
        sa.Column("receipt_id", c.Text(), nullable=True),
        sa.Column("receipt_url", c.Text(), nullable=True),
        sa.Column("secret", c.Text(), nullable=True),
        sa.Column("vat_number", c.Text(), nullable=True),
        sa.Column("company", c.Text(), nullable=True),
        sa.Column("details", c.Text(), nullable=False),
        sa.Column("tries", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "reference", name=op.f("pk_payments")),
    )
    op.create_index("ix_payments_created_at", "payments", ["tenant", "created_at"], unique=False)
    op.create_index("ix_payments_reference", "payments", ["tenant", "reference"], unique=False)
    op.create_index("ix_payments_secret", "payments", ["secret"], unique=False)
    op.create_index(
        "ix_payments_transaction", "payments", ["tenant", "transaction_id"], unique=False
    )


def _refusals() -> None:
    op.create_table(
        "refusals",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("folded", c.Text(), nullable=False),
        sa.Column("identity", c.Text(), nullable=False),
        sa.Column("is_registered", c.Boolean(), nullable=False),
        sa.Column("count", c.Integer(), nullable=False),
        sa.Column("last_at", c.Instant(), nullable=False),
        sa.Column("last", c.Json(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "folded", name=op.f("pk_refusals")),
    )
    op.create_index("ix_refusals_last_at", "refusals", ["tenant", "last_at"], unique=False)


def _report_pages() -> None:
    op.create_table(
        "report_pages",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq_no", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("body", c.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "number", "seq_no", name=op.f("pk_report_pages")
        ),
    )
    op.create_index("ix_report_pages_at", "report_pages", ["at"], unique=False)


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", c.Text(), nullable=False),
        sa.Column("request", c.Text(), nullable=False),
        sa.Column("asked_by", c.Text(), nullable=False),
        sa.Column("asked_at", c.Instant(), nullable=False),
        sa.Column("answer", c.Text(), nullable=True),
        sa.Column("heard_at", c.Instant(), nullable=True),
        sa.Column("pages", c.Integer(), nullable=False),
        sa.Column("characters", c.Integer(), nullable=False),
        sa.Column("seen", c.Text(), nullable=False),
        sa.Column("last", c.Integer(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_asked_at", "reports", ["asked_at"], unique=False)


def _reservations() -> None:
    op.create_table(
        "reservations",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("token", c.Text(), nullable=False),
        sa.Column("token_kind", c.Text(), nullable=True),
        sa.Column("made_at", c.Instant(), nullable=False),
        sa.Column("expires_at", c.Instant(), nullable=False),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("connector_type", c.Text(), nullable=True),
        sa.Column("group_id", c.Text(), nullable=True),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=True),
        sa.Column("transaction_id", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_reservations")),
    )
    op.create_index(
        "ix_reservations_expires_at", "reservations", ["tenant", "expires_at"], unique=False
    )


def _running_transactions() -> None:
    op.add_column("running_transactions", sa.Column("arranged", c.Text(), nullable=True))


def _security_events() -> None:
    op.create_table(
        "security_events",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("info", c.Text(), nullable=False),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.Column("id", c.Integer(), nullable=False),
        sa.Column("is_critical", c.Boolean(), nullable=False),
        sa.Column("acknowledged_at", c.Instant(), nullable=True),
        sa.Column("acknowledged_by", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "kind", "at", "info", name=op.f("pk_security_events")
        ),
    )
    op.create_index("ix_security_events_id", "security_events", ["tenant", "id"], unique=False)


def _settings() -> None:
    op.add_column("settings", sa.Column("neutral", c.Text(), nullable=True))
    op.add_column("settings", sa.Column("lowest", c.Text(), nullable=True))
    op.add_column("settings", sa.Column("highest", c.Text(), nullable=True))
    op.add_column("settings", sa.Column("elements_max", c.Integer(), nullable=True))
    op.add_column("settings", sa.Column("persistent", c.Boolean(), nullable=True))
    op.add_column("settings", sa.Column("constant", c.Boolean(), nullable=True))
    op.add_column("settings", sa.Column("monitorable", c.Boolean(), nullable=True))
    op.add_column("settings", sa.Column("refused", c.Text(), nullable=True))
    op.add_column("settings", sa.Column("refused_why", c.Text(), nullable=True))


def _signed_readings() -> None:
    op.create_table(
        "signed_readings",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("ref", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("digest", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("context", c.Text(), nullable=False),
        sa.Column("method", c.Text(), nullable=False),
        sa.Column("encoding", c.Text(), nullable=False),
        sa.Column("data", c.Text(), nullable=False),
        sa.Column("public_key", c.Text(), nullable=True),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "ref", "at", "digest", name=op.f("pk_signed_readings")
        ),
        sqlite_with_rowid=False,
    )


def _station_events() -> None:
    op.create_table(
        "station_events",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("value", c.Text(), nullable=False),
        sa.Column("severity", c.Integer(), nullable=True),
        sa.Column("cleared", c.Boolean(), nullable=False),
        sa.Column("trigger", c.Text(), nullable=True),
        sa.Column("origin", c.Text(), nullable=True),
        sa.Column("number", c.Integer(), nullable=True),
        sa.Column("cause", c.Integer(), nullable=True),
        sa.Column("code", c.Text(), nullable=True),
        sa.Column("info", c.Text(), nullable=True),
        sa.Column("ref", c.Text(), nullable=True),
        sa.Column("monitor", c.Integer(), nullable=True),
        sa.Column("acknowledged_at", c.Instant(), nullable=True),
        sa.Column("acknowledged_by", c.Text(), nullable=True),
        sa.Column("note", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_station_events")),
    )
    op.create_index(
        "ix_station_events_received_at", "station_events", ["received_at"], unique=False
    )
    op.create_index("ix_station_events_recent", "station_events", ["tenant", "id"], unique=False)
    op.create_index(
        "ix_station_events_repeats", "station_events", ["tenant", "station", "at"], unique=False
    )


def _station_networks() -> None:
    op.create_table(
        "station_networks",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("content", c.Json(), nullable=False),
        sa.Column("due_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_station_networks")),
    )
    op.create_index("ix_station_networks_due_at", "station_networks", ["due_at"], unique=False)


def _station_plans() -> None:
    op.create_table(
        "station_plans",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("counts", c.Boolean(), nullable=False),
        sa.Column("installed", c.Text(), nullable=True),
        sa.Column("is_known", c.Boolean(), nullable=False),
        sa.Column("refused", c.Text(), nullable=True),
        sa.Column("told", c.Text(), nullable=False),
        sa.Column("told_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_station_plans")),
    )


def _stations() -> None:
    op.add_column("stations", sa.Column("habits", c.Text(), nullable=True))
    op.add_column("stations", sa.Column("pending_secret", c.Blob(), nullable=True))
    op.add_column("stations", sa.Column("pending_profile", c.Integer(), nullable=True))
    op.create_index("ix_stations_booted_at", "stations", ["booted_at"], unique=False)


def _stream_blocks() -> None:
    op.create_table(
        "stream_blocks",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("stream", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("samples", c.Text(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "stream", "slot", name=op.f("pk_stream_blocks")
        ),
    )


def _streams() -> None:
    op.create_table(
        "streams",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("opened_at", c.Instant(), nullable=False),
        sa.Column("monitor", c.Integer(), nullable=True),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("interval_s", c.Integer(), nullable=True),
        sa.Column("values_max", c.Integer(), nullable=True),
        sa.Column("received", c.Integer(), nullable=False),
        sa.Column("pending", c.Integer(), nullable=False),
        sa.Column("growing", c.Integer(), nullable=False),
        sa.Column("last_at", c.Instant(), nullable=True),
        sa.Column("last_value", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "number", name=op.f("pk_streams")),
    )


def _swap_stations() -> None:
    op.create_table(
        "swap_stations",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("capacity_wh", c.Exact(1), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_swap_stations")),
    )


def _swaps() -> None:
    op.create_table(
        "swaps",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("number", c.Integer(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("began_at", c.Instant(), nullable=False),
        sa.Column("updated_at", c.Instant(), nullable=False),
        sa.Column("token", c.Text(), nullable=True),
        sa.Column("token_kind", c.Text(), nullable=True),
        sa.Column("taken", c.Text(), nullable=False),
        sa.Column("given", c.Text(), nullable=False),
        sa.Column("ended_at", c.Instant(), nullable=True),
        sa.Column("prices", c.Blob(), nullable=True),
        sa.Column("capacity_wh", c.Exact(1), nullable=True),
        sa.Column("cost_excl", c.Exact(8), nullable=True),
        sa.Column("cost_incl", c.Exact(8), nullable=True),
        sa.Column("currency", c.Text(), nullable=True),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "id", name=op.f("pk_swaps")),
    )
    op.create_index("ix_swaps_began_at", "swaps", ["tenant", "began_at", "id"], unique=False)
    op.create_index("ix_swaps_id", "swaps", ["tenant", "id"], unique=False)
    op.create_index("ix_swaps_number", "swaps", ["tenant", "station", "number"], unique=False)


def _templates() -> None:
    op.create_table(
        "templates",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("applies", c.Text(), nullable=False),
        sa.Column("settings", c.Text(), nullable=False),
        sa.Column("created_at", c.Instant(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=False),
        sa.Column("monitors", c.Text(), nullable=False),
        sa.Column("monitoring_base", c.Text(), nullable=True),
        sa.Column("monitoring_level", c.Integer(), nullable=True),
        sa.Column("restarts", c.Boolean(), nullable=False),
        sa.Column("is_active", c.Boolean(), nullable=False),
        sa.Column("rank", c.Integer(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_templates")),
    )


def _tokens() -> None:
    op.add_column("tokens", sa.Column("language", c.Text(), nullable=True))
    op.add_column("tokens", sa.Column("second_language", c.Text(), nullable=True))
    op.add_column("tokens", sa.Column("message", c.Text(), nullable=True))
    op.add_column("tokens", sa.Column("priority", c.Integer(), nullable=True))
    op.add_column("tokens", sa.Column("transfers", c.Text(), nullable=True))
    op.add_column("tokens", sa.Column("tariff", c.Text(), nullable=True))
    op.add_column("tokens", sa.Column("credit", c.Exact(4), nullable=True))


def _transactions() -> None:
    op.add_column("transactions", sa.Column("terms", c.Text(), nullable=True))


def _trust_roots() -> None:
    op.create_table(
        "trust_roots",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("id", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("pem", c.Text(), nullable=False),
        sa.Column("not_before", c.Instant(), nullable=False),
        sa.Column("not_after", c.Instant(), nullable=False),
        sa.Column("added_at", c.Instant(), nullable=False),
        sa.Column("stations", c.Json(), nullable=True),
        sa.Column("is_unwanted", c.Boolean(), nullable=False),
        sa.Column("warned_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", "kind", name=op.f("pk_trust_roots")),
    )


def _trust_stores() -> None:
    op.create_table(
        "trust_stores",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("listed_at", c.Instant(), nullable=True),
        sa.Column("content", c.Json(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_trust_stores")),
    )


def _upkeep() -> None:
    op.create_table(
        "upkeep",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("kind", c.Text(), nullable=False),
        sa.Column("state", c.Text(), nullable=False),
        sa.Column("since", c.Instant(), nullable=False),
        sa.Column("detail", c.Text(), nullable=True),
        sa.Column("told", c.Text(), nullable=True),
        sa.Column("tries", c.Integer(), nullable=False),
        sa.Column("next_at", c.Instant(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", "kind", name=op.f("pk_upkeep")),
    )


def _vat_numbers() -> None:
    op.create_table(
        "vat_numbers",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("number", c.Text(), nullable=False),
        sa.Column("asked_at", c.Instant(), nullable=False),
        sa.Column("standing", c.Text(), nullable=False),
        sa.Column("checked_at", c.Instant(), nullable=True),
        sa.Column("company", c.Text(), nullable=True),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name=op.f("pk_vat_numbers")),
    )


def _web_payments() -> None:
    op.create_table(
        "web_payments",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("template", c.Text(), nullable=False),
        sa.Column("changed_at", c.Instant(), nullable=False),
        sa.Column("secret", c.Text(), nullable=True),
        sa.Column("validity_s", c.Integer(), nullable=False),
        sa.Column("length", c.Integer(), nullable=False),
        sa.Column("is_on", c.Boolean(), nullable=False),
        sa.Column("version", c.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "station", name=op.f("pk_web_payments")),
    )
