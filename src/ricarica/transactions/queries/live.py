"""Reading stations as they are now: their connectors, with what is being charged there."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from ricarica.kernel.ids import EvseNumber, SiteId, StationId, TenantId, TransactionId
from ricarica.stations.model import Acceptance, Connector, ConnectorStatus
from ricarica.stations.queries import ANY, StationFilter, StationQueries, StationView
from ricarica.stations.showing import OCCUPIED_WHILE, evse_status, shown_status
from ricarica.stations.sql import CONNECTORS, STATIONS
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Page, Wanted
from ricarica.transactions.model import Transaction
from ricarica.transactions.queries.listing import TransactionView, power_of, view_from, views
from ricarica.transactions.sql import TRANSACTIONS

RUNNING_MAX = 5_000  # on the stations of one page; more than their EVSEs together
EVSES_MAX = 50_000  # of a tenant, drawn as one picture
IS_RUNNING = TRANSACTIONS.c.ended_at.is_(None)
RUNS_THERE = sa.and_(
    TRANSACTIONS.c.tenant == CONNECTORS.c.tenant,
    TRANSACTIONS.c.station == CONNECTORS.c.station,
    TRANSACTIONS.c.evse == CONNECTORS.c.evse,
    IS_RUNNING,
)


@dataclass(frozen=True, slots=True)
class LiveConnector:
    connector: Connector
    status: ConnectorStatus  # made precise by what is being charged there


@dataclass(frozen=True, slots=True)
class LiveEvse:
    number: EvseNumber
    status: ConnectorStatus | None  # None: it has told nothing of itself, but it charges
    connectors: tuple[LiveConnector, ...]
    transaction: Transaction | None


@dataclass(frozen=True, slots=True)
class LiveStation:
    view: StationView
    evses: tuple[LiveEvse, ...]
    running: tuple[Transaction, ...]  # all of them, also those whose EVSE it did not name

    @property
    def power_w(self) -> Decimal:
        return power_of(self.running)


@dataclass(frozen=True, slots=True)
class Dot:
    """An EVSE among all the others."""

    station: StationId
    site: SiteId | None
    number: EvseNumber
    connected: bool
    status: ConnectorStatus
    transaction: TransactionId | None = None
    power_w: Decimal | None = None


class LiveQueries:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._stations = StationQueries(database)

    async def stations(
        self,
        tenant: TenantId,
        filter_: StationFilter = ANY,
        wanted: Wanted = FIRST,
        status: ConnectorStatus | None = None,
    ) -> Page[LiveStation]:
        """By identity; with `status`, those that are connected and have such a connector."""
        where = () if status is None else (STATIONS.c.connected, _has(status))
        page = await self._stations.stations(tenant, filter_, wanted, *where)
        return Page(tuple(await self._live(tenant, page.items)), page.next)

    async def station(self, tenant: TenantId, identity: str) -> LiveStation | None:
        """By its identity in any case."""
        view = await self._stations.station(tenant, identity)
        return None if view is None else (await self._live(tenant, [view]))[0]

    async def by_ids(self, tenant: TenantId, stations: Collection[StationId]) -> list[LiveStation]:
        """For rows of a list that show themselves anew."""
        if not stations:
            return []
        among = STATIONS.c.station.in_(stations)
        page = await self._stations.stations(tenant, ANY, Wanted(len(stations)), among)
        return await self._live(tenant, page.items)

    async def running(
        self, tenant: TenantId, stations: Sequence[StationId] | None = None, limit: int = 100
    ) -> list[TransactionView]:
        """Those that run, at these stations or anywhere; the one that started last comes first."""
        query = views(tenant).where(IS_RUNNING)
        if stations is not None:
            query = query.where(TRANSACTIONS.c.station.in_(stations))
        newest_first = query.order_by(TRANSACTIONS.c.started_at.desc()).limit(limit)
        return [view_from(row) for row in await self._database.fetch(newest_first)]

    async def dots(self, tenant: TenantId) -> list[Dot]:
        """Every EVSE of the accepted stations that has told of itself, by station and number."""
        rows = await self._database.fetch(
            sa.select(
                STATIONS.c.station,
                STATIONS.c.site,
                CONNECTORS.c.evse,
                STATIONS.c.connected,
                CONNECTORS.c.status,
                TRANSACTIONS.c.charging_state,
                TRANSACTIONS.c.id,
                TRANSACTIONS.c.power_w,
            )
            .select_from(
                STATIONS.join(CONNECTORS, _of_station()).outerjoin(TRANSACTIONS, RUNS_THERE)
            )
            .where(
                STATIONS.c.tenant == tenant,
                STATIONS.c.acceptance == Acceptance.ACCEPTED,
                CONNECTORS.c.evse > 0,
            )
            .order_by(STATIONS.c.folded, CONNECTORS.c.evse, TRANSACTIONS.c.started_at)
            .limit(EVSES_MAX)
        )
        return list(_dots(rows))

    async def _live(self, tenant: TenantId, found: Sequence[StationView]) -> list[LiveStation]:
        stations = [view.station.key.station for view in found]
        running = await self.running(tenant, stations, RUNNING_MAX)
        by_station: dict[StationId, list[Transaction]] = {station: [] for station in stations}
        for view in running:
            by_station[view.transaction.station.station].append(view.transaction)
        return [live_station(view, by_station[view.station.key.station]) for view in found]


def live_station(view: StationView, running: Sequence[Transaction]) -> LiveStation:
    """`running`: the station's transactions, the one that started last first."""
    at_evse = {transaction.evse: transaction for transaction in reversed(running)}
    connectors = view.evses
    numbers = sorted({*connectors, *(number for number in at_evse if number)})
    evses = tuple(
        _live_evse(number, connectors.get(number, ()), at_evse.get(number)) for number in numbers
    )
    return LiveStation(view, evses, tuple(running))


def _live_evse(
    number: EvseNumber, connectors: Sequence[Connector], transaction: Transaction | None
) -> LiveEvse:
    state = transaction.charging_state if transaction else None
    live = tuple(
        LiveConnector(connector, shown_status(connector.status, state)) for connector in connectors
    )
    return LiveEvse(number, evse_status(each.status for each in live), live, transaction)


def _dots(rows: Sequence[Row]) -> Iterator[Dot]:
    found: dict[tuple[StationId, EvseNumber], Dot] = {}
    for station, site, number, connected, status, state, transaction, power_w in rows:
        shown = shown_status(ConnectorStatus(status), state)
        known = found.get((station, number))
        if known is not None:
            shown = evse_status((known.status, shown)) or shown
        found[(station, number)] = Dot(
            station, site, number, connected, shown, transaction, power_w
        )
    yield from found.values()


def _of_station() -> sa.ColumnElement[bool]:
    return sa.and_(
        CONNECTORS.c.tenant == STATIONS.c.tenant, CONNECTORS.c.station == STATIONS.c.station
    )


def _has(status: ConnectorStatus) -> sa.ColumnElement[bool]:
    """A connector that is shown so: by its own word, or as occupied by such a transaction."""
    states = [state for state, shown in OCCUPIED_WHILE.items() if shown is status]
    has_state = TRANSACTIONS.c.charging_state.is_not(None)
    is_occupied = CONNECTORS.c.status == ConnectorStatus.OCCUPIED
    by_word = CONNECTORS.c.status == status
    if status is ConnectorStatus.OCCUPIED:
        by_word = sa.and_(is_occupied, ~sa.exists().where(RUNS_THERE, has_state))
    by_state = sa.exists().where(RUNS_THERE, TRANSACTIONS.c.charging_state.in_(states))
    shown = sa.or_(by_word, sa.and_(is_occupied, by_state)) if states else by_word
    return sa.exists().where(_of_station(), CONNECTORS.c.evse > 0, shown)
