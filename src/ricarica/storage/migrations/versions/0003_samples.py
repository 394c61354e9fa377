"""Readings of one moment in one row; those of before are moved while all goes on."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "samples",
        sa.Column("tenant", c.Text(), nullable=False),
        sa.Column("station", c.Text(), nullable=False),
        sa.Column("ref", c.Text(), nullable=False),
        sa.Column("at", c.Instant(), nullable=False),
        sa.Column("digest", c.Integer(), autoincrement=False, nullable=False),
        sa.Column("evse", c.Integer(), nullable=False),
        sa.Column("received_at", c.Instant(), nullable=False),
        sa.Column("register_wh", c.Exact(4), nullable=True),
        sa.Column("power_w", c.Exact(4), nullable=True),
        sa.Column("readings", c.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "station", "ref", "at", "digest", name=op.f("pk_samples")
        ),
        postgresql_partition_by="RANGE (at)",
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE samples_default PARTITION OF samples DEFAULT")
