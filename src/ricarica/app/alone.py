"""One server to its data, unless it knows the others: what it remembers it takes for its own."""

import fcntl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from ricarica.kernel.errors import ConflictError
from ricarica.storage.database import Database
from ricarica.storage.open import is_postgresql

FILE = "serving.lock"


@contextmanager
def alone(data: Path) -> Iterator[None]:
    """Hold the directory as long as this lasts; the system lets go of it when we are killed.

    Raises:
        ConflictError: another server has it.
    """
    with (data / FILE).open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                f"another server runs on {data}; stop it first, or choose another --data"
            ) from error
        yield


@asynccontextmanager
async def alone_on(database: Database) -> AsyncIterator[None]:
    """Hold a database server's database, which a directory's lock does not see.

    Raises:
        ConflictError: another server has it.
    """
    if not is_postgresql(database):
        yield
        return
    from ricarica.storage.sole import sole_server  # with the driver, which is slow to load

    async with sole_server(database):
        yield


async def check_nobody_alone(database: Database) -> None:
    """
    Raises:
        ConflictError: somebody has the database for himself.
    """
    if is_postgresql(database):
        from ricarica.storage.sole import no_sole_server

        await no_sole_server(database)
