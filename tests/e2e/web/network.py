"""A small network in this process: the server, and stations whose cars are plugged in already."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import aiohttp

from ricarica.access.model import Role, system_actor
from ricarica.access.queries import AccessQueries, AuditFilter
from ricarica.access.service import Browser
from ricarica.app.config import Config
from ricarica.app.serve import Serving, authentication_of, serving
from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.kernel.ids import DEFAULT_TENANT, SiteId, StationId, StationKey, TariffId
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.client import Endpoint, StationClient
from ricarica.simulator.core import Make
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.model import Site
from ricarica.stations.service import Preparation
from ricarica.tariffs.model import Prices, Tariff

PASSWORDS = {Role.ADMIN: "charge-me-up-1", Role.VIEWER: "just-looking-1"}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
GUEST = "guest"  # whose password changes
CARD = "04E2E0000001"
SCRIPT = "<script>window.hacked=1</script>"
PICTURE = "<img src=x onerror=window.hacked=1>"

# One for each test that changes something at a station.
STATIONS: dict[str, Dialect] = {
    "OLD-1": V16,
    "OLD-2": V16,
    "NEW-1": V201,
    "NEW-2": V201,
    "EVIL-1": V201,
    "GRID-1": V21,
}
STRANGER = "STRANGER-1"


@dataclass
class Network:
    served: Serving
    stations: dict[str, SimulatedStation]
    _sessions: dict[Role, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.served.http_port}"

    async def session(self, role: Role) -> str:
        """One that tests share, for a login takes its time; see `visits.log_in`."""
        if role not in self._sessions:
            login = await authentication_of(self.served.node).log_in(
                DEFAULT_TENANT, role.value, PASSWORDS[role], Browser()
            )
            self._sessions[role] = login.token
        return self._sessions[role]

    async def audited(self, action: str) -> list[str]:
        """Who did this, the latest first."""
        queries = AccessQueries(self.served.node.engine.database)
        page = await queries.audit(DEFAULT_TENANT, AuditFilter(action=action))
        return [entry.actor for entry in page.items]


@asynccontextmanager
async def network_of(folder: Path) -> AsyncIterator[Network]:
    config = Config(
        data=folder,
        station_host="127.0.0.1",
        station_port=0,
        http_host="127.0.0.1",
        http_port=0,
        admin_password=PASSWORDS[Role.ADMIN],
        time_zone="Europe/Rome",
        upkeep_after_boot_s=0,
    )
    async with serving(config) as served:
        await _furnish(served)
        stations = {station.identity: station for station in _stations(served)}
        async with _connected(served, list(stations.values())):
            yield Network(served, stations)


@asynccontextmanager
async def _connected(served: Serving, stations: list[SimulatedStation]) -> AsyncIterator[None]:
    endpoint = Endpoint(f"ws://127.0.0.1:{served.station_port}")
    now = served.node.parts.clock.now
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        clients = [StationClient(station, endpoint, http, now) for station in stations]
        running = [tasks.create_task(client.run()) for client in clients]
        yield
        for task in running:
            task.cancel()


def _stations(served: Serving) -> Iterator[SimulatedStation]:
    now = served.node.parts.clock.now()
    for identity, dialect in {**STATIONS, STRANGER: V16}.items():
        vendor = SCRIPT if identity == "EVIL-1" else "Stellavolt"
        make = Make(vendor, "Duo 22", "2.4.1", f"S-{identity}")
        station = SimulatedStation(dialect, identity, now=now, make=make)
        station.settings.override({"sample_interval": "1", "back_off_wait": "1"})
        station.plug_in(1)
        yield station


async def _furnish(served: Serving) -> None:
    async def furnish(slices: Slices) -> None:
        site = SiteId("porto")
        await slices.sites.save(
            Site(DEFAULT_TENANT, site, "Porto Antico", latitude=44.4, longitude=8.9)
        )
        prices = Prices("EUR", per_kwh=Decimal("0.45"), per_session=Decimal("0.35"))
        now = slices.now
        await slices.tariffs.add(
            Tariff(DEFAULT_TENANT, TariffId("city"), "City", prices, now, now, is_default=True)
        )
        await slices.authorization.add(
            Token(DEFAULT_TENANT, CARD, TokenKind.ISO14443, TokenStatus.ACTIVE, created_at=now)
        )
        for identity in STATIONS:
            name = PICTURE if identity == "EVIL-1" else ""
            key = StationKey(DEFAULT_TENANT, StationId(identity))
            await slices.stations.prepare(key, Preparation(site=site, name=name), now)

    await served.node.engine.carry_out(system_actor(), furnish)
    authentication = authentication_of(served.node)
    for name in (Role.VIEWER, GUEST):
        await authentication.add_operator(system_actor(), name, PASSWORDS[Role.VIEWER], Role.VIEWER)


def chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    assert found, "the browser tests need Chromium: tools/install_browser.sh"
    return found
