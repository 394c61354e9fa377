"""`ricarica demo`: the whole system with a network that is busy."""

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from ricarica.access.model import system_actor
from ricarica.app.config import Config
from ricarica.app.serve import Serving, serving
from ricarica.authorization.model import Token, TokenKind, TokenRef, TokenStatus
from ricarica.kernel.ids import DEFAULT_TENANT, SiteId, StationId, StationKey, TariffId
from ricarica.simulator.fleet import FleetOptions, run_fleet
from ricarica.simulator.transaction import Token as SimulatedToken
from ricarica.slices import Slices
from ricarica.stations.model import Site, UnknownStations
from ricarica.stations.service import Preparation
from ricarica.tariffs.model import Prices, Tariff

TOKENS = tuple(f"04A1B2C3D4E5{number:02X}" for number in range(60))
BLOCKED = TOKENS[-2:]
TARIFF = TariffId("city")
TIME_ZONE = "Europe/Rome"  # that of the places below
PREFIX = "RIC"
STRANGERS = 2  # stations that nobody has registered, for the inbox
SPEED = Decimal(12)  # visits of minutes rather than hours, so that there is something to see


@dataclass(frozen=True, slots=True)
class Place:
    id: str
    name: str
    city: str
    latitude: float
    longitude: float


PLACES = (
    Place("torino-valentino", "Parco del Valentino", "Torino", 45.0546, 7.6862),
    Place("milano-navigli", "Darsena Navigli", "Milano", 45.4518, 9.1766),
    Place("genova-porto", "Porto Antico", "Genova", 44.4107, 8.9264),
    Place("bologna-fiera", "Fiera Nord", "Bologna", 44.5125, 11.3670),
    Place("verona-arena", "Arena", "Verona", 45.4386, 10.9929),
    Place("venezia-tronchetto", "Tronchetto", "Venezia", 45.4408, 12.3035),
    Place("firenze-careggi", "Careggi", "Firenze", 43.8060, 11.2440),
    Place("roma-eur", "EUR Laghetto", "Roma", 41.8330, 12.4660),
    Place("napoli-mergellina", "Mergellina", "Napoli", 40.8290, 14.2180),
    Place("bolzano-fiera", "Fiera", "Bolzano", 46.4740, 11.3300),
)


async def demo(config: Config, stations: int, ready: Callable[[Serving], None]) -> None:
    """Until a signal. What was there before stays; what the demo needs is added to it."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    zone = TIME_ZONE if config.time_zone == Config().time_zone else config.time_zone
    config = replace(config, unknown_stations=UnknownStations.PENDING, time_zone=zone)
    async with serving(config) as served:
        await _furnish(served, stations)
        ready(served)
        await run_fleet(_fleet(served, stations), stop)


def _fleet(served: Serving, stations: int) -> FleetOptions:
    return FleetOptions(
        url=f"ws://127.0.0.1:{served.station_port}",
        stations=stations + STRANGERS,
        prefix=PREFIX,
        speed=SPEED,
        clock=served.node.parts.clock.now,
        tokens=tuple(SimulatedToken(uid) for uid in TOKENS),
    )


async def _furnish(served: Serving, stations: int) -> None:
    """Sites, a tariff, tokens and registered stations, unless they are there already."""

    async def furnish(slices: Slices) -> None:
        for place in PLACES:
            await slices.sites.save(
                Site(
                    DEFAULT_TENANT,
                    SiteId(place.id),
                    place.name,
                    city=place.city,
                    country="IT",
                    latitude=place.latitude,
                    longitude=place.longitude,
                )
            )
        await _add_tariff(slices)
        for uid in TOKENS:
            await _add_token(slices, uid)
        for number in range(1, stations + 1):
            site = SiteId(PLACES[number % len(PLACES)].id)
            key = StationKey(DEFAULT_TENANT, StationId(f"{PREFIX}-{number:04d}"))
            await slices.stations.prepare(key, Preparation(site=site), slices.now)

    actor = system_actor(DEFAULT_TENANT)
    await served.node.engine.carry_out(actor, furnish)


async def _add_tariff(slices: Slices) -> None:
    if await slices.tariffs.in_force(DEFAULT_TENANT, TARIFF):
        return
    prices = Prices(
        "EUR",
        per_kwh=Decimal("0.45"),
        per_idle_minute=Decimal("0.05"),
        per_session=Decimal("0.35"),
        vat_percent=Decimal(22),
    )
    now = slices.now
    await slices.tariffs.add(
        Tariff(DEFAULT_TENANT, TARIFF, "City", prices, now, now, is_default=True)
    )


async def _add_token(slices: Slices, uid: str) -> None:
    if await slices.authorization.find(DEFAULT_TENANT, TokenRef(uid)):
        return
    status = TokenStatus.BLOCKED if uid in BLOCKED else TokenStatus.ACTIVE
    added = slices.now - timedelta(days=30)
    token = Token(DEFAULT_TENANT, uid, TokenKind.ISO14443, status, created_at=added)
    await slices.authorization.add(token)
