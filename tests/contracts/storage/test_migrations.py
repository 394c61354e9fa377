import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from ricarica.app.tables import metadata
from ricarica.storage.migrations import upgrade
from ricarica.storage.open import OpenDatabase, open_database


def differences(connection: sa.Connection) -> list[Any]:
    """But for parts of tables, and what only one of the databases has."""
    parts = parts_of_all(connection)
    of_sqlite = set() if connection.dialect.name == "sqlite" else {"ix_messages_at"}

    def is_compared(_item: Any, name: str | None, _kind: str, _reflected: bool, _to: Any) -> bool:
        return name not in parts | of_sqlite

    context = MigrationContext.configure(connection, opts={"include_object": is_compared})
    return list(compare_metadata(context, metadata))


def parts_of_all(connection: sa.Connection) -> set[str]:
    if connection.dialect.name == "sqlite":
        return set()
    query = "SELECT relname FROM pg_class WHERE relispartition"
    return {name for (name,) in connection.exec_driver_sql(query)}


def table_names(connection: sa.Connection) -> set[str]:
    return set(sa.inspect(connection).get_table_names()) - parts_of_all(connection)


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


async def test_a_release_starts_on_the_tables_of_the_one_after_it(database: OpenDatabase) -> None:
    await database.migrate()
    await database.change_schema(newer_release)

    await database.migrate()

    assert await database.run_sync(differences) == []


def newer_release(connection: sa.Connection) -> None:
    connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))


async def test_nodes_that_start_together_migrate_once(nodes: list[OpenDatabase]) -> None:
    await asyncio.gather(*(node.migrate() for node in nodes))

    assert await nodes[0].run_sync(differences) == []


async def test_a_migration_that_fails_leaves_nothing_behind(database: OpenDatabase) -> None:
    """Of itself; those before it are done. When what stood in its way is gone, it goes on."""
    await database.change_schema(lambda connection: upgrade(connection, "0002"))
    await database.change_schema(in_the_way)

    with pytest.raises((RuntimeError, sa.exc.DBAPIError)):
        await database.migrate()

    assert await database.run_sync(revision) == "0002"
    await database.change_schema(out_of_the_way)
    await database.migrate()
    assert await database.run_sync(differences) == []


def in_the_way(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE TABLE samples (id INTEGER)")


def out_of_the_way(connection: sa.Connection) -> None:
    connection.exec_driver_sql("DROP TABLE samples")


def revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def test_every_key_comes_first_and_every_version_last() -> None:
    for table in metadata.sorted_tables:
        names = list(table.columns.keys())
        keys = [column.name for column in table.primary_key.columns]
        assert names[: len(keys)] == keys, table.name
        assert "version" not in names[:-1], table.name


def test_every_table_belongs_to_a_tenant_but_that_of_the_processes() -> None:
    others = [table.name for table in metadata.sorted_tables if "tenant" not in table.columns]

    assert others == ["nodes"]
