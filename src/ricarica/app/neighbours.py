"""Whether all who speak on a NATS serve one database.

Processes of another one would take each other's words for their own, and what one's stations say
would be written down at the other. So whoever comes says so, and the others look whether it is
in their database: nothing that two copies of a database share could tell them apart as well.
"""

import asyncio

import sqlalchemy as sa
import structlog

from ricarica.engine.sql import NODES
from ricarica.kernel.errors import ConflictError
from ricarica.link.bus import Bus
from ricarica.link.letters import Comes, Unknown
from ricarica.storage.database import Database

OBJECTED_WITHIN_S = 1.0  # others look up one row meanwhile

log = structlog.get_logger("ricarica.cluster")


class Neighbours:
    def __init__(self, bus: Bus, node: str, database: Database) -> None:
        self._bus = bus
        self._node = node
        self._database = database
        self._objected: asyncio.Future[str] | None = None

    async def meet(self) -> None:
        """Our name is in the database already.

        Raises:
            ConflictError: somebody there does not find it in theirs.
        """
        self._objected = asyncio.get_running_loop().create_future()
        await self._bus.serve("comes", Comes, self._look)
        await self._bus.listen(f"unknown.{self._node}", Unknown, self._object)
        await self._bus.flush()
        self._bus.send("comes", Comes(self._node))
        done, _ = await asyncio.wait({self._objected}, timeout=OBJECTED_WITHIN_S)
        if done:
            raise ConflictError(
                f"nats_url: {self._objected.result()} speaks there, and serves another database. "
                "Each installation needs a NATS, or an account in it, of its own"
            )

    async def _look(self, comes: Comes) -> None:
        """Whoever cannot be looked up is believed."""
        found = await self._database.fetch(
            sa.select(NODES.c.name).where(NODES.c.name == comes.node)
        )
        if not found:
            log.error("cluster.another_database", node=comes.node)
            self._bus.send(f"unknown.{comes.node}", Unknown(self._node))

    def _object(self, unknown: Unknown) -> None:
        if self._objected and not self._objected.done():
            self._objected.set_result(unknown.by)
