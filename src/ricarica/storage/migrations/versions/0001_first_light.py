"""The first schema. Written by tools/write_migration.py."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
