"""Several charges."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _payments()


def _payments() -> None:
    op.add_column("payments", sa.Column("charges", c.Text(), nullable=True))
