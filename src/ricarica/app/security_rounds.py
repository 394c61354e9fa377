"""What about certificates, moves and security events is looked at now and then."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from ricarica.certificates.commands import IssueCertificate
from ricarica.certificates.model import RENEW_BEFORE, WARN_BEFORE, RequestState, RootKind
from ricarica.certificates.service import IN_STEP
from ricarica.certificates.sql import REQUESTS, ROOTS
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.security.sql import NETWORKS
from ricarica.stations.commands import BringInStep

LOOK_EVERY = timedelta(minutes=1)
AT_ONCE_MAX = 100  # of each; the others come a minute later


async def look_after_security(unit: UnitOfWork, _subject: str) -> timedelta:
    now = unit.slices.now
    await _sign_what_waits(unit, now)
    await _renew_what_expires(unit, now)
    await _warn_of_what_expires(unit, now)
    await _miss_who_moved(unit, now)
    return LOOK_EVERY


async def _sign_what_waits(unit: UnitOfWork, now: datetime) -> None:
    """What an authority could not do, or what a process died over."""
    columns = (REQUESTS.c.tenant, REQUESTS.c.station, REQUESTS.c.id)
    waiting = sa.select(*columns).where(
        REQUESTS.c.state == RequestState.WAITING, REQUESTS.c.next_try_at <= now
    )
    for tenant, station, id in await unit.work.fetch(waiting.limit(AT_ONCE_MAX)):
        unit.tell(StationKey(TenantId(tenant), StationId(station)), IssueCertificate(id))


async def _renew_what_expires(unit: UnitOfWork, now: datetime) -> None:
    due = (
        sa.select(REQUESTS.c.tenant, REQUESTS.c.station)
        .where(
            REQUESTS.c.state == RequestState.INSTALLED,
            REQUESTS.c.not_after <= now + RENEW_BEFORE,
            sa.or_(
                REQUESTS.c.renewal_asked_at.is_(None),
                REQUESTS.c.renewal_asked_at <= now - timedelta(days=1),
            ),
        )
        .order_by(REQUESTS.c.not_after)
    )
    for tenant, station in await unit.work.fetch(due.limit(AT_ONCE_MAX)):
        unit.tell(StationKey(TenantId(tenant), StationId(station)), BringInStep(IN_STEP))


async def _warn_of_what_expires(unit: UnitOfWork, now: datetime) -> None:
    until = now + WARN_BEFORE
    own = sa.select(REQUESTS.c.tenant, REQUESTS.c.station, REQUESTS.c.id).where(
        REQUESTS.c.state == RequestState.INSTALLED,
        REQUESTS.c.not_after <= until,
        REQUESTS.c.warned_at.is_(None),
    )
    for tenant, station, id in await unit.work.fetch(own.limit(AT_ONCE_MAX)):
        key = StationKey(TenantId(tenant), StationId(station))
        await unit.slices.certificates.warn(key, id, now)
    roots = sa.select(ROOTS.c.tenant, ROOTS.c.kind, ROOTS.c.id).where(
        ROOTS.c.not_after <= until, ROOTS.c.warned_at.is_(None), ~ROOTS.c.is_unwanted
    )
    for tenant, kind, id in await unit.work.fetch(roots.limit(AT_ONCE_MAX)):
        await unit.slices.trust.warn(TenantId(tenant), RootKind(kind), id, now)


async def _miss_who_moved(unit: UnitOfWork, now: datetime) -> None:
    due = sa.select(NETWORKS.c.tenant, NETWORKS.c.station).where(NETWORKS.c.due_at <= now)
    for tenant, station in await unit.work.fetch(due.limit(AT_ONCE_MAX)):
        await unit.slices.networks.is_missed(StationKey(TenantId(tenant), StationId(station)), now)
