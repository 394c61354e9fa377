"""Which processes there are, and at which of them a station is connected."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _nodes()
    _stations()


def _nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("name", c.Text(), nullable=False),
        sa.Column("roles", c.Text(), nullable=False),
        sa.Column("started_at", c.Instant(), nullable=False),
        sa.Column("seen_at", c.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_nodes")),
    )


def _stations() -> None:
    op.add_column("stations", sa.Column("node", c.Text(), nullable=True))
