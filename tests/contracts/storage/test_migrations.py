import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ricarica.app.tables import metadata
from ricarica.kernel.errors import InvalidError
from ricarica.storage import migrations
from ricarica.storage.migrations import upgrade
from ricarica.storage.open import OpenDatabase, open_database


def differences(connection: sa.Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def table_names(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[OpenDatabase]:
    database = open_database(database_url)
    yield database
    await database.close()


@pytest.fixture
async def nodes(shared_url: str) -> AsyncIterator[list[OpenDatabase]]:
    databases = [open_database(shared_url) for _ in range(3)]
    yield databases
    for database in databases:
        await database.close()


async def test_migrating_makes_the_tables_as_they_are_described(database: OpenDatabase) -> None:
    await database.migrate()

    assert await database.run_sync(table_names) == {*metadata.tables, "alembic_version"}
    assert await database.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: OpenDatabase) -> None:
    await database.migrate()
    await database.migrate()

    assert await database.run_sync(differences) == []


async def test_nodes_that_start_together_migrate_once(nodes: list[OpenDatabase]) -> None:
    await asyncio.gather(*(node.migrate() for node in nodes))

    assert await nodes[0].run_sync(differences) == []


async def test_a_migration_that_fails_leaves_nothing_behind(
    database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(connection: sa.Connection) -> None:
        upgrade(connection)
        raise InvalidError("half way")

    monkeypatch.setattr(migrations, "upgrade", fail)
    with pytest.raises(InvalidError):
        await database.migrate()

    assert await database.run_sync(table_names) == set()


def test_every_key_comes_first_and_every_version_last() -> None:
    for table in metadata.sorted_tables:
        names = list(table.columns.keys())
        keys = [column.name for column in table.primary_key.columns]
        assert names[: len(keys)] == keys, table.name
        assert "version" not in names[:-1], table.name


def test_every_table_belongs_to_a_tenant_but_that_of_the_processes() -> None:
    others = [table.name for table in metadata.sorted_tables if "tenant" not in table.columns]

    assert others == ["nodes"]
