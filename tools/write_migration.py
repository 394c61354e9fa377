"""Write what brings a database from the last migration to the tables as they are described now.

    python tools/write_migration.py NAME      writes the next one, e.g. 0002_NAME.py
    python tools/write_migration.py --check   is there one for every change?

What it writes is a draft: of moving rows, and of what only one database can do, it knows
nothing. docs/explanation/migrations.md has the rules.
"""

import hashlib
import re
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
from ricarica.storage import migrations

HEAD = '''"""{title}."""

import sqlalchemy as sa
from alembic import op

from ricarica.storage import columns as c

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
'''
REPOSITORY = Path(__file__).parent.parent
VERSIONS = REPOSITORY / "src/ricarica/storage/migrations/versions"
# Databases out there have gone through these: what they say is history.
RELEASED = {
    "0001_first_light.py": "47474a3d7e058d8c5aaa94f784e5557fd9a18ee3b2e227aa6d23446605e28a55",
}


def main() -> None:
    if sys.argv[1:] == ["--check"]:
        complaints = [*rewritten(VERSIONS), *missing(tables.metadata)]
        if complaints:
            sys.exit("\n".join(complaints))
    elif len(sys.argv) == 2 and re.fullmatch(r"[a-z_]+", sys.argv[1]):
        write(sys.argv[1])
    else:
        sys.exit(__doc__)


def rewritten(versions: Path) -> Iterator[str]:
    for name, digest in RELEASED.items():
        if hashlib.sha256((versions / name).read_bytes()).hexdigest() != digest:
            yield f"{name} is released and stays as it was: write another migration"


def missing(metadata: sa.MetaData) -> Iterator[str]:
    for change in _flat(_changes(metadata)):
        yield f"{change.table_name} has changed: run tools/write_migration.py NAME"


def write(name: str) -> None:
    before = max(VERSIONS.glob("[0-9]*.py")).name[:4]
    revision = f"{int(before) + 1:04}"
    place = VERSIONS / f"{revision}_{name}.py"
    title = name.replace("_", " ").capitalize()
    head = HEAD.format(title=title, revision=revision, before=before)
    place.write_text(_formatted(f"{head}{steps(tables.metadata)}", place))
    sys.stdout.write(f"{place.relative_to(REPOSITORY)}: read it, it is a draft\n")


def steps(metadata: sa.MetaData) -> str:
    """`upgrade`, and a function for each table that it calls."""
    functions = list(table_functions(_changes(metadata)))
    calls = "".join(f"    {name}()\n" for name, _ in functions) or "    pass\n"
    bodies = "".join(f"\n\ndef {name}() -> None:\n{body}\n" for name, body in functions)
    return f"\n\ndef upgrade() -> None:\n{calls}{bodies}"


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
    with sa.create_engine("sqlite://").connect() as migrated:
        migrations.upgrade(migrated)
        script = produce_migrations(MigrationContext.configure(migrated), metadata)
    assert script.upgrade_ops, "what is compared gives a list of changes"
    return script.upgrade_ops.ops


def _formatted(text: str, place: Path) -> str:
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(place), "-"]
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
