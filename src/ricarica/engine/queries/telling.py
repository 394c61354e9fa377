"""What was put aside, answers in parts, commands that wait or are for many, and upkeep."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ricarica.configuration.sql import SETTINGS
from ricarica.engine.bulk import TARGETS_MAX, Job, job_from
from ricarica.engine.commands import UNSUPPORTED_CODES
from ricarica.engine.gathering import Report, merged, report_from
from ricarica.engine.keeping import Kept, kept_from
from ricarica.engine.queries.messages import RECENT
from ricarica.engine.selection import Selection, wheres
from ricarica.engine.sql import (
    BULK_JOBS,
    BULK_TARGETS,
    KEPT_COMMANDS,
    MESSAGES,
    PUT_ASIDE,
    REPORT_PAGES,
    REPORTS,
    UPKEEP,
)
from ricarica.engine.upkeep import Standing, standing_from
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.ocpp.dialects import BY_NAME
from ricarica.stations.model import Acceptance
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Page, Wanted, id_after
from ricarica.translation.offers import Offer, offers, settings_to_ask

WORDS_MAX = 200  # to choose from; a list that one can still look through
KEPT_SHOWN = 100  # more than wait at once


@dataclass(frozen=True, slots=True)
class AsideMessage:
    """What a station told that has had no effect yet. `why`: what went wrong."""

    id: int
    station: StationKey
    at: datetime
    action: str
    payload: str
    why: str


class AsideQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(
        self, tenant: TenantId, station: StationId | None = None, wanted: Wanted = FIRST
    ) -> Page[AsideMessage]:
        """The oldest first."""
        columns = PUT_ASIDE.c
        query = sa.select(PUT_ASIDE).where(columns.tenant == tenant)
        if station is not None:
            query = query.where(columns.station == station)
        if wanted.after:
            query = query.where(columns.id > id_after(wanted.after))
        rows = await self._database.fetch(query.order_by(columns.id).limit(wanted.rows + 1))
        found = [_aside(row) for row in rows]
        shown = tuple(found[: wanted.rows])
        return Page(shown, str(shown[-1].id) if len(found) > len(shown) else None)

    async def by_id(self, tenant: TenantId, number: int) -> AsideMessage | None:
        columns = PUT_ASIDE.c
        query = sa.select(PUT_ASIDE).where(columns.tenant == tenant, columns.id == number)
        rows = await self._database.fetch(query)
        return _aside(rows[0]) if rows else None


class ReportQueries:
    """Answers in parts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reports(self, station: StationKey) -> list[Report]:
        """The latest first; few are kept."""
        columns = REPORTS.c
        query = sa.select(REPORTS).where(
            columns.tenant == station.tenant, columns.station == station.station
        )
        rows = await self._database.fetch(query.order_by(columns.asked_at.desc()))
        return [report_from(row[:-1]) for row in rows]

    async def report(self, station: StationKey, number: int) -> Report | None:
        columns = REPORTS.c
        query = sa.select(REPORTS).where(
            columns.tenant == station.tenant,
            columns.station == station.station,
            columns.number == number,
        )
        rows = await self._database.fetch(query)
        return report_from(rows[0][:-1]) if rows else None

    async def content(self, report: Report) -> dict[str, Any]:
        """What its pages told so far, together."""
        columns = REPORT_PAGES.c
        query = sa.select(columns.body).where(
            columns.tenant == report.station.tenant,
            columns.station == report.station.station,
            columns.number == report.number,
        )
        rows = await self._database.fetch(query.order_by(columns.seq_no))
        return merged(body for (body,) in rows)


class OfferQueries:
    """What stations can be told, as far as they have said themselves."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def offers(self, station: StationKey, dialect: str) -> tuple[Offer, ...]:
        speaks = BY_NAME[dialect]
        settings = await self._settings(station, settings_to_ask(speaks))
        return offers(speaks, settings, await self._refused(station))

    async def _settings(self, key: StationKey, names: Iterable[str]) -> dict[str, str | None]:
        columns = SETTINGS.c
        mine = (columns.tenant == key.tenant, columns.station == key.station)
        query = sa.select(columns.name, columns.value).where(*mine, columns.name.in_(list(names)))
        return {name: value for name, value in await self._database.fetch(query)}  # noqa: C416 - rows are wider than pairs to mypy

    async def _refused(self, key: StationKey) -> frozenset[str]:
        """Actions to which its last answer was that it does not support them."""
        columns = MESSAGES.c
        ours = (
            columns.tenant == key.tenant,
            columns.station == key.station,
            columns.from_station.is_(False),
        )
        query = sa.select(columns.action, columns.outcome).where(*ours)
        last: dict[str, str] = {}
        for action, outcome in await self._database.fetch(
            query.order_by(columns.id.desc()).limit(RECENT)
        ):
            last.setdefault(action, outcome)
        return frozenset(action for action, outcome in last.items() if outcome in UNSUPPORTED_CODES)


class KeptQueries:
    """Commands for stations that are away."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def kept(self, station: StationKey) -> list[Kept]:
        """The latest first."""
        columns = KEPT_COMMANDS.c
        mine = (columns.tenant == station.tenant, columns.station == station.station)
        query = sa.select(KEPT_COMMANDS).where(*mine).order_by(columns.id.desc()).limit(KEPT_SHOWN)
        return [kept_from(row) for row in await self._database.fetch(query)]


@dataclass(frozen=True, slots=True)
class JobView:
    """A job, and how many stations are in which state."""

    job: Job
    counts: Mapping[str, int]

    @property
    def stations(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class TargetView:
    station: StationId
    state: str
    status: str | None
    detail: str | None
    at: datetime | None


class BulkQueries:
    """Commands for many stations."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def selected(self, tenant: TenantId, selection: Selection) -> list[StationId]:
        """The stations that fit, by identity; of those that were accepted."""
        columns = STATIONS.c
        mine = (columns.tenant == tenant, columns.acceptance == Acceptance.ACCEPTED)
        query = sa.select(columns.station).where(*mine, *wheres(STATIONS, selection))
        rows = await self._database.fetch(query.order_by(columns.station).limit(TARGETS_MAX + 1))
        return [name for (name,) in rows]

    async def words(self, tenant: TenantId) -> dict[str, tuple[str, ...]]:
        """What there is to select by: vendors, models and firmware, by name."""
        found: dict[str, tuple[str, ...]] = {}
        for name in ("vendor", "model", "firmware"):
            column = STATIONS.c[name]
            query = sa.select(column).where(STATIONS.c.tenant == tenant, column.is_not(None))
            rows = await self._database.fetch(query.distinct().order_by(column).limit(WORDS_MAX))
            found[name] = tuple(word for (word,) in rows)
        return found

    async def jobs(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[JobView]:
        """The latest first."""
        columns = BULK_JOBS.c
        query = sa.select(BULK_JOBS).where(columns.tenant == tenant)
        if wanted.after:
            query = query.where(columns.id < wanted.after)
        rows = await self._database.fetch(query.order_by(columns.id.desc()).limit(wanted.rows + 1))
        found = [job_from(row) for row in rows]
        shown = found[: wanted.rows]
        counts = await self._counts(tenant, [job.id for job in shown])
        views = tuple(JobView(job, counts.get(job.id, {})) for job in shown)
        return Page(views, shown[-1].id if len(found) > len(shown) else None)

    async def job(self, tenant: TenantId, number: str) -> JobView | None:
        columns = BULK_JOBS.c
        query = sa.select(BULK_JOBS).where(columns.tenant == tenant, columns.id == number)
        rows = await self._database.fetch(query)
        if not rows:
            return None
        counts = await self._counts(tenant, [number])
        return JobView(job_from(rows[0]), counts.get(number, {}))

    async def targets(
        self, job: Job, state: str | None = None, wanted: Wanted = FIRST
    ) -> Page[TargetView]:
        """By identity."""
        columns = BULK_TARGETS.c
        query = sa.select(
            columns.station, columns.state, columns.status, columns.detail, columns.at
        ).where(columns.tenant == job.tenant, columns.job == job.id)
        if state:
            query = query.where(columns.state == state)
        if wanted.after:
            query = query.where(columns.station > wanted.after)
        rows = await self._database.fetch(query.order_by(columns.station).limit(wanted.rows + 1))
        found = [TargetView(*row) for row in rows]
        shown = tuple(found[: wanted.rows])
        return Page(shown, shown[-1].station if len(found) > len(shown) else None)

    async def _counts(self, tenant: TenantId, jobs: list[str]) -> dict[str, dict[str, int]]:
        columns = BULK_TARGETS.c
        query = sa.select(columns.job, columns.state, sa.func.count()).where(
            columns.tenant == tenant, columns.job.in_(jobs)
        )
        counts: dict[str, dict[str, int]] = {}
        for job, state, count in await self._database.fetch(
            query.group_by(columns.job, columns.state)
        ):
            counts.setdefault(job, {})[state] = int(count)
        return counts


class UpkeepQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def standings(self, station: StationKey) -> list[Standing]:
        """How near a station is to what is wanted of it, by kind."""
        columns = UPKEEP.c
        query = sa.select(UPKEEP).where(
            columns.tenant == station.tenant, columns.station == station.station
        )
        rows = await self._database.fetch(query.order_by(columns.kind))
        return [standing_from(row[:-1]) for row in rows]


def _aside(row: Row) -> AsideMessage:
    tenant, station, number, at, action, payload, why = row
    return AsideMessage(number, StationKey(tenant, station), at, action, payload, why)
