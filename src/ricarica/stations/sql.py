"""How stations, their connectors and their sites lie in the database."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from ricarica.kernel.ids import ConnectorNumber, EvseNumber, SiteId, StationId, StationKey, TenantId
from ricarica.stations.availability import AvailabilityState, WantedAvailability
from ricarica.stations.habits import Habits
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus, Site, Station
from ricarica.storage.columns import Blob, Boolean, Exact, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Key, Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # for what no station owns

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Habits)
HABITS, LABELS = -7, -1  # their places in a row

STATIONS = sa.Table(
    "stations",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("folded", Text(), nullable=False),
    sa.Column("acceptance", Text(), nullable=False),
    sa.Column("registered_at", Instant(), nullable=False),
    sa.Column("name", Text(), nullable=False),
    sa.Column("site", Text()),
    sa.Column("tariff", Text()),
    sa.Column("security_profile", Integer()),
    sa.Column("secret", Blob()),
    sa.Column("pedantic", Boolean(), nullable=False),
    sa.Column("vendor", Text()),
    sa.Column("model", Text()),
    sa.Column("serial", Text()),
    sa.Column("firmware", Text()),
    sa.Column("iccid", Text()),
    sa.Column("imsi", Text()),
    sa.Column("boot_reason", Text()),
    sa.Column("booted_at", Instant()),
    sa.Column("dialect", Text()),
    sa.Column("connected", Boolean(), nullable=False),
    sa.Column("epoch", Integer(), nullable=False),
    sa.Column("remote", Text()),
    sa.Column("secure", Boolean(), nullable=False),
    sa.Column("connection_changed_at", Instant()),
    sa.Column("last_seen_at", Instant()),
    sa.Column("node", Text()),
    sa.Column("habits", Text()),
    sa.Column("pending_secret", Blob()),
    sa.Column("pending_profile", Integer()),
    sa.Column("pending_until", Instant()),
    sa.Column("certificate_name", Text()),
    sa.Column("certificate_pin", Text()),
    sa.Column("labels", Text()),  # with a comma before and after each
    sa.Column("version", Integer(), nullable=False),
    # Whoever registers CP-1 and cp-1 at the same moment, only one of them succeeds.
    sa.Index("uq_stations_folded", "tenant", "folded", unique=True),
    sa.Index("ix_stations_acceptance", "tenant", "acceptance", "registered_at"),
    sa.Index("ix_stations_site", "tenant", "site"),
    sa.Index("ix_stations_booted_at", "booted_at"),
)

CONNECTORS = sa.Table(
    "connectors",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("evse", Integer(), primary_key=True, autoincrement=False),
    sa.Column("connector", Integer(), primary_key=True, autoincrement=False),
    sa.Column("status", Text(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("epoch", Integer(), nullable=False),
    sa.Column("error", Text()),
    sa.Column("detail", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_connectors_status", "tenant", "status"),
)

AVAILABILITY = sa.Table(
    "availability",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("evse", Integer(), primary_key=True, autoincrement=False),
    sa.Column("connector", Integer(), primary_key=True, autoincrement=False),
    sa.Column("operative", Boolean(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

SITES = sa.Table(
    "sites",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("address", Text(), nullable=False),
    sa.Column("city", Text(), nullable=False),
    sa.Column("country", Text(), nullable=False),
    sa.Column("latitude", Exact(7)),  # a centimetre
    sa.Column("longitude", Exact(7)),
    sa.Column("tariff", Text()),
    sa.Column("version", Integer(), nullable=False),
)


def folded(identity: str) -> str:
    """A station's identity for comparing: two stations differ by more than case."""
    return identity.casefold()


def station_row(station: Station) -> Row:
    return (
        station.key.tenant,
        station.key.station,
        folded(station.key.station),
        station.acceptance,
        station.registered_at,
        station.name,
        station.site,
        station.tariff,
        station.security_profile,
        station.secret,
        station.pedantic,
        station.vendor,
        station.model,
        station.serial,
        station.firmware,
        station.iccid,
        station.imsi,
        station.boot_reason,
        station.booted_at,
        station.dialect,
        station.connected,
        station.epoch,
        station.remote,
        station.secure,
        station.connection_changed_at,
        station.last_seen_at,
        station.node,
        None if station.habits is None else _encoder.encode(station.habits).decode(),
        station.pending_secret,
        station.pending_profile,
        station.pending_until,
        station.certificate_name,
        station.certificate_pin,
        f",{','.join(station.labels)}," if station.labels else None,
    )


def station_from(row: Row) -> Station:
    tenant, station, _, acceptance, *rest = row
    if (habits := rest[HABITS]) is not None:
        rest[HABITS] = _decoder.decode(habits)
    rest[LABELS] = tuple(rest[LABELS][1:-1].split(",")) if rest[LABELS] else ()
    return Station(StationKey(tenant, station), Acceptance(acceptance), *rest)


def connector_row(connector: Connector) -> Row:
    return (
        connector.station.tenant,
        connector.station.station,
        connector.evse,
        connector.number,
        connector.status,
        connector.at,
        connector.epoch,
        connector.error,
        connector.detail,
    )


def connector_from(row: Row) -> Connector:
    tenant, station, evse, number, status, *rest = row
    key = StationKey(tenant, station)
    return Connector(key, evse, number, ConnectorStatus(status), *rest)


def _wanted_row(wanted: WantedAvailability) -> Row:
    return (
        wanted.station.tenant,
        wanted.station.station,
        wanted.evse,
        wanted.connector,
        wanted.operative,
        wanted.state,
        wanted.at,
    )


def wanted_from(row: Row) -> WantedAvailability:
    tenant, station, evse, connector, operative, state, at = row
    key, said = StationKey(tenant, station), AvailabilityState(state)
    return WantedAvailability(key, evse, connector, operative, said, at)


def site_row(site: Site) -> Row:
    return (
        site.tenant,
        site.id,
        site.name,
        site.address,
        site.city,
        site.country,
        _degrees(site.latitude),
        _degrees(site.longitude),
        site.tariff,
    )


def site_from(row: Row) -> Site:
    tenant, id_, name, address, city, country, latitude, longitude, tariff = row
    place = (_float(latitude), _float(longitude))
    return Site(tenant, id_, name, address, city, country, *place, tariff)


def _degrees(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _float(degrees: Decimal | None) -> float | None:
    return None if degrees is None else float(degrees)


STATION_SHELF = Shelf[Station](
    STATIONS,
    lambda station: (station.key.tenant, station.key.station),
    station_row,
    station_from,
)
CONNECTOR_SHELF = Shelf[Connector](
    CONNECTORS,
    lambda connector: (
        connector.station.tenant,
        connector.station.station,
        connector.evse,
        connector.number,
    ),
    connector_row,
    connector_from,
)
AVAILABILITY_SHELF = Shelf[WantedAvailability](
    AVAILABILITY,
    lambda wanted: (
        wanted.station.tenant,
        wanted.station.station,
        wanted.evse,
        wanted.connector,
    ),
    _wanted_row,
    wanted_from,
    remembered_max=1_000,  # asked for when somebody changes it
)
SITE_SHELF = Shelf[Site](SITES, lambda site: (site.tenant, site.id), site_row, site_from, FRESH_S)

BY_FOLDED = (STATIONS.c.tenant, STATIONS.c.folded)
CONNECTOR_COUNT = sa.select(sa.func.count()).where(
    CONNECTORS.c.tenant == sa.bindparam("tenant"), CONNECTORS.c.station == sa.bindparam("station")
)


async def load_by_identity(work: Work, identities: Iterable[tuple[str, str]]) -> list[Key]:
    """Know whom these are, spelled in any case; returns the keys of those that there are."""
    return await work.load_by(
        STATION_SHELF, BY_FOLDED, [(tenant, folded(identity)) for tenant, identity in identities]
    )


class SqlStationStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, key: StationKey) -> Station | None:
        return await self._work.get(STATION_SHELF, (key.tenant, key.station))

    async def canonical(self, tenant: TenantId, identity: str) -> StationId | None:
        # Asked when a station connects: the row that comes along also replaces what this node
        # remembered of it, if it was elsewhere in the meantime.
        found = await self._work.get_by(STATION_SHELF, BY_FOLDED, (tenant, folded(identity)))
        return found.key.station if found else None

    async def called(self, tenant: TenantId, name: str) -> list[StationId]:
        is_it = sa.or_(STATIONS.c.folded == folded(name), STATIONS.c.serial == name)
        found = await self._work.find(STATION_SHELF, STATIONS.c.tenant == tenant, is_it)
        return [station.key.station for station in found]

    async def pending_count(self, tenant: TenantId) -> int:
        pending = sa.select(sa.func.count()).where(
            STATIONS.c.tenant == tenant, STATIONS.c.acceptance == Acceptance.PENDING
        )
        [(count,)] = await self._work.fetch(pending)
        return int(count)

    def save(self, station: Station) -> None:
        self._work.put(STATION_SHELF, station)

    async def remove(self, station: Station) -> None:
        # Its transactions stay, for they must remain explainable. Should it come back, it says
        # anew what connectors it has: it may be another one by the same name.
        tenant, name = station.key.tenant, station.key.station
        for connector in await self._work.find(
            CONNECTOR_SHELF, CONNECTORS.c.tenant == tenant, CONNECTORS.c.station == name
        ):
            self._work.remove(CONNECTOR_SHELF, connector)
        self._work.remove(STATION_SHELF, station)

    async def connector(
        self, key: StationKey, evse: EvseNumber, number: ConnectorNumber
    ) -> Connector | None:
        return await self._work.get(CONNECTOR_SHELF, (key.tenant, key.station, evse, number))

    async def connector_count(self, key: StationKey) -> int:
        values = {"tenant": key.tenant, "station": key.station}
        [(count,)] = await self._work.fetch(CONNECTOR_COUNT, values)
        return int(count)

    async def connected(
        self, after: StationKey, most: int
    ) -> list[tuple[StationKey, SiteId | None]]:
        columns = STATIONS.c
        rows = await self._work.fetch(
            sa.select(columns.station, columns.site)
            .where(columns.tenant == after.tenant, columns.station > after.station)
            .where(columns.connected)
            .order_by(columns.station)
            .limit(most)
        )
        return [(StationKey(after.tenant, station), site) for station, site in rows]

    async def connectors_of(self, key: StationKey) -> list[Connector]:
        columns = CONNECTORS.c
        return await self._work.find(
            CONNECTOR_SHELF, columns.tenant == key.tenant, columns.station == key.station
        )

    async def unreported(self, since: datetime, until: datetime, most: int) -> list[Connector]:
        is_its = sa.and_(
            STATIONS.c.tenant == CONNECTORS.c.tenant, STATIONS.c.station == CONNECTORS.c.station
        )
        columns = [column for column in CONNECTORS.c if column.name != "version"]
        query = sa.select(*columns).join(STATIONS, is_its)
        rows = await self._work.fetch(
            query.where(
                STATIONS.c.booted_at >= since,
                STATIONS.c.booted_at < until,
                STATIONS.c.connected,
                CONNECTORS.c.evse > 0,
                CONNECTORS.c.epoch < STATIONS.c.epoch,
            )
            .order_by(STATIONS.c.booted_at)
            .limit(most)
        )
        return [connector_from(row) for row in rows]

    def save_connector(self, connector: Connector) -> None:
        self._work.put(CONNECTOR_SHELF, connector)

    async def evses(self, key: StationKey) -> list[EvseNumber]:
        evses = CONNECTORS.c.evse
        told = sa.select(evses).where(
            CONNECTORS.c.tenant == key.tenant, CONNECTORS.c.station == key.station, evses > 0
        )
        rows = await self._work.fetch(told.distinct().order_by(evses))
        return [EvseNumber(evse) for (evse,) in rows]

    async def site(self, tenant: TenantId, site: SiteId) -> Site | None:
        return await self._work.get(SITE_SHELF, (tenant, site))

    def save_site(self, site: Site) -> None:
        self._work.put(SITE_SHELF, site)

    def remove_site(self, site: Site) -> None:
        self._work.remove(SITE_SHELF, site)


class SqlAvailabilityStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(
        self, station: StationKey, evse: EvseNumber, connector: ConnectorNumber
    ) -> WantedAvailability | None:
        place = (station.tenant, station.station, evse, connector)
        return await self._work.get(AVAILABILITY_SHELF, place)

    def save(self, wanted: WantedAvailability) -> None:
        self._work.put(AVAILABILITY_SHELF, wanted)
