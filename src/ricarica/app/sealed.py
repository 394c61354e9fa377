"""Whether the key that is given opens the secrets that lie sealed in the database."""

from itertools import chain

import sqlalchemy as sa
import structlog

from ricarica.certificates.ports import Vault, VaultError
from ricarica.certificates.sql import AUTHORITIES
from ricarica.engine.sql import FORWARDS
from ricarica.security.sql import PROFILES
from ricarica.storage.database import Database

log = structlog.get_logger("ricarica.secrets")

LOOKED_AT_MAX = 100  # of each kind: one that cannot be opened is reason enough


async def try_secrets(database: Database, vault: Vault, *, is_key_missing: bool) -> None:
    """Better at the start than when a station's certificate has to be renewed."""
    if is_key_missing:
        log.warning("secrets.no_key", missing="secrets_key, one file for all nodes")
    elif number := unopened(vault, await sealed_in(database)):
        log.error("secrets.unopened", number=number, missing="the secrets_key file of before")


async def sealed_in(database: Database) -> list[bytes]:
    """Some of them: keys of our own authorities, secrets of networks, passwords of forwards."""
    queries = (
        sa.select(AUTHORITIES.c.sealed_key),
        sa.select(PROFILES.c.sealed).where(PROFILES.c.sealed.is_not(None)),
        sa.select(FORWARDS.c.password).where(FORWARDS.c.password.is_not(None)),
    )
    found = [await database.fetch(query.limit(LOOKED_AT_MAX)) for query in queries]
    return [
        bytes.fromhex(each) if isinstance(each, str) else bytes(each)
        for (each,) in chain.from_iterable(found)
    ]


def unopened(vault: Vault, sealed: list[bytes]) -> int:
    """How many of them it does not open."""
    return sum(not _opens(vault, each) for each in sealed)


def _opens(vault: Vault, sealed: bytes) -> bool:
    try:
        vault.open(sealed)
    except VaultError:
        return False
    return True
