"""The way of the schema from one release to the next. `upgrade` goes all of it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

# Any number will do, as long as all nodes take the same.
LOCK = 0x71CA71CA
# Whoever waits for the lock of a whole table holds up all who come after: stations, for example.
LOCK_TIMEOUT_MS = 1_000


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Nodes that start together take turns. On PostgreSQL each step is a transaction of its own."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
        connection.exec_driver_sql(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        connection.commit()
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, revision)
