"""Write the first migration again, from the tables as they are now.

Until the first release there is one migration, and no installation that would have to be
brought from one to the next. Run it after every change of a table.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import CreateTableOp, MigrateOperation, ModifyTableOps, UpgradeOps
from alembic.runtime.migration import MigrationContext

from ricarica.app import tables

HEAD = '''"""The first schema. Written by tools/write_migration.py."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
'''
REPOSITORY = Path(__file__).parent.parent
PLACE = REPOSITORY / "src/ricarica/storage/migrations/versions/0001_first_light.py"


def main() -> None:
    text = _formatted(migration(tables.metadata))
    if "--check" not in sys.argv:
        PLACE.write_text(text)
    elif not PLACE.exists() or PLACE.read_text() != text:
        sys.exit("The tables have changed: run tools/write_migration.py")


def migration(metadata: sa.MetaData) -> str:
    """The module's text: a function for each table, and `upgrade`, which calls them all."""
    functions = list(table_functions(_changes(metadata)))
    calls = "".join(f"    {name}()\n" for name, _ in functions) or "    pass\n"
    bodies = "".join(f"\n\ndef {name}() -> None:\n{body}\n" for name, body in functions)
    return f"{HEAD}\n\ndef upgrade() -> None:\n{calls}{bodies}"


def table_functions(changes: Iterable[MigrateOperation]) -> Iterator[tuple[str, str]]:
    for table, group in groupby(_flat(changes), key=lambda change: change.table_name):
        # SQLite understands the conditions of PostgreSQL's partial indexes, not the reverse.
        context = MigrationContext.configure(dialect_name="postgresql")
        code = render_python_code(
            UpgradeOps(list(group)), render_item=_column_type, migration_context=context
        )
        yield f"_{table}", "\n".join(line for line in code.splitlines() if "# ###" not in line)


def _flat(changes: Iterable[MigrateOperation]) -> Iterator[Any]:
    """A new table, then its indexes: Alembic gives these all at the end."""
    found: list[Any] = [
        inner
        for change in changes
        for inner in (change.ops if isinstance(change, ModifyTableOps) else [change])
    ]
    tables_first = sorted(found, key=lambda change: not isinstance(change, CreateTableOp))
    yield from sorted(tables_first, key=lambda change: change.table_name)


def _changes(metadata: sa.MetaData) -> Iterable[MigrateOperation]:
    with sa.create_engine("sqlite://").connect() as empty:
        script = produce_migrations(MigrationContext.configure(empty), metadata)
    assert script.upgrade_ops, "an empty database needs all tables"
    return script.upgrade_ops.ops


def _formatted(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(PLACE), "-"]
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True).stdout


def _column_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Our own column types by their own names, so that one migration serves both databases."""
    if kind != "type":
        return False
    if type(item).__module__ == "ricarica.storage.columns":
        scale = str(item.scale) if type(item).__name__ == "Exact" else ""
        return f"c.{type(item).__name__}({scale})"
    assert isinstance(item, sa.Boolean), f"{item!r} is not one of ricarica.storage.columns"
    return "c.Boolean()"


if __name__ == "__main__":
    main()
