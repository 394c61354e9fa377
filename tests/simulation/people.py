"""Drivers who come and go, operators who give orders, and whoever changes tokens and tariffs."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from random import Random
from typing import Protocol

from ricarica.authorization.model import Token, TokenKind, TokenRef, TokenStatus
from ricarica.authorization.service import TokenChanges
from ricarica.configuration.commands import ReportSettings, WriteSetting
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    StationId,
    StationKey,
    TariffId,
)
from ricarica.slices import Slices
from ricarica.stations.commands import ChangeAvailability, Reset, Topic, Trigger, Unlock
from ricarica.stations.model import Acceptance
from ricarica.stations.service import Preparation
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.service import TariffChanges
from ricarica.transactions.commands import StartCharging, StopCharging
from ricarica.transactions.facts import Ended
from tests.simulation.clients import Client
from tests.simulation.plan import Plan
from tests.simulation.servers import Server
from tests.simulation.watch import Watch

HANDS_S = 6.0
TOKENS = tuple(f"04A0B0C0D0E0{number:02X}" for number in range(8))
BLOCKED_AT_FIRST, ONE_AT_A_TIME = TOKENS[6], TOKENS[7]
TARIFF = TariffId("standard")


class Place(Protocol):
    """What people find."""

    def is_calm(self) -> bool: ...

    @property
    def clients(self) -> Sequence[Client]: ...

    @property
    def watch(self) -> Watch: ...

    def any_server(self) -> Server | None: ...

    def now(self) -> datetime: ...


async def visit(place: Place, client: Client, evse: int, plan: Plan, rng: Random) -> None:
    """One car after the other, until it is calm; then whoever is there leaves."""
    station = client.station
    while not place.is_calm():
        await asyncio.sleep(rng.uniform(2, plan.visit_s / 4))
        if place.is_calm():
            break
        if not station.wants_connection:
            continue
        present = partial(station.present, rng.choice(TOKENS), evse)
        steps: list[Callable[[], object]] = [present, partial(station.plug_in, evse)]
        if rng.random() < 0.4:
            steps.reverse()
        for step in steps:
            client.act(step)
            await asyncio.sleep(rng.uniform(1, HANDS_S))
        await _stay(place, plan.visit_s * rng.uniform(0.2, 1.8))
        if rng.random() < 0.6:
            client.act(present)
            await asyncio.sleep(rng.uniform(1, HANDS_S))
        client.act(partial(station.unplug, evse))
    if station.evses[evse].vehicle is not None:
        client.act(partial(station.unplug, evse))


async def _stay(place: Place, time_s: float) -> None:
    while time_s > 0 and not place.is_calm():
        await asyncio.sleep(min(time_s, 60))
        time_s -= 60


# -- what is there at the beginning


async def furnish(server: Server, plan: Plan) -> Prices:
    """Tokens, a tariff, and the stations that are known already."""
    now = server.now()
    prices = some_prices(Random(plan.seed))

    async def work(slices: Slices) -> None:
        for uid in TOKENS:
            status = TokenStatus.BLOCKED if uid == BLOCKED_AT_FIRST else TokenStatus.ACTIVE
            limit = 1 if uid == ONE_AT_A_TIME else None
            token = Token(
                DEFAULT_TENANT,
                uid,
                TokenKind.ISO14443,
                status,
                created_at=now,
                concurrent_max=limit,
            )
            await slices.authorization.add(token)
        await slices.tariffs.add(
            Tariff(DEFAULT_TENANT, TARIFF, "Standard", prices, now, now, is_default=True)
        )
        for each in plan.stations:
            if not each.accepted_at_s:
                said = Preparation(
                    acceptance=Acceptance.ACCEPTED,
                    password=each.password.decode() if each.password else None,
                    security_profile=1 if each.password else None,
                )
                await slices.stations.prepare(_key(each.identity), said, now)

    await server.carry_out(work)
    return prices


def some_prices(rng: Random) -> Prices:
    per_minute = Decimal(rng.randint(0, 20)) / 100
    return Prices(
        "EUR",
        per_kwh=Decimal(rng.randint(20, 90)) / 100,
        per_minute=per_minute,
        per_idle_minute=per_minute,
        per_session=Decimal(rng.randint(0, 2)),
        vat_percent=Decimal(rng.choice((0, 19, 22))),
    )


# -- operators


@dataclass(slots=True)
class Office:
    """Gives orders and changes things. Each order has exactly one end."""

    place: Place
    plan: Plan
    rng: Random
    ordered: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    prices: list[Prices] = field(default_factory=list)
    waiting: set["asyncio.Task[None]"] = field(default_factory=set)

    async def give_orders(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(self.plan.orders / 3600))
            server = self.place.any_server()
            if server:
                client = self.rng.choice(self.place.clients)
                task = server.spend(self._order(server, client))
                self.waiting.add(task)
                task.add_done_callback(self.waiting.discard)

    async def _order(self, server: Server, client: Client) -> None:
        command = self._command(client)
        self.ordered += 1
        outcome = "died with its server"
        try:
            outcome = (await server.tell(client.key, command)).outcome.value
        except RicaricaError as error:
            outcome = type(error).__name__
        finally:
            self.ended[outcome] = self.ended.get(outcome, 0) + 1
            server.trace(f"{type(command).__name__} to {client.plan.identity}: {outcome}")

    def _command(self, client: Client) -> object:
        rng = self.rng
        evse = EvseNumber(rng.randint(1, client.plan.evses))
        running = client.station.transaction(evse)
        start = StartCharging(TokenRef(rng.choice(TOKENS)), rng.randint(1, 10**6), evse)
        stop = StopCharging(str(running.number or running.ref)) if running else start
        commands: tuple[object, ...] = (
            start,
            stop,
            stop,
            Unlock(evse, ConnectorNumber(1)),
            ChangeAvailability(rng.random() < 0.7, evse),
            Trigger(rng.choice(tuple(Topic)), evse),
            WriteSetting("sample_interval", str(rng.randint(30, 120))),
            ReportSettings(rng.randint(1, 10**6)),
            Reset(hard=rng.random() < 0.5),
        )
        return rng.choice(commands)

    # -- changes

    async def change_things(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(self.plan.changes / 3600))
            if server := self.place.any_server():
                server.spend(self._change(server))

    async def _change(self, server: Server) -> None:
        try:
            await self._change_one(server)
        except RicaricaError as error:
            server.trace(f"a change failed: {type(error).__name__}")

    async def _change_one(self, server: Server) -> None:
        rng, now = self.rng, server.now()
        if rng.random() < 0.5:
            status = rng.choice((TokenStatus.ACTIVE, TokenStatus.BLOCKED))
            uid, changes = rng.choice(TOKENS), TokenChanges(status=status)
            await server.carry_out(
                lambda slices: slices.authorization.change(DEFAULT_TENANT, uid, changes)
            )
        elif rng.random() < 0.8:
            self.prices.append(some_prices(rng))
            prices = TariffChanges(prices=self.prices[-1])
            await server.carry_out(
                lambda slices: slices.tariffs.change(DEFAULT_TENANT, TARIFF, prices, now)
            )
        else:
            await self._end_by_hand(server, rng.choice(self.place.clients).key)

    async def _end_by_hand(self, server: Server, key: StationKey) -> None:
        async def work(slices: Slices) -> None:
            for running in await slices.transactions.running_at(key):
                now = slices.now
                ended = Ended(
                    station=key, at=now, received_at=now, ref=running.ref, reason="Operator"
                )
                await slices.transactions.end_by_hand(key.tenant, running.id, ended)

        owner = (key.tenant, key.station)
        self.place.watch.hands[owner] += 1
        try:
            await server.carry_out(work, station=key)
        finally:
            self.place.watch.hands[owner] -= 1

    async def accept(self, client: Client) -> None:
        """The operator finds it in the inbox, and takes it in."""
        await asyncio.sleep(client.plan.accepted_at_s)
        said = Preparation(acceptance=Acceptance.ACCEPTED)
        accepted = False
        while not accepted:
            await asyncio.sleep(5)
            if server := self.place.any_server():
                accepted = await self._accepted(server, client.key, said)

    async def _accepted(self, server: Server, key: StationKey, said: Preparation) -> bool:
        task = server.spend(
            server.carry_out(
                lambda slices: slices.stations.prepare(key, said, slices.now), station=key
            )
        )
        await asyncio.wait([task])
        return not task.cancelled() and task.exception() is None


def _key(identity: str) -> StationKey:
    return StationKey(DEFAULT_TENANT, StationId(identity))
