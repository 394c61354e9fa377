"""What a start says of the key to what lies sealed in the database."""

import pytest
from structlog.testing import capture_logs

from ricarica.app.sealed import try_secrets
from ricarica.app.tables import metadata
from ricarica.certificates.sql import AUTHORITIES
from ricarica.certificates.vault import AesVault, MissingVault, new_key
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.storage.database import Add
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.clock import START

OURS = AesVault(new_key())


@pytest.mark.parametrize(
    ("vault", "said"),
    [(OURS, []), (AesVault(new_key()), ["secrets.unopened"]), (MissingVault(), ["secrets.no_key"])],
    ids=["its own", "another", "none"],
)
async def test_a_key_that_opens_nothing_is_told(vault: AesVault, said: list[str]) -> None:
    database = SqliteDatabase(":memory:", metadata)
    await database.create_all()
    keys = (DEFAULT_TENANT, "station", "PEM", OURS.seal(b"secret"), START, 1)
    await database.commit([Add(AUTHORITIES, keys)])

    with capture_logs() as logged:
        await try_secrets(database, vault, is_key_missing=isinstance(vault, MissingVault))
    await database.close()

    assert [line["event"] for line in logged] == said
