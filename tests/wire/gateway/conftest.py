import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate
from ricarica.testing.gateway import Hourglass, ScriptedCore


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """On uvloop, which a server runs on, and on the loop that comes with Python."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
def core() -> ScriptedCore:
    return ScriptedCore()


@pytest.fixture
def hourglass() -> Hourglass:
    return Hourglass()


@pytest.fixture
def limits() -> GatewayLimits:
    """Time does not pass by itself, so that nobody's turn would ever come."""
    return GatewayLimits(entries=Rate(per_s=1.0, burst=1_000), close_s=1.0)


@pytest.fixture
async def gateway(
    core: ScriptedCore, hourglass: Hourglass, limits: GatewayLimits
) -> AsyncIterator[StationGateway]:
    gateway = StationGateway(core, hourglass, limits, random.Random(1), hourglass)
    yield gateway
    await gateway.stop()


@pytest.fixture
async def port(gateway: StationGateway) -> int:
    return await gateway.start("127.0.0.1", 0)


@pytest.fixture
async def station(port: int) -> AsyncIterator[Callable[..., Awaitable[ClientConnection]]]:
    """Connects with the `websockets` package; closes what the test has left open."""
    async with AsyncExitStack() as stack:

        async def connected(
            path: str = "/CP1", *subprotocols: str, password: str | None = None
        ) -> ClientConnection:
            userinfo = f"{path.rsplit('/', 1)[-1]}:{password}@" if password else ""
            return await stack.enter_async_context(
                connect(
                    f"ws://{userinfo}127.0.0.1:{port}{path}",
                    subprotocols=[Subprotocol(name) for name in subprotocols or ("ocpp1.6",)],
                    close_timeout=1,
                )
            )

        yield connected
