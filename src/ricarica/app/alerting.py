"""Rules are held against what was announced, a few seconds after it happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from ricarica.access.sql import TENANTS
from ricarica.alerts.model import NOWHERE, AlertState, Happened, Span
from ricarica.alerts.service import ABSENT_AT_ONCE_MAX
from ricarica.alerts.sql import ALERTS
from ricarica.engine.forgetting import forget, forget_older
from ricarica.engine.outbox import DECODER
from ricarica.engine.sql import OUTBOX
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT, EventId, StationId, TenantId
from ricarica.monitoring.model import Trigger
from ricarica.monitoring.sql import STATION_EVENTS
from ricarica.stations.model import Acceptance
from ricarica.stations.sql import STATIONS, station_from

HEED, ABSENT = "heed", "absent"
HEED_EVERY = timedelta(seconds=5)
ABSENT_EVERY = timedelta(minutes=1)
AT_ONCE_MAX = 1_000  # events; the rest comes at once after them
MINUTE_OF_IDS = 60_000 << 20  # their upper bits are milliseconds
AWAY_FOR = timedelta(minutes=1)  # a station that changes its network is back by then
SHOWN_FOR = timedelta(days=90)  # events and alerts that are over
PERIODIC_FOR = timedelta(days=2)  # values told every few seconds


@dataclass(slots=True)
class OutboxReader:
    """How far the rules have come, as far as it was this process that looked."""

    behind: timedelta = timedelta()
    looked_at: datetime | None = None

    def behind_at(self, now: datetime) -> timedelta:
        """How long ago the oldest event happened that no rule was asked about yet."""
        is_ours = self.looked_at is not None and now - self.looked_at < 4 * HEED_EVERY
        return self.behind if is_ours else timedelta()


def alert_rings(
    lag: timedelta = timedelta(), reader: OutboxReader | None = None
) -> Mapping[str, Ring]:
    """
    Args:
        lag: By how much what one node commits may be later than what others commit.
        reader: Is told how far it has come.
    """
    reader = reader or OutboxReader()

    async def heed(unit: UnitOfWork, _subject: str) -> timedelta:
        tenants = await _tenants(unit)
        seen = [await _heed(unit, tenant, unit.slices.now - lag) for tenant in tenants]
        late = [unit.slices.now - until for until in seen if until is not None]
        reader.looked_at, reader.behind = unit.slices.now, max(late, default=timedelta())
        return timedelta() if late else HEED_EVERY

    places: dict[TenantId, StationId] = {}  # behind which to go on, where there are many

    async def look_for_absent(unit: UnitOfWork, _subject: str) -> timedelta:
        for tenant in await _tenants(unit):
            after = await _look_for_absent(unit, tenant, places.pop(tenant, NOWHERE))
            if after is not None:
                places[tenant] = after
        return timedelta() if places else ABSENT_EVERY

    return {HEED: heed, ABSENT: look_for_absent}


async def _tenants(unit: UnitOfWork) -> list[TenantId]:
    others = [tenant for (tenant,) in await unit.work.fetch(sa.select(TENANTS.c.tenant))]
    return list(dict.fromkeys((DEFAULT_TENANT, *others)))


async def _heed(unit: UnitOfWork, tenant: TenantId, until: datetime) -> datetime | None:
    """Of when the latest event was that there was time for; None: that was all there is."""
    alerts, columns = unit.slices.alerts, OUTBOX.c
    last = await alerts.seen(tenant)
    query = sa.select(columns.id, columns.kind, columns.at, columns.station, columns.body).where(
        columns.tenant == tenant
    )
    if last is None:  # what happened before there were rules is past
        latest = await unit.work.fetch(query.order_by(columns.id.desc()).limit(1))
        await alerts.look_at(tenant, (), EventId(latest[0][0]) if latest else EventId(0))
        return None
    new = query.where(columns.id > last, columns.at <= until)
    newest = await unit.work.fetch(new.order_by(columns.id.desc()).limit(1))
    if not newest:
        return None
    # Most of what happens no rule asks about; it is passed over a minute at a time.
    meant = new.where(columns.kind.in_(await alerts.kinds(tenant)), columns.id <= newest[0][0])
    rows = await unit.work.fetch(meant.order_by(columns.id).limit(AT_ONCE_MAX))
    is_all = len(rows) < AT_ONCE_MAX
    if rows or newest[0][0] - last >= MINUTE_OF_IDS:
        happened = [
            Happened(EventId(id_), kind, at, station, _body(body))
            for id_, kind, at, station, body in rows
        ]
        await alerts.look_at(tenant, happened, EventId((newest if is_all else rows)[-1][0]))
    return None if is_all else rows[-1][2]


def _body(text: str) -> Mapping[str, object]:
    try:
        return DECODER.decode(text)
    except msgspec.DecodeError:  # nobody's but ours, and even so not worth stopping for
        return {}


async def _look_for_absent(
    unit: UnitOfWork, tenant: TenantId, after: StationId
) -> StationId | None:
    """Behind which station to go on; None: that was all."""
    columns, now = STATIONS.c, unit.slices.now
    rows = await unit.work.fetch(
        sa.select(*columns[:-1])
        .where(
            columns.tenant == tenant,
            columns.station > after,
            columns.acceptance == Acceptance.ACCEPTED,
            sa.not_(columns.connected),
            columns.connection_changed_at < now - AWAY_FOR,
        )
        .order_by(columns.station)
        .limit(ABSENT_AT_ONCE_MAX)
    )
    absent = {station.key.station: station for station in map(station_from, rows)}
    last = list(absent)[-1] if len(absent) == ABSENT_AT_ONCE_MAX else None
    is_all = await unit.slices.alerts.look_for_absent(tenant, absent, now, Span(after, last))
    return last if is_all else after


async def forget_before(unit: UnitOfWork, now: datetime) -> bool:
    """Throw away some of what nobody will look at any more; whether that was all of it."""
    events, alerts = STATION_EVENTS.c, ALERTS.c
    is_noise = events.trigger == Trigger.PERIODIC
    # One that lasts stays: forgotten, it would be found anew, and call somebody every hour.
    is_over = alerts.state.not_in((AlertState.OPEN, AlertState.ACKNOWLEDGED))
    is_past = sa.and_(
        alerts.last_at < now - SHOWN_FOR,
        sa.or_(alerts.changed_at.is_(None), alerts.changed_at < now - SHOWN_FOR),
    )
    done = [
        await forget_older(unit, events.received_at, now - SHOWN_FOR),
        await forget_older(unit, events.received_at, now - PERIODIC_FOR, is_noise),
        await forget(unit, ALERTS, is_over, is_past),
    ]
    return all(done)
