"""A node that takes every station, for the benchmarks: prints its port, runs until killed.

python -m bench.server sqlite:///bench.db
"""

import asyncio
import sys

import uvloop

from ricarica.access.model import system_actor
from ricarica.app.collector import calm_collector
from ricarica.app.logs import configure_logs
from ricarica.app.tables import metadata
from ricarica.app.wiring import Parts, running_node
from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.slices import Slices
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.storage.open import open_database

FREELY = Rate(per_s=1e6, burst=1_000_000)
# A client that measures is in more of a hurry than any station.
LIMITS = GatewayLimits(arrivals=FREELY, entries=FREELY, messages=FREELY)


async def serve(url: str) -> None:
    configure_logs("warning", as_json=True)
    database = open_database(url, metadata)
    await database.migrate()
    policy = StationPolicy(unknown=UnknownStations.ACCEPT)
    async with running_node(Parts(database, policy=policy, limits=LIMITS)) as node:
        await node.engine.carry_out(system_actor(DEFAULT_TENANT), add_token)
        calm_collector()
        print(await node.gateway.start("127.0.0.1", 0), flush=True)
        await asyncio.Event().wait()


async def add_token(slices: Slices) -> None:
    token = Token(
        DEFAULT_TENANT, "BENCH", TokenKind.ISO14443, TokenStatus.ACTIVE, created_at=slices.now
    )
    try:
        await slices.authorization.add(token)
    except ConflictError:
        return  # from the run before


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
