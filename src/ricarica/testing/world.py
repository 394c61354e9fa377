"""A whole network in memory: the engine, its database, stations that behave, and time.

Nothing moves unless the test says so, so a story runs the same way every time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

import msgspec

from ricarica.access.model import Actor, system_actor
from ricarica.app.wiring import prefetch, stores_for
from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.billing.service import BillingPolicy
from ricarica.certificates.inquiries import Inquiries
from ricarica.certificates.pki import Pki
from ricarica.engine.commands import Call
from ricarica.engine.core import Engine, Vocabulary
from ricarica.engine.upkeep import Upkeep
from ricarica.engine.upkeeps import UPKEEPS
from ricarica.kernel.events import Announced
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey, TariffId
from ricarica.link.letters import (
    Admission,
    Ask,
    Challenge,
    ClientCertificate,
    HangUp,
    Knock,
    Opened,
    Outcome,
    Ruled,
    Told,
    Verdict,
)
from ricarica.ocpp.dialects import Dialect
from ricarica.simulator.evse import Evse
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices, Surroundings
from ricarica.stations.commands import Result
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.storage.database import Database
from ricarica.storage.work import Remembered, Work
from ricarica.tariffs.model import Prices, Tariff
from ricarica.testing.clock import CountedIds, FakeClock
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.strangers import Strangers
from ricarica.testing.tables import empty_database
from ricarica.testing.wires import Frames, Teller, Wire
from ricarica.transactions.model import Transaction
from ricarica.transactions.sql import TRANSACTION_SHELF, TRANSACTIONS
from ricarica.translation.quirks.models import known_habits
from ricarica.translation.routes import PHRASES, ROUTES

T = TypeVar("T")
WAKING = 5  # turns of the loop in which a task that was woken comes to what it does next
ROUNDS_MAX = 10_000  # more exchanges than any story needs: two ends that never agree


class World:
    """Implements `link.ports.Sockets` for the engine."""

    def __init__(
        self, database: Database, policy: StationPolicy, make_line: Callable[[], Line] = LocalLine
    ) -> None:
        self.database = database
        self.clock = FakeClock()
        self.ids = CountedIds()
        self.actor: Actor = system_actor(DEFAULT_TENANT)
        self.frames: dict[StationId, Frames] = {}
        self.announced: list[Announced] = []
        self.upkeeps: Sequence[Upkeep] = UPKEEPS  # for the next `begin`
        self.strangers = Strangers()
        self.pki = Pki(inquiries=Inquiries(self.strangers, self.strangers))
        self._policy = policy
        self._wires: dict[StationKey, Wire] = {}
        self._stations: list[SimulatedStation] = []
        self._make_line = make_line
        self._settling = asyncio.Lock()

    # -- stations

    def build(
        self, identity: str, dialect: Dialect, evses: Iterable[Evse] | None = None
    ) -> SimulatedStation:
        """A station that has not connected yet."""
        rng = Random(identity)  # noqa: S311 - a story has to go the same way every time
        station = SimulatedStation(dialect, identity, evses, rng, now=self.clock.now())
        self._stations.append(station)
        return station

    async def station(self, identity: str, dialect: Dialect) -> SimulatedStation:
        """A station that is connected and has booted."""
        station = self.build(identity, dialect)
        assert await self.connect(station) is Verdict.WELCOME, f"{identity} was turned away"
        return station

    def knock(self, identity: str, *offered: str, tenant: str = DEFAULT_TENANT) -> Knock:
        """Of somebody who shows nothing, and offers these subprotocols."""
        return Knock(
            tenant,
            identity,
            offered,
            secure=False,
            username=None,
            password=None,
            remote="192.0.2.1",
            at=self.clock.now(),
        )

    async def connect(
        self,
        station: SimulatedStation,
        password: bytes | None = None,
        *,
        secure: bool = False,
        certificate: ClientCertificate | None = None,
    ) -> Verdict:
        knock = msgspec.structs.replace(
            self.knock(station.identity, station.dialect.subprotocol),
            secure=secure,
            username=None if password is None else station.identity.encode(),
            password=password,
            certificate=certificate,
        )
        admission = await self._soon(self._link.admit(knock))
        if admission.verdict is Verdict.WELCOME:
            await self._open(station, admission, secure=secure, certificate=certificate)
        await self.settle()
        return admission.verdict

    async def _open(
        self,
        station: SimulatedStation,
        admission: Admission,
        *,
        secure: bool,
        certificate: ClientCertificate | None,
    ) -> None:
        key, subprotocol = admission.key, admission.subprotocol
        assert key is not None, "who is welcome has a key"
        assert subprotocol is not None, "who is welcome has a dialect"
        if key in self._wires:
            self._wires[key].cut("gave way")
        opened = Opened(
            key,
            subprotocol,
            "192.0.2.1",
            secure=secure,
            at=self.clock.now(),
            certificate=certificate.name if certificate else "",
        )
        epoch = await self._soon(self._link.open(opened))
        frames = self.frames.setdefault(key.station, Frames(station.dialect.name))
        self._wires[key] = Wire(station, key, epoch, self._link, self.clock, frames)
        station.tick(self.clock.now())
        station.go_online()

    async def connect_only(self, station: SimulatedStation) -> None:
        """The socket is open, and the station has nothing to say by itself."""
        station.misbehaviour.is_silent = True
        await self.connect(station)

    def teller(self, station: SimulatedStation) -> Teller:
        """Says things in the station's name."""
        return Teller(station, lambda: self._wires[key_of(station)], self.settle)

    async def cut(self, station: SimulatedStation) -> None:
        """The station loses its connection, and goes on by itself."""
        self._wires[key_of(station)].cut()
        await self.settle()

    # -- time

    async def settle(self) -> None:
        """Until nothing moves any more, without time passing.

        One at a time: what another has taken and waits for in a thread moves too, though nothing
        of it is to be seen.
        """
        async with self._settling:
            await self._come_to_rest()

    async def _come_to_rest(self) -> None:
        for _ in range(ROUNDS_MAX):
            moved = [wire.move() for wire in list(self._wires.values())]
            if len(self.engine.mailboxes):
                await self.engine.batches.once()
            elif not any(moved) and not await self._line.carry():
                for _ in range(WAKING if self._is_at_work() else 1):
                    await asyncio.sleep(0)  # lets tasks that were just woken go on
                if not len(self.engine.mailboxes) and not self._waits_for_loop():
                    return
        raise AssertionError("the stations and the engine never came to rest")

    def _is_at_work(self) -> bool:
        return not (self.engine.caretaker.is_resting and self.engine.bulk.is_resting)

    def _waits_for_loop(self) -> bool:
        moves = any(wire.is_open and wire.move() for wire in list(self._wires.values()))
        return moves or self.engine.asked_for > 0

    async def pass_time(self, time: timedelta, step: timedelta = timedelta(seconds=30)) -> None:
        """Let time pass in steps, with everything that happens on the way."""
        left = time
        while left > timedelta():
            self.clock.pass_time(min(step, left))
            left -= step
            for station in self._stations:
                station.tick(self.clock.now())
            self.engine.caretaker.look()
            await self.engine.bulk.look()
            await self.settle()

    # -- people

    async def carry_out(
        self, work: Callable[[Slices], Awaitable[T]], station: StationKey | None = None
    ) -> T:
        return await self._soon(self.engine.carry_out(self.actor, work, station=station))

    async def tell(self, station: SimulatedStation, command: object) -> Result:
        return await self._soon(self.engine.commands.tell(key_of(station), command))

    async def tell_and_wait(
        self, station: SimulatedStation, command: object, time: timedelta
    ) -> Result:
        """Send a command, let time pass, and see what became of it."""
        task = asyncio.ensure_future(self.engine.commands.tell(key_of(station), command))
        await asyncio.sleep(0)
        await self.pass_time(time)
        return await task

    async def call(
        self, station: SimulatedStation, action: str, payload: bytes, *, checked: bool = True
    ) -> Told:
        call = self.engine.commands.call(key_of(station), Call(action, payload), checked=checked)
        return (await self._soon(call)).told

    async def add_token(self, uid: str, **fields: Any) -> Token:
        token = Token(
            DEFAULT_TENANT,
            uid,
            TokenKind.ISO14443,
            TokenStatus.ACTIVE,
            created_at=self.clock.now(),
        )
        return await self.carry_out(
            lambda slices: slices.authorization.add(replace(token, **fields))
        )

    async def add_tariff(self, prices: Prices, since: datetime | None = None) -> Tariff:
        """The tariff that holds everywhere; from now on, unless it has been there before."""
        now = since or self.clock.now()
        tariff = Tariff(
            DEFAULT_TENANT, TariffId("standard"), "Standard", prices, now, now, is_default=True
        )
        return await self.carry_out(lambda slices: slices.tariffs.add(tariff))

    async def transactions(self, station: SimulatedStation) -> list[Transaction]:
        """All of a station's transactions, oldest first, as the database has them."""
        key = key_of(station)
        work = Work(self.database, Remembered(self.clock.monotonic))
        found = await work.find(
            TRANSACTION_SHELF,
            TRANSACTIONS.c.tenant == key.tenant,
            TRANSACTIONS.c.station == key.station,
        )
        return sorted(found, key=lambda transaction: transaction.started_at)

    # -- the server

    async def restart_engine(self) -> None:
        """As after kill -9: what was not committed is gone, and every connection with it."""
        for wire in self._wires.values():
            wire.is_open = False
            wire.station.go_offline()
        self._wires.clear()
        await self._line.cut()
        await self.begin()

    async def begin(self) -> None:
        """Start the server."""
        self._line = self._make_line()
        self._link = self._line.decisions
        surroundings = Surroundings(
            self.clock,
            self.ids,
            stores_for,
            self._policy,
            pki=self.pki,
            billing_policy=BillingPolicy("https://charge.example"),
        )
        vocabulary = Vocabulary(ROUTES, PHRASES, self.upkeeps)
        self.engine = Engine(self.database, surroundings, vocabulary, self._line.sockets, prefetch)
        await self._line.join(self.engine, self)

    async def end(self) -> None:
        await self._line.cut()

    # -- Sockets

    async def ask(self, ask: Ask) -> Told:
        wire = self._wires.get(ask.key)
        if wire is None or not wire.is_open:
            return Told(Outcome.UNREACHED)
        return await wire.ask(ask)

    def connected(self, key: StationKey) -> int | None:
        wire = self._wires.get(key)
        return wire.epoch if wire and wire.is_open else None

    def hang_up(self, hang_up: HangUp) -> None:
        if wire := self._wires.get(hang_up.key):
            wire.cut(f"{hang_up.code} {hang_up.reason}")

    async def rule(self, _challenge: Challenge) -> Ruled | None:
        return None  # there is one gateway here

    async def soon(self, awaitable: Awaitable[T]) -> T:
        return await self._soon(awaitable)

    async def _soon(self, awaitable: Awaitable[T]) -> T:
        """What the engine does for someone who waits, as soon as it comes to it."""
        task = asyncio.ensure_future(awaitable)
        for _ in range(ROUNDS_MAX):
            await asyncio.sleep(0)
            if task.done():
                return task.result()
            await self.settle()
        raise AssertionError("nobody answered, and no time passes by itself")


def key_of(station: SimulatedStation) -> StationKey:
    return StationKey(DEFAULT_TENANT, StationId(station.identity))


@asynccontextmanager
async def world(
    *,
    unknown: UnknownStations = UnknownStations.ACCEPT,
    database: Database | None = None,
    make_line: Callable[[], Line] = LocalLine,
) -> AsyncIterator[World]:
    """A network with an empty database in memory, unless another one is given."""
    policy = StationPolicy(unknown=unknown, known_habits=known_habits)
    async with AsyncExitStack() as stack:
        if database is None:
            database = await stack.enter_async_context(empty_database())
        network = World(database, policy, make_line)
        await network.begin()
        yield network
        await network.end()
