from pathlib import Path

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import InvalidError
from ricarica.storage.open import open_database
from ricarica.storage.postgres import PostgresDatabase
from ricarica.storage.sqlite import SqliteDatabase


@pytest.mark.parametrize(
    "url, kind",
    [
        ("sqlite:///ricarica.db", SqliteDatabase),
        ("sqlite:////var/lib/ricarica.db", SqliteDatabase),
        ("sqlite:///:memory:", SqliteDatabase),
        ("sqlite://", SqliteDatabase),
        ("sqlite:///ricarica.db?cache_mb=16", SqliteDatabase),
        ("postgresql://ada:secret@db.example:5432/ricarica", PostgresDatabase),
        ("postgres://db.example/ricarica?sslmode=require", PostgresDatabase),
    ],
)
async def test_a_url_says_which_database_is_meant(url: str, kind: type) -> None:
    database = open_database(url)

    assert isinstance(database, kind)
    await database.close()


@pytest.mark.parametrize("url", ["ricarica.db", "mysql://db.example/ricarica", ""])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(InvalidError, match="sqlite"):
        open_database(url)


@pytest.mark.parametrize("given", ["0", "-3", "much", "999999999"])
def test_memory_for_pages_is_a_number_of_megabytes(given: str) -> None:
    with pytest.raises(InvalidError, match="cache_mb"):
        open_database(f"sqlite:///ricarica.db?cache_mb={given}")


async def test_what_is_kept_of_the_file_has_a_bound(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'ricarica.db'}?cache_mb=3", sa.MetaData())

    size = await database.run_sync(
        lambda connection: connection.exec_driver_sql("PRAGMA cache_size").scalar()
    )

    assert size == -2048
    await database.close()
