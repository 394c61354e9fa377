"""Secrets that could have come into the log with an error."""

import traceback

import pytest
import sqlalchemy as sa

from ricarica.app.tables import metadata
from ricarica.storage.sqlite import SqliteDatabase


async def test_an_error_of_the_database_does_not_show_the_values() -> None:
    database = SqliteDatabase(":memory:", metadata)
    value = f"canary-{12_345}"  # a traceback shows the lines of this test, too
    nothing = sa.table("no_such_table", sa.column("digest"))

    with pytest.raises(RuntimeError) as failed:
        await database.fetch(sa.select(nothing).where(nothing.c.digest == value))

    assert value not in "".join(traceback.format_exception(failed.value))
    await database.close()
