import pytest

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
