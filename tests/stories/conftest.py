import json
from collections.abc import AsyncIterator, Callable, Iterator
from decimal import Decimal
from itertools import count

import pytest

from ricarica.ocpp.dialects import BY_NAME, DIALECTS, Dialect
from ricarica.testing.lines import Line, LocalLine, NatsLine
from ricarica.testing.nats import NatsServer, nats_server
from ricarica.testing.wires import Frames
from ricarica.testing.world import World, world
from tests.wire.ocpp.official import complaint

NUMBERS = count(1)  # no two worlds hear each other


@pytest.fixture(scope="session")
def nats() -> Iterator[NatsServer]:
    with nats_server() as server:
        yield server


@pytest.fixture(params=["local", "nats"])
def make_line(request: pytest.FixtureRequest) -> Callable[[], Line]:
    """Every story holds in one process, and where sockets and decisions are two."""
    if request.param == "local":
        return LocalLine
    server: NatsServer = request.getfixturevalue("nats")
    return lambda: NatsLine(server.url, f"story{next(NUMBERS)}")


@pytest.fixture
async def network(make_line: Callable[[], Line]) -> AsyncIterator[World]:
    """A network whose every frame to a station is held against its official schema."""
    async with world(make_line=make_line) as each:
        yield each
    for frames in each.frames.values():
        _check(frames)


@pytest.fixture(params=DIALECTS, ids=str)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Every story is told once and holds in every dialect."""
    chosen: Dialect = request.param
    return chosen


def _check(frames: Frames) -> None:
    asked: dict[str, str] = {}
    for text in frames.from_station:
        frame = json.loads(text, strict=False)
        if frame[0] == 2:
            asked[frame[1]] = frame[2]
    for text in frames.to_station:
        frame = json.loads(text, parse_float=Decimal)
        if frame[0] == 2:
            name, payload = f"{frame[2]}Request", frame[3]
        elif frame[0] == 3:
            name, payload = f"{asked[frame[1]]}Response", frame[2]
        else:
            continue
        assert complaint(BY_NAME[frames.dialect], name, payload) is None, text
