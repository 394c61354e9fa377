"""Reading the whole network for the first page: how much, how it went, and what needs a person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ricarica.kernel.ids import EvseNumber, StationId, TenantId, TransactionId
from ricarica.kernel.money import Money
from ricarica.kernel.quantities import ZERO
from ricarica.stations.model import Acceptance, ConnectorStatus
from ricarica.stations.queries import StationCounts, StationQueries
from ricarica.stations.sql import CONNECTORS, STATIONS
from ricarica.storage.columns import Integer
from ricarica.storage.database import Database, Row
from ricarica.transactions.model import Flag
from ricarica.transactions.queries.buckets import Bucket, Plain
from ricarica.transactions.queries.live import IS_RUNNING, LiveQueries
from ricarica.transactions.sql import NOTHING, SAMPLES, TRANSACTIONS

STEP = timedelta(minutes=5)
OFFLINE_FOR = timedelta(minutes=10)  # a reboot or a change of network takes less
FLAGGED_FOR = timedelta(days=7)  # after that nobody has looked, and nobody will
OF_EACH_MAX = 200  # concerns of one kind; whoever has more needs another page
AT_STATION = sa.and_(
    STATIONS.c.tenant == TRANSACTIONS.c.tenant, STATIONS.c.station == TRANSACTIONS.c.station
)

# What a meter cannot have measured is neither billed nor counted.
HAS_FLOWN = sa.not_(TRANSACTIONS.c.flags.contains(Flag.IMPLAUSIBLE_ENERGY.value, autoescape=True))


@dataclass(frozen=True, slots=True)
class Figures:
    """`…_today` sums up the transactions that started since midnight, running ones included."""

    power_w: Decimal
    running: int
    transactions_today: int
    energy_today_wh: Decimal
    revenue_today: tuple[Money, ...]  # including VAT; one for each currency, none if none
    stations: StationCounts
    evses: Mapping[ConnectorStatus, int]  # of connected stations
    evses_offline: int


@dataclass(frozen=True, slots=True)
class PowerPoint:
    """Mean power of all transactions in the step that begins at `at`."""

    at: datetime
    power_w: Decimal


@dataclass(frozen=True, slots=True)
class Day:
    """What the transactions came to that started in the 24 hours from `begins_at`."""

    begins_at: datetime
    transactions: int
    energy_wh: Decimal
    revenue: tuple[Money, ...]


class Trouble(StrEnum):
    FAULT = "fault"
    OFFLINE = "offline"
    FLAGGED = "flagged"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Concern:
    """What needs a person. `detail` is an error code, flags, or nothing."""

    trouble: Trouble
    station: StationId
    since: datetime
    evse: EvseNumber | None = None
    transaction: TransactionId | None = None
    detail: str | None = None


class OverviewQueries:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._stations = StationQueries(database)
        self._live = LiveQueries(database)

    async def figures(self, tenant: TenantId, midnight: datetime) -> Figures:
        """`midnight`: when today began, by the operator's clock."""
        power_w, running = await self._now(tenant)
        today = (await self.days(tenant, midnight, 1))[0]
        evses, offline = dict.fromkeys(ConnectorStatus, 0), 0
        for dot in await self._live.dots(tenant):
            if dot.connected:
                evses[dot.status] += 1
            else:
                offline += 1
        return Figures(
            power_w,
            running,
            today.transactions,
            today.energy_wh,
            today.revenue,
            await self._stations.counts(tenant),
            evses,
            offline,
        )

    async def power(
        self, tenant: TenantId, since: datetime, until: datetime, step: timedelta = STEP
    ) -> list[PowerPoint]:
        """The power of the network over time, in steps from `since`; none where nothing ran.

        What a station measures less often than once in a step is missing in some of them.
        """
        each = _mean_power_of_each(tenant, since, until, step).subquery()
        total = sa.cast(sa.func.round(sa.func.sum(each.c.power_w)), Integer())
        columns: list[sa.ColumnElement[Any]] = [each.c.bucket, total]
        rows = await self._database.fetch(
            sa.select(*columns).group_by(each.c.bucket).order_by(each.c.bucket)
        )
        return [
            PowerPoint(since + bucket * step, Decimal(power_w))
            for bucket, power_w in rows
            if power_w is not None
        ]

    async def days(
        self, tenant: TenantId, since: datetime, count: int, station: StationId | None = None
    ) -> list[Day]:
        """So many days, also those without any transaction, of all stations or of one."""
        day = timedelta(days=1)
        bucket = Bucket(TRANSACTIONS.c.started_at, since, day).label("bucket")
        query = (
            sa.select(
                bucket,
                TRANSACTIONS.c.currency,
                sa.func.count(),
                sa.func.sum(sa.case((HAS_FLOWN, TRANSACTIONS.c.energy_wh))),
                sa.func.sum(TRANSACTIONS.c.cost_incl),
            )
            .where(
                TRANSACTIONS.c.tenant == tenant,
                TRANSACTIONS.c.started_at >= since,
                TRANSACTIONS.c.started_at < since + count * day,
            )
            .group_by(bucket, TRANSACTIONS.c.currency)
            .order_by(bucket, TRANSACTIONS.c.currency)
        )
        if station is not None:
            query = query.where(TRANSACTIONS.c.station == station)
        rows = await self._database.fetch(query)
        return [
            _day(since + number * day, [row[1:] for row in rows if row[0] == number])
            for number in range(count)
        ]

    async def attention(self, tenant: TenantId, now: datetime) -> list[Concern]:
        """The latest first; of each kind no more than a page can show."""
        found = [
            *await self._faults(tenant),
            *await self._offline(tenant, now),
            *await self._flagged(tenant, now),
            *await self._pending(tenant),
        ]
        return sorted(found, key=lambda concern: concern.since, reverse=True)

    async def _now(self, tenant: TenantId) -> tuple[Decimal, int]:
        """What a station that is out of reach draws is not known, so it does not count."""
        power_w = sa.case((STATIONS.c.connected, TRANSACTIONS.c.power_w))
        sums: list[sa.ColumnElement[Any]] = [sa.func.sum(power_w), sa.func.count()]
        rows = await self._database.fetch(
            sa.select(*sums)
            .select_from(TRANSACTIONS.join(STATIONS, AT_STATION))
            .where(TRANSACTIONS.c.tenant == tenant, IS_RUNNING)
        )
        [(total, running)] = rows
        return total or ZERO, running

    async def _faults(self, tenant: TenantId) -> list[Concern]:
        columns = CONNECTORS.c
        of_station = sa.and_(
            STATIONS.c.tenant == columns.tenant, STATIONS.c.station == columns.station
        )
        rows = await self._database.fetch(
            sa.select(columns.station, columns.at, columns.evse, columns.error, columns.detail)
            .select_from(CONNECTORS.join(STATIONS, of_station))
            .where(columns.tenant == tenant, columns.status == ConnectorStatus.FAULTED)
            .order_by(columns.at.desc())
            .limit(OF_EACH_MAX)
        )
        return [
            Concern(Trouble.FAULT, station, at, evse or None, detail=error or detail)
            for station, at, evse, error, detail in rows
        ]

    async def _offline(self, tenant: TenantId, now: datetime) -> list[Concern]:
        columns = STATIONS.c
        runs_something = sa.exists().where(AT_STATION, IS_RUNNING)
        rows = await self._database.fetch(
            sa.select(columns.station, columns.connection_changed_at)
            .where(
                columns.tenant == tenant,
                columns.acceptance == Acceptance.ACCEPTED,
                sa.not_(columns.connected),
                columns.connection_changed_at.is_not(None),  # it was here once
                sa.or_(columns.connection_changed_at < now - OFFLINE_FOR, runs_something),
            )
            .order_by(columns.connection_changed_at.desc())
            .limit(OF_EACH_MAX)
        )
        return [Concern(Trouble.OFFLINE, station, since) for station, since in rows]

    async def _flagged(self, tenant: TenantId, now: datetime) -> list[Concern]:
        columns = TRANSACTIONS.c
        rows = await self._database.fetch(
            sa.select(columns.station, columns.started_at, columns.evse, columns.id, columns.flags)
            .where(
                columns.tenant == tenant,
                columns.flags != NOTHING,
                columns.started_at >= now - FLAGGED_FOR,
            )
            .order_by(columns.started_at.desc())
            .limit(OF_EACH_MAX)
        )
        return [
            Concern(Trouble.FLAGGED, station, at, evse or None, transaction, flags)
            for station, at, evse, transaction, flags in rows
        ]

    async def _pending(self, tenant: TenantId) -> list[Concern]:
        columns = STATIONS.c
        rows = await self._database.fetch(
            sa.select(columns.station, columns.registered_at)
            .where(columns.tenant == tenant, columns.acceptance == Acceptance.PENDING)
            .order_by(columns.registered_at.desc())
            .limit(OF_EACH_MAX)
        )
        return [Concern(Trouble.PENDING, station, since) for station, since in rows]


def _mean_power_of_each(
    tenant: TenantId, since: datetime, until: datetime, step: timedelta
) -> sa.Select[Any]:
    """Per transaction and step."""
    columns, running = SAMPLES.c, TRANSACTIONS.c
    bucket = Bucket(columns.at, since, step).label("bucket")
    belongs = sa.and_(
        columns.tenant == running.tenant,
        columns.station == running.station,
        columns.ref == running.ref,
        columns.power_w.is_not(None),
        columns.at >= since,
        columns.at < until,
    )
    shown: list[sa.ColumnElement[Any]] = [
        bucket,
        sa.func.avg(Plain(columns.power_w)).label("power_w"),
    ]
    return (
        sa.select(*shown)
        .select_from(TRANSACTIONS.join(SAMPLES, belongs))
        .where(
            running.tenant == tenant,
            running.started_at < until,
            sa.or_(running.ended_at.is_(None), running.ended_at >= since),
        )
        .group_by(running.station, running.ref, bucket)
    )


def _day(begins_at: datetime, rows: Sequence[Row]) -> Day:
    return Day(
        begins_at,
        transactions=sum(count for _, count, _, _ in rows),
        energy_wh=sum((energy_wh or ZERO for _, _, energy_wh, _ in rows), ZERO),
        revenue=tuple(_revenue(rows)),
    )


def _revenue(rows: Sequence[Row]) -> Iterator[Money]:
    for currency, _, _, cost_incl in rows:
        if currency is not None and cost_incl is not None:
            yield Money(cost_incl, currency)
