"""What a station did is done, though the database may be away just then."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ricarica.engine import commands
from ricarica.kernel.errors import StorageUnavailableError

T = TypeVar("T")


async def stubbornly(work: Callable[[], Awaitable[T]]) -> T:
    """Do it again after a while, as long as nothing can be stored. It may have been done before.

    Raises:
        StorageUnavailableError: not even after the last pause.
    """
    for pause_s in commands.NOTED_AGAIN_AFTER_S:
        try:
            return await work()
        except StorageUnavailableError:
            await asyncio.sleep(pause_s)
    return await work()
