"""A station that says and answers exactly what a test writes down, over a wire in memory.

Everything that goes either way is held against the official schema of its dialect.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from ricarica.link.letters import Outcome, Told
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.model import UnknownStations
from ricarica.testing.world import World, world
from tests.wire.ocpp.official import complaint

T = TypeVar("T")
Json = dict[str, Any]
TURNS = 2_000  # each until nothing moves any more; what is asked for comes within a few
ALL = (V16, V201, V21)
BOTH = (V201, V21)


@dataclass(frozen=True)
class Error:
    """What a station answers instead of a result."""

    code: str
    description: str = ""


class Peer:
    def __init__(self, network: World, station: SimulatedStation) -> None:
        self.network = network
        self.station = station
        self._teller = network.teller(station)

    @property
    def dialect(self) -> Dialect:
        return self.station.dialect

    @property
    def now(self) -> str:
        """The time as a station writes it."""
        return self.network.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z")

    # What it says

    async def says(self, action: str, payload: Json | None = None) -> Json:
        """A call that is valid and has to be answered; the payload of its answer."""
        given = payload or {}
        _assert_valid(self.dialect, f"{action}Request", given)
        answer = await self._teller.call(action, given)
        _assert_valid(self.dialect, f"{action}Response", answer)
        return answer

    async def is_refused(self, action: str, payload: Json | None = None) -> str:
        """A call that has to be refused; the code of the error."""
        answer = await self._teller.call_raw(action, payload or {})
        assert answer[0] == 4, f"{action} was answered: {answer}"
        return str(answer[2])

    async def sends(self, action: str, payload: Json) -> None:
        """What is never answered. (2.1 SEND)"""
        await self.utters(json.dumps([6, "sent-1", action, payload]))
        frames = [json.loads(text) for text in self.network.frames[self.key].to_station]
        assert not [frame for frame in frames if frame[1] == "sent-1"], "a SEND was answered"

    async def utters(self, text: str) -> None:
        """Anything at all."""
        self._wire.inject(text)
        await self.network.settle()

    # What it is told

    async def obeys(
        self, work: Awaitable[T], answer: Json | Error | None = None
    ) -> tuple[str, Json, T]:
        """Answer the call that `work` makes: its action, its payload, and what came of it."""
        task = asyncio.ensure_future(work)
        action, payload = await self.answers(answer, task)
        return action, payload, await self._result(task)

    async def answers(
        self, answer: Json | Error | None = None, task: "asyncio.Future[Any] | None" = None
    ) -> tuple[str, Json]:
        """Answer the next call to come: its action and its payload."""
        message_id, action, payload = await self._call_to_come(task)
        _assert_valid(self.dialect, f"{action}Request", payload)
        if isinstance(answer, Error):
            self._wire.inject(json.dumps([4, message_id, answer.code, answer.description, {}]))
        else:
            _assert_valid(self.dialect, f"{action}Response", answer or {})
            self._wire.inject(json.dumps([3, message_id, answer or {}]))
        await self.network.settle()
        return action, payload

    async def told(self, action: str, payload: Json, answer: Json | Error | None = None) -> Told:
        """Have an operator send this action with this payload, and answer it."""
        call = self.network.call(self.station, action, json.dumps(payload).encode())
        said, sent, told = await self.obeys(call, answer)
        assert (said, sent) == (action, payload), "something else went over the wire"
        return told

    async def answered_badly(self, work: Awaitable[T], answer: Json) -> T:
        """Answer the call that `work` makes with what no schema allows."""
        task = asyncio.ensure_future(work)
        message_id, _, _ = await self._call_to_come(task)
        await self.utters(json.dumps([3, message_id, answer]))
        return await self._result(task)

    async def _call_to_come(self, task: "asyncio.Future[Any] | None") -> tuple[str, str, Json]:
        for _ in range(TURNS):
            await asyncio.sleep(0)
            await self.network.settle()
            if (found := self._open_call()) is not None:
                return found
            if task is not None and task.done():
                break
        came = f"; instead it ended with {task.result()}" if task and task.done() else ""
        raise AssertionError(f"no call came over the wire{came}")

    def _open_call(self) -> tuple[str, str, Json] | None:
        frames = self.network.frames[self.key]
        answered = {json.loads(text)[1] for text in frames.from_station if text[:2] in ("[3", "[4")}
        for text in frames.to_station:
            frame = json.loads(text)
            if frame[0] == 2 and frame[1] not in answered:
                return frame[1], frame[2], frame[3]
        return None

    async def _result(self, task: "asyncio.Future[T]") -> T:
        for _ in range(TURNS):
            if task.done():
                return task.result()
            await asyncio.sleep(0)
            await self.network.settle()
        raise AssertionError("nobody heeded the answer")

    @property
    def _wire(self) -> Any:
        return self._teller.wire

    @property
    def key(self) -> Any:
        return self._teller.wire.key.station


def _assert_valid(dialect: Dialect, name: str, payload: Json) -> None:
    found = complaint(dialect, name, payload)
    assert found is None, f"{dialect} {name} {payload}: {found}"


@asynccontextmanager
async def quiet_world(unknown: UnknownStations = UnknownStations.ACCEPT) -> AsyncIterator[World]:
    """A network that tells a station nothing of its own accord."""
    async with world(unknown=unknown) as network:
        network.upkeeps = ()
        await network.restart_engine()
        yield network


BOOTS: Mapping[str, Json] = {
    "v16": {"chargePointVendor": "Stellavolt", "chargePointModel": "Duo 22"},
    "v2": {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "Stellavolt", "model": "Duo 22"},
    },
}


async def connected(network: World, dialect: Dialect, identity: str = "OCA-1") -> Peer:
    """It has opened its socket and said nothing."""
    station = network.build(identity, dialect)
    await network.connect_only(station)
    return Peer(network, station)


async def booted(network: World, dialect: Dialect, identity: str = "OCA-1") -> Peer:
    peer = await connected(network, dialect, identity)
    answer = await peer.says("BootNotification", BOOTS[dialect.family])
    assert answer["status"] == "Accepted"
    return peer


@dataclass(frozen=True)
class Order:
    """A test case in which an operator sends a message and the station answers it."""

    tc: str
    action: str
    payload: Json
    answer: Json | Error
    dialects: tuple[Dialect, ...] = BOTH


def orders(*rows: Order) -> pytest.MarkDecorator:
    """One test for each row in each of its dialects."""
    cases = [
        pytest.param(row, dialect, id=f"{row.tc}-{dialect}", marks=pytest.mark.tc(row.tc))
        for row in rows
        for dialect in row.dialects
    ]
    return pytest.mark.parametrize(("order", "dialect"), cases)


async def carries_out(network: World, order: Order, dialect: Dialect) -> None:
    """It goes out as it was given, and the station's answer comes back to who sent it."""
    peer = await booted(network, dialect)

    told = await peer.told(order.action, order.payload, order.answer)

    if isinstance(order.answer, Error):
        assert (told.outcome, told.code) == (Outcome.REFUSED, order.answer.code)
    else:
        assert told.outcome is Outcome.ANSWERED
        assert json.loads(told.payload or b"") == order.answer
