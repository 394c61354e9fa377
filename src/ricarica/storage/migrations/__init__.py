"""The way of the schema from one release to the next. `upgrade` goes all of it."""

from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

# Any number will do, as long as all nodes take the same.
LOCK = 0x71CA71CA
# Whoever waits for the lock of a whole table holds up all who come after: stations, for example.
LOCK_TIMEOUT_MS = 1_000

log = structlog.get_logger("ricarica.storage")


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Nodes that start together take turns. On PostgreSQL each step is a transaction of its own."""
    config = _config(connection)
    is_postgresql = connection.dialect.name == "postgresql"
    if is_postgresql:
        connection.execute(sa.select(sa.func.pg_advisory_lock(LOCK)))
        connection.exec_driver_sql(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
    unknown = _unknown(connection, config)
    if is_postgresql:
        connection.commit()
    if unknown:
        # While nodes are upgraded one by one, an old one may have to start once more.
        log.warning("storage.schema_is_newer", revisions=sorted(unknown))
    else:
        command.upgrade(config, revision)


def pending(connection: sa.Connection) -> list[str]:
    """The steps that `upgrade` would take, the first one first."""
    script = ScriptDirectory.from_config(_config(connection))
    done = MigrationContext.configure(connection).get_current_heads()
    known = tuple(revision for revision in done if revision in _revisions(script))
    if done and not known:
        return []  # of a newer release
    steps = script.iterate_revisions("heads", known or "base")
    return [step.revision for step in steps][::-1]


def _config(connection: sa.Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _unknown(connection: sa.Connection, config: Config) -> set[str]:
    """The steps of a newer release that was here before us; its tables fit this one too."""
    known = _revisions(ScriptDirectory.from_config(config))
    return set(MigrationContext.configure(connection).get_current_heads()) - known


def _revisions(script: ScriptDirectory) -> set[str]:
    return {each.revision for each in script.walk_revisions()}
