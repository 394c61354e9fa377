"""Gaps."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _bulk_jobs()
    _certificate_requests()
    _station_plans()
    _stations()
    _vat_numbers()


def _bulk_jobs() -> None:
    op.add_column("bulk_jobs", sa.Column("paced_at", c.Instant(), nullable=True))


def _certificate_requests() -> None:
    op.add_column("certificate_requests", sa.Column("proven_at", c.Instant(), nullable=True))
    op.create_index(
        "ix_certificate_requests_id", "certificate_requests", ["tenant", "id"], unique=False
    )


def _station_plans() -> None:
    op.add_column("station_plans", sa.Column("misread", c.Text(), nullable=True))


def _stations() -> None:
    op.add_column("stations", sa.Column("pending_until", c.Instant(), nullable=True))
    op.add_column("stations", sa.Column("certificate_name", c.Text(), nullable=True))
    op.add_column("stations", sa.Column("certificate_pin", c.Text(), nullable=True))
    op.add_column("stations", sa.Column("labels", c.Text(), nullable=True))


def _vat_numbers() -> None:
    op.add_column("vat_numbers", sa.Column("tried_at", c.Instant(), nullable=True))
