"""Gathers what is known of a station, or of a name that nobody has registered, for a diagnosis."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from ricarica.app.probe import Probe
from ricarica.authorization.queries import AttemptFilter, AttemptQueries
from ricarica.certificates.model import Purpose, RequestState
from ricarica.certificates.sql import REQUESTS
from ricarica.engine.diagnosis import Diagnosis, Known, diagnosed
from ricarica.engine.refusals import RefusalBook, Refusals, refusals_from
from ricarica.engine.sql import MESSAGES, OUTBOX, PUT_ASIDE, REFUSALS
from ricarica.kernel.clock import Clock
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.model import UnknownStations
from ricarica.stations.queries import StationQueries
from ricarica.stations.service import StationPolicy
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import Wanted

DAY = timedelta(days=1)
LOOKED_THROUGH = 200  # of its last messages
TIMES_MAX = 20
ALIKE_MAX = 3
COMPARED_MAX = 5_000  # names of stations; in a larger network the search finds more
TIMESTAMP = re.compile(r'"timestamp":\s*"([^"]{10,40})"')
ANSWERED = frozenset({"answered", "withheld"})
CONNECTED = "StationConnected"


@dataclass(frozen=True, slots=True)
class StationDoctor:
    """Implements `engine.diagnosis.Doctor`."""

    database: Database
    refusals: RefusalBook
    policy: StationPolicy
    probe: Probe
    clock: Clock

    async def __call__(self, tenant: TenantId, identity: str) -> Diagnosis:
        await self.refusals.write()
        now = self.clock.now()
        view = await StationQueries(self.database).station(tenant, identity)
        known = Known(
            identity,
            now,
            self.policy.heartbeat,
            refusals=await self._refusals(tenant, identity),
            address=await self.probe.look(),
            are_strangers_refused=self.policy.unknown is UnknownStations.REFUSE,
        )
        if view is None:
            return diagnosed(replace(known, alike=await self._alike(tenant, identity)))
        key = view.station.key
        messages = await self._messages(key, now)
        return diagnosed(
            replace(
                known,
                identity=key.station,
                station=view.station,
                has_password=view.has_password,
                awaits_password=view.awaits_password,
                connectors=view.connectors,
                connections_in_hour=await self._connections(key, now),
                skew=skew_in(messages),
                mended=sum(1 for _, _, _, _, _, flags in messages if flags),
                errors=errors_in(messages),
                put_aside=await self._put_aside(key),
                refused_tokens=await self._refused_tokens(key, now),
                certificate_until=await self._certificate_until(key),
            )
        )

    async def _refusals(self, tenant: TenantId, identity: str) -> Refusals | None:
        rows = await self.database.fetch(
            sa.select(*REFUSALS.c[:-1]).where(
                REFUSALS.c.tenant == tenant, REFUSALS.c.folded == identity.casefold()
            )
        )
        return refusals_from(rows[0]) if rows else None

    async def _alike(self, tenant: TenantId, identity: str) -> tuple[StationId, ...]:
        rows = await self.database.fetch(
            sa.select(STATIONS.c.folded, STATIONS.c.station)
            .where(STATIONS.c.tenant == tenant)
            .limit(COMPARED_MAX)
        )
        names = {folded: StationId(station) for folded, station in rows}
        close = difflib.get_close_matches(identity.casefold(), names, n=ALIKE_MAX, cutoff=0.8)
        return tuple(names[each] for each in close)

    async def _messages(self, key: StationKey, now: datetime) -> list[Row]:
        columns = MESSAGES.c
        query = sa.select(
            columns.at,
            columns.from_station,
            columns.action,
            columns.request,
            columns.outcome,
            columns.flags,
        ).where(
            columns.tenant == key.tenant,
            columns.station == key.station,
            columns.at > now - DAY,
        )
        return await self.database.fetch(query.order_by(columns.id.desc()).limit(LOOKED_THROUGH))

    async def _connections(self, key: StationKey, now: datetime) -> int:
        [(count,)] = await self.database.fetch(
            sa.select(sa.func.count()).where(
                OUTBOX.c.tenant == key.tenant,
                OUTBOX.c.at > now - timedelta(hours=1),
                OUTBOX.c.kind == CONNECTED,
                OUTBOX.c.station == key.station,
            )
        )
        return int(count)

    async def _put_aside(self, key: StationKey) -> int:
        [(count,)] = await self.database.fetch(
            sa.select(sa.func.count()).where(
                PUT_ASIDE.c.tenant == key.tenant, PUT_ASIDE.c.station == key.station
            )
        )
        return int(count)

    async def _refused_tokens(
        self, key: StationKey, now: datetime
    ) -> tuple[tuple[str, str, datetime], ...]:
        which = AttemptFilter(station=key.station, refused=True)
        page = await AttemptQueries(self.database).attempts(key.tenant, which, Wanted(5))
        return tuple(
            (each.verdict.value, each.uid, each.at) for each in page.items if now - each.at < DAY
        )

    async def _certificate_until(self, key: StationKey) -> datetime | None:
        rows = await self.database.fetch(
            sa.select(REQUESTS.c.not_after)
            .where(
                REQUESTS.c.tenant == key.tenant,
                REQUESTS.c.station == key.station,
                REQUESTS.c.purpose == Purpose.STATION,
                REQUESTS.c.state == RequestState.INSTALLED,
            )
            .order_by(REQUESTS.c.not_after.desc())
            .limit(1)
        )
        return rows[0][0] if rows else None


def skew_in(messages: Sequence[Row]) -> timedelta | None:
    """How far its clock is ahead of ours, by the message that was the least late.

    What it kept while it was offline is old by nature; one that is sent at once is not.
    """
    leads = []
    for at, from_station, _, request, _, _ in messages:
        found = TIMESTAMP.search(request) if from_station else None
        said = _instant(found[1]) if found else None
        if said is not None:
            leads.append(said - at)
    return max(leads[:TIMES_MAX], default=None)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def errors_in(messages: Sequence[Row]) -> tuple[tuple[str, str, datetime], ...]:
    """The latest of each kind."""
    found: dict[tuple[str, str], datetime] = {}
    for at, _, action, _, outcome, _ in messages:
        if outcome not in ANSWERED:
            found.setdefault((action or "-", outcome), at)
    return tuple((action, outcome, at) for (action, outcome), at in found.items())
