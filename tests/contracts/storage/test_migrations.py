import asyncio
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ricarica.app.tables import metadata
from ricarica.storage.open import open_database


def differences(connection: sa.Connection) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), metadata))


def table_names(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names())


async def test_migrating_makes_the_tables_as_they_are_described(database_url: str) -> None:
    database = open_database(database_url)

    await database.migrate()

    assert await database.run_sync(table_names) == {*metadata.tables, "alembic_version"}
    assert await database.run_sync(differences) == []
    await database.close()


async def test_migrating_again_changes_nothing(database_url: str) -> None:
    database = open_database(database_url)

    await database.migrate()
    await database.migrate()

    assert await database.run_sync(differences) == []
    await database.close()


async def test_nodes_that_start_together_migrate_once(shared_url: str) -> None:
    databases = [open_database(shared_url) for _ in range(3)]

    await asyncio.gather(*(database.migrate() for database in databases))

    assert await databases[0].run_sync(differences) == []
    for database in databases:
        await database.close()


def test_every_key_comes_first_and_every_version_last() -> None:
    for table in metadata.sorted_tables:
        names = list(table.columns.keys())
        keys = [column.name for column in table.primary_key.columns]
        assert names[: len(keys)] == keys, table.name
        assert "version" not in names[:-1], table.name


def test_every_table_belongs_to_a_tenant() -> None:
    assert [table.name for table in metadata.sorted_tables if "tenant" not in table.columns] == []
