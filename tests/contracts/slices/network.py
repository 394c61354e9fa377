"""A small network for queries: one car charges at Alfa, others have charged at Beta."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    SiteId,
    StationId,
    StationKey,
    TenantId,
    TransactionId,
)
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Site, Station
from ricarica.storage.open import OpenDatabase
from ricarica.transactions.model import (
    ChargingState,
    EnergyTally,
    Entry,
    Flag,
    ParkingTally,
    StatePoint,
    Transaction,
)
from ricarica.transactions.readings import Measurand, Reading
from tests.contracts.slices.conftest import SqlDesk

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 5, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OTHER = TenantId("other")
HOME = Site(DEFAULT_TENANT, SiteId("home"), "Home")
EVSE = EvseNumber(1)


def key(identity: str, tenant: TenantId = DEFAULT_TENANT) -> StationKey:
    return StationKey(tenant, StationId(identity))


ALFA = Station(
    key("Alfa"), Acceptance.ACCEPTED, NOON, site=HOME.id, dialect="2.1", connected=True, epoch=1
)
BETA = Station(
    key("Beta"),
    Acceptance.ACCEPTED,
    NOON,
    connection_changed_at=NOON - HOUR,
    epoch=1,
    dialect="1.6",
)
RUNNING = Transaction(
    ALFA.key,
    "r",
    TransactionId("id-r"),
    EVSE,
    started_at=NOON,
    received_at=NOON,
    token="AbCd",
    energy=EnergyTally(None, Decimal(5000)),
    parking=ParkingTally(StatePoint(NOON, 1, ChargingState.CHARGING)),
    power_w=Decimal(11000),
    cost_incl=Decimal("2.5"),
    currency="EUR",
)
ENDED = Transaction(
    BETA.key,
    "e",
    TransactionId("id-e"),
    EVSE,
    started_at=NOON - HOUR,
    received_at=NOON,
    token="zz",
    ended_at=NOON,
    energy=EnergyTally(None, Decimal("1000.5")),
    power_w=Decimal(0),
    cost_incl=Decimal("0.125"),
    currency="EUR",
    flags=frozenset({Flag.GAP}),
)
YESTERDAY = replace(
    ENDED,
    ref="y",
    id=TransactionId("id-y"),
    started_at=NOON - 24 * HOUR,
    ended_at=NOON - 23 * HOUR,
    flags=frozenset(),
    currency="CHF",
)


async def fill(database: OpenDatabase, *things: object) -> OpenDatabase:
    async with SqlDesk(database).unit() as stores:
        for thing in things:
            match thing:
                case Site():
                    stores.stations.save_site(thing)
                case Station():
                    stores.stations.save(thing)
                case Connector():
                    stores.stations.save_connector(thing)
                case Transaction():
                    await stores.transactions.get(thing.station, thing.ref)
                    stores.transactions.save(thing)
                case Entry():
                    stores.transactions.add_entry(thing)
    return database


async def measure(database: OpenDatabase, transaction: Transaction, *readings: Reading) -> None:
    async with SqlDesk(database).unit() as stores:
        stores.transactions.add_readings(
            transaction.station, transaction.evse, transaction.ref, readings, NOON
        )


def power(minute: int, watts: int, phase: str | None = None) -> Reading:
    at = NOON + minute * MINUTE
    return Reading(Measurand.POWER_ACTIVE_IMPORT, Decimal(watts), at, phase=phase)


def connector(station: Station, evse: int, number: int, status: ConnectorStatus) -> Connector:
    return Connector(station.key, EvseNumber(evse), ConnectorNumber(number), status, NOON, epoch=1)


async def fill_network(database: OpenDatabase) -> OpenDatabase:
    stranger = replace(RUNNING, station=key("Alfa", OTHER))
    return await fill(database, HOME, ALFA, BETA, RUNNING, ENDED, YESTERDAY, stranger)
