"""What stations shall keep for people: EVSEs held for drivers, limits, and lists of tokens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from random import Random

from ricarica.authorization.book import ListDefinition
from ricarica.energy.model import Profile, Purpose, Unit, flat
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationKey
from ricarica.reservations.service import Wish
from ricarica.slices import Slices
from tests.simulation.clients import Client
from tests.simulation.people import TOKENS, Place
from tests.simulation.plan import Plan
from tests.simulation.servers import Server

Commanding = Callable[[Slices], Awaitable[object]]
SHORTEST_S, LONGEST_S = 30.0, 1_200.0  # of a reservation
PURPOSES = (Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TRANSACTION)


async def list_all_tokens(server: Server) -> None:
    """D01: whatever stations can, they let in by themselves."""
    everybody = ListDefinition("all", "Everybody")
    await server.carry_out(lambda slices: slices.access_rules.put_list(DEFAULT_TENANT, everybody))


@dataclass(slots=True)
class Desk:
    """Takes wishes, has them noted, and tells the stations, as the API does."""

    place: Place
    plan: Plan
    rng: Random
    reserved: dict[StationKey, list[int]] = field(default_factory=dict)
    limited: dict[StationKey, list[int]] = field(default_factory=dict)
    waiting: set["asyncio.Task[None]"] = field(default_factory=set)

    async def take_wishes(self) -> None:
        while True:
            await asyncio.sleep(self.rng.expovariate(self.plan.wishes / 3600))
            if server := self.place.any_server():
                client = self.rng.choice(self.place.clients)
                task = server.spend(self._fulfil(server, client.key, self._wish(client)))
                self.waiting.add(task)
                task.add_done_callback(self.waiting.discard)

    async def _fulfil(self, server: Server, key: StationKey, wish: Commanding) -> None:
        try:
            command = await server.carry_out(wish, station=key)
            outcome = (await server.tell(key, command)).outcome.value
        except RicaricaError as error:
            server.trace(f"a wish at {key.station} failed: {error}")
        else:
            server.trace(f"{command} at {key.station}: {outcome}")

    def _wish(self, client: Client) -> Commanding:
        key, rng = client.key, self.rng
        reserved, limited = self.reserved.get(key), self.limited.get(key)
        wishes: list[Commanding] = [self._reserve(client), self._limit(client)]
        if reserved:
            number = rng.choice(reserved)
            wishes.append(lambda slices: slices.reservations.cancel(key, number))
        if limited:
            id = rng.choice(limited)
            wishes.append(lambda slices: slices.energy.unwant(key, id))
        return rng.choice(wishes)

    def _reserve(self, client: Client) -> Commanding:
        key, rng = client.key, self.rng
        token, time_s = rng.choice(TOKENS), rng.uniform(SHORTEST_S, LONGEST_S)
        evse = EvseNumber(rng.randint(1, client.plan.evses)) if rng.random() < 0.8 else None

        async def reserve(slices: Slices) -> object:
            wish = Wish(token, slices.now + timedelta(seconds=time_s), evse)
            command = await slices.reservations.prepare(key, wish, slices.now)
            self.reserved.setdefault(key, []).append(command.number)
            return command

        return reserve

    def _limit(self, client: Client) -> Commanding:
        key, profile = client.key, self._profile()
        is_whole = profile.purpose is Purpose.STATION_MAX
        evse = EvseNumber(0 if is_whole else self.rng.randint(1, client.plan.evses))

        async def limit(slices: Slices) -> object:
            command = await slices.energy.want(key, evse, profile, slices.now)
            self.limited.setdefault(key, []).append(command.profile.id)
            return command

        return limit

    def _profile(self) -> Profile:
        limit, level = Decimal(self.rng.randint(6, 32)), self.rng.randint(0, 2)
        return flat(self.rng.choice(PURPOSES), Unit.A, limit, stack_level=level)
