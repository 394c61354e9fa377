"""Many simulated stations in one process, with drivers, on one server."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import TextIO

import aiohttp

from ricarica.ocpp.dialects import BY_NAME, Dialect
from ricarica.simulator.client import Endpoint, StationClient
from ricarica.simulator.core import Make
from ricarica.simulator.driver import Driver, Habits
from ricarica.simulator.evse import ChargingState, Evse
from ricarica.simulator.journal import Entry
from ricarica.simulator.simulated import SimulatedStation, ac_evse, dc_evse
from ricarica.simulator.transaction import Token

MIXED = ("1.6", "2.0.1", "1.6", "2.1", "1.6", "2.0.1", "1.6", "2.1", "1.6", "2.0.1")
CONNECTS_PER_S = 50  # polite to a server on the same machine
FASTEST_SAMPLES_S = 5
FAREWELL_LOOK_S = 0.05
FAREWELL_LOOKS = 100  # five seconds for the last transaction messages, then it is over


@dataclass(frozen=True, slots=True)
class Product:
    """A station on the price list of a maker that does not exist."""

    vendor: str
    model: str
    firmware: str
    evses: int
    power_w: int
    phases: int = 3
    is_dc: bool = False

    def build(self, number: int) -> Evse:
        if self.is_dc:
            return dc_evse(number, self.power_w)
        return ac_evse(number, self.power_w, self.phases)


PRODUCTS = (
    Product("Stellavolt", "Duo 22", "2.4.1", 2, 22_000),
    Product("Stellavolt", "Solo 11", "2.4.1", 1, 11_000),
    Product("Quaylight", "Pier 4", "7.0.12", 4, 22_000),
    Product("Monte Brenn", "MB-50", "1.18.0", 1, 50_000, is_dc=True),
    Product("Stellavolt", "Duo 22", "2.3.9", 2, 22_000),
    Product("Monte Brenn", "MB-150 Twin", "1.20.3", 2, 150_000, is_dc=True),
    Product("Kestrel & Moor", "K7", "R11-b204", 1, 7_400, 1),
    Product("Quaylight", "Pier 2", "7.0.12", 2, 11_000),
)


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that a block of the simulator can say by itself; see `simulator.blocks`."""

    name: str
    details: dict[str, str]


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """Everything that can be chosen about a fleet.

    `passwords` may give stations one of their own; `password` is for all others. `speed`
    shortens drivers' lives, not time; see `driver.Habits`. With `ends_visits` the cars leave
    before the sockets close; without, the transactions stay open as after a power cut.
    `sayings` are what every station says once it was accepted.
    """

    url: str
    clock: Callable[[], datetime]
    stations: int = 50
    version: str = "mixed"
    prefix: str = "RIC"
    password: str | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    seed: int = 1
    busy: Decimal = Decimal("0.6")
    speed: Decimal = Decimal(1)
    tokens: tuple[Token, ...] = ()
    ca_file: Path | None = None
    journal: Path | None = None
    duration: timedelta | None = None
    ends_visits: bool = True
    sayings: tuple[Saying, ...] = ()


@dataclass(frozen=True, slots=True)
class FleetCounts:
    """How the fleet is doing."""

    stations: int
    connected: int
    accepted: int
    charging: int
    power_w: Decimal
    energy_wh: Decimal
    transactions: int
    acked: int
    queued: int
    dropped: int
    errors: tuple[str, ...] = ()


class Fleet:
    """The stations, built from the seed; `run` connects them."""

    def __init__(self, options: FleetOptions) -> None:
        self.options = options
        self.acked = self.dropped = self.transactions = 0
        self.ever_accepted = False
        self._journal: TextIO | None = None
        now = options.clock()
        self.stations = tuple(self._build(index, now) for index in range(options.stations))
        self.clients: tuple[StationClient, ...] = ()
        self._start_wh = self._register_wh()

    def _build(self, index: int, now: datetime) -> SimulatedStation:
        options = self.options
        rng = Random(f"{options.seed}/{index}")
        product = PRODUCTS[index % len(PRODUCTS)]
        dialect = dialect_for(options.version, index)
        station = SimulatedStation(
            dialect,
            f"{options.prefix}-{index + 1:04d}",
            [product.build(number) for number in range(1, product.evses + 1)],
            rng,
            now=now,
            make=_make(product, rng, by_event=dialect.has_unanswered_calls and index % 4 == 3),
        )
        station.settings.override(self._factory_settings(station.identity))
        station.journal.sink = self._noted
        for saying in options.sayings:
            station.at_first.append(partial(station.say, saying.name, **saying.details))
        for evse in station.evses.values():
            evse.meter = evse.meter.advanced(Decimal(rng.randrange(50_000, 9_000_000)))
        return station

    def _factory_settings(self, identity: str) -> dict[str, str]:
        options = self.options
        interval = max(Decimal(FASTEST_SAMPLES_S), 60 / options.speed)
        return {
            "password": options.passwords.get(identity, ""),
            "sample_interval": str(int(interval)),
            "back_off_wait": "2",
            "back_off_range": "3",
            "back_off_repeats": "3",
        }

    def _noted(self, entry: Entry) -> None:
        if entry.acked:
            self.acked += 1
            is_start = entry.kind == "StartTransaction"
            is_start = is_start or entry.payload.get("eventType") == "Started"
            self.transactions += is_start
        else:
            self.dropped += 1
        if self._journal is not None:
            self._journal.write(entry.as_json() + "\n")
            self._journal.flush()

    # Running

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or the duration is over; sockets are closed in order then."""
        with contextlib.ExitStack() as files:
            if self.options.journal is not None:
                self._journal = files.enter_context(self.options.journal.open("a"))
            connector = aiohttp.TCPConnector(limit=0)
            async with aiohttp.ClientSession(connector=connector) as http:
                self.clients = tuple(self._client(station, http) for station in self.stations)
                await self._run_clients(stop)
            self._journal = None

    async def _run_clients(self, stop: asyncio.Event) -> None:
        duration = self.options.duration
        running: list[asyncio.Task[None]] = []
        async with asyncio.TaskGroup() as tasks:
            for client in self.clients:
                running.append(tasks.create_task(client.run()))
                await _pause(1 / CONNECTS_PER_S, stop)
            await _pause(duration.total_seconds() if duration else None, stop)
            if self.options.ends_visits:
                await self._end_visits()
            for task in running:
                task.cancel()

    async def _end_visits(self) -> None:
        """Let everybody leave, and give the server a moment to hear of it."""
        for client in self.clients:
            await client.end_visits()
        for _ in range(FAREWELL_LOOKS):
            if all(station.is_idle or not station.online for station in self.stations):
                return
            await asyncio.sleep(FAREWELL_LOOK_S)

    def _client(self, station: SimulatedStation, http: aiohttp.ClientSession) -> StationClient:
        options = self.options
        now = options.clock()
        rng = Random(f"{options.seed}/{station.identity}/drivers")
        tokens = options.tokens or invented_tokens(options.seed, max(20, options.stations * 2))
        habits = Habits(tokens, rng, options.busy, options.speed)
        drivers = [Driver(evse, habits, now) for evse in station.evses.values()]
        endpoint = Endpoint(options.url, options.password, options.ca_file)
        return StationClient(station, endpoint, http, options.clock, drivers)

    # Looking

    def counts(self) -> FleetCounts:
        evses = list(self._evses())
        accepted = sum(station.is_accepted for station in self.stations)
        self.ever_accepted = self.ever_accepted or accepted > 0
        return FleetCounts(
            stations=len(self.stations),
            connected=sum(station.online for station in self.stations),
            accepted=accepted,
            charging=sum(evse.charging_state() is ChargingState.CHARGING for evse in evses),
            power_w=sum((evse.draw.power_w for evse in evses), Decimal(0)).quantize(Decimal(1)),
            energy_wh=self._register_wh() - self._start_wh,
            transactions=self.transactions,
            acked=self.acked,
            queued=sum(station.queued for station in self.stations),
            dropped=self.dropped,
            errors=tuple(
                sorted({client.last_error for client in self.clients if client.last_error})
            ),
        )

    def _evses(self) -> Iterator[Evse]:
        return (evse for station in self.stations for evse in station.evses.values())

    def _register_wh(self) -> Decimal:
        return sum((evse.meter.register_wh for evse in self._evses()), Decimal(0))


async def run_fleet(options: FleetOptions, stop: asyncio.Event) -> None:
    """A fleet without a screen, for other programs to run beside themselves."""
    await Fleet(options).run(stop)


async def _pause(seconds: float | None, stop: asyncio.Event) -> None:
    """Wait for the end, but not longer than that."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


def dialect_for(version: str, index: int) -> Dialect:
    return BY_NAME[MIXED[index % len(MIXED)] if version == "mixed" else version]


def invented_tokens(seed: int, count: int) -> tuple[Token, ...]:
    """Card numbers of seven bytes, the same for the same seed."""
    rng = Random(f"{seed}/tokens")
    return tuple(Token(f"04{rng.getrandbits(48):012X}") for _ in range(count))


def tokens_from(given: str) -> tuple[Token, ...]:
    """From a file with one `uid` or `uid,kind` a line, or from a list with commas."""
    path = Path(given)
    if "," not in given and path.is_file():  # a list can be longer than any name of a file
        lines: Sequence[str] = path.read_text(encoding="utf-8").splitlines()
        return tuple(_token(line) for line in lines if line.strip() and not line.startswith("#"))
    return tuple(Token(uid.strip()) for uid in given.split(",") if uid.strip())


def _token(line: str) -> Token:
    uid, _, kind = line.partition(",")
    return Token(uid.strip(), kind.strip() or "ISO14443")


def _make(product: Product, rng: Random, *, by_event: bool) -> Make:
    letters = "".join(word[0] for word in product.vendor.split() if word[0].isalpha())
    serial = f"{letters.upper()}{rng.randrange(10**8):08d}"
    return Make(product.vendor, product.model, product.firmware, serial, by_event)
