"""One server to a data directory: what each remembers, it believes to be its own."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ricarica.kernel.errors import ConflictError

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
