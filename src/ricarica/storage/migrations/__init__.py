"""The way of the schema from one release to the next. `upgrade` goes all of it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

# Any number will do, as long as all nodes take the same.
LOCK = 0x71CA71CA


def upgrade(connection: sa.Connection) -> None:
    """Run within a transaction of the caller's; nodes that start together take turns."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")
