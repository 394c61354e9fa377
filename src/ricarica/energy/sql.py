"""How profiles, limits, needs and controls of the grid lie in the database."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.der import DerAlarm, DerControl, DerKind, HeldControl
from ricarica.energy.evses import Composite, EvseEnergy
from ricarica.energy.facts import Needs
from ricarica.energy.model import ExternalLimit, Held, Profile, Purpose, Rule, Schedule
from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId
from ricarica.storage.columns import Boolean, Exact, Instant, Integer, Json, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

E = TypeVar("E")
T = TypeVar("T")

FRESH_S = 10.0  # what people decide here may be that late in holding at another node
REMEMBERED_MAX = 20_000  # read when a car asks, and by people; a message in a thousand
ANY = ""  # of a key, which cannot be NULL

PROFILES = sa.Table(
    "charging_profiles",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True),
    sa.Column("evse", Integer(), nullable=False),
    sa.Column("purpose", Text(), nullable=False),
    sa.Column("ref", Text()),
    sa.Column("wanted", Json()),
    sa.Column("held", Json()),
    sa.Column("source", Text(), nullable=False),
    sa.Column("unwanted", Boolean(), nullable=False),
    sa.Column("by_rule", Boolean(), nullable=False),
    sa.Column("outcome", Text()),
    sa.Column("detail", Text()),
    sa.Column("told_at", Instant()),
    sa.Column("reported_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)
LIMITS = sa.Table(
    "charging_limits",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("evse", Integer(), primary_key=True),
    sa.Column("source", Text(), primary_key=True),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("schedules", Json()),
    sa.Column("is_local_generation", Boolean(), nullable=False),
    sa.Column("is_grid_critical", Boolean(), nullable=False),
    sa.Column("cleared_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)
EVSES = sa.Table(
    "evse_energy",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("evse", Integer(), primary_key=True),
    sa.Column("ref", Text()),
    sa.Column("needs", Json()),
    sa.Column("needs_at", Instant()),
    sa.Column("tuples_max", Integer()),
    sa.Column("answer", Text()),
    sa.Column("plan", Json()),
    sa.Column("plan_at", Instant()),
    sa.Column("plan_selected", Integer()),
    sa.Column("plan_fits", Boolean()),
    sa.Column("renegotiations", Integer(), nullable=False),
    sa.Column("has_priority", Boolean(), nullable=False),
    sa.Column("priority_at", Instant()),
    sa.Column("composite", Json()),
    sa.Column("asked", Integer()),
    sa.Column("asked_at", Instant()),
    sa.Column("heard_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)
RULES = sa.Table(
    "energy_rules",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("transfers", Json()),
    sa.Column("power_w", Exact(3)),
    sa.Column("version", Integer(), nullable=False),
)
CONTROLS = sa.Table(
    "der_controls",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("control", Json(), nullable=False),
    sa.Column("held", Boolean(), nullable=False),
    sa.Column("superseded", Boolean(), nullable=False),
    sa.Column("unwanted", Boolean(), nullable=False),
    sa.Column("outcome", Text()),
    sa.Column("detail", Text()),
    sa.Column("started", Boolean()),
    sa.Column("state_at", Instant()),
    sa.Column("told_at", Instant()),
    sa.Column("reported_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)
ALARMS = sa.Table(
    "der_alarms",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("kind", Text(), primary_key=True),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("fault", Text()),
    sa.Column("info", Text()),
    sa.Column("ended_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)


def _json(value: object) -> Any:
    return None if value is None else msgspec.to_builtins(value)


def _read(value: Any, kind: type[T]) -> T | None:
    return None if value is None else msgspec.convert(value, kind)


def _key(tenant: str, station: str) -> StationKey:
    return StationKey(TenantId(tenant), StationId(station))


def profile_row(held: Held) -> Row:
    return (
        *(held.station.tenant, held.station.station, held.id, held.evse, held.purpose),
        *(held.transaction, _json(held.wanted), _json(held.held), held.source, held.unwanted),
        *(held.by_rule, held.outcome, held.detail, held.told_at, held.reported_at),
    )


def held_from(row: Row) -> Held:
    tenant, station, id, evse, purpose, ref, wanted, held, source, unwanted, *rest = row
    by_rule, outcome, detail, told_at, reported_at = rest
    return Held(
        station=_key(tenant, station),
        id=id,
        evse=EvseNumber(evse),
        purpose=Purpose(purpose),
        transaction=ref,
        wanted=_read(wanted, Profile),
        held=_read(held, Profile),
        source=source,
        unwanted=bool(unwanted),
        by_rule=bool(by_rule),
        outcome=outcome,
        detail=detail,
        told_at=told_at,
        reported_at=reported_at,
    )


def limit_row(limit: ExternalLimit) -> Row:
    return (
        *(limit.station.tenant, limit.station.station, limit.evse, limit.source, limit.at),
        *(_json(limit.schedules), limit.is_local_generation, limit.is_grid_critical),
        limit.cleared_at,
    )


def limit_from(row: Row) -> ExternalLimit:
    tenant, station, evse, source, at, schedules, is_local, is_critical, cleared_at = row
    return ExternalLimit(
        station=_key(tenant, station),
        evse=EvseNumber(evse),
        source=source,
        at=at,
        schedules=_read(schedules, tuple[Schedule, ...]) or (),
        is_local_generation=bool(is_local),
        is_grid_critical=bool(is_critical),
        cleared_at=cleared_at,
    )


def evse_row(each: EvseEnergy) -> Row:
    return (
        *(each.station.tenant, each.station.station, each.evse, each.transaction),
        *(_json(each.needs), each.needs_at, each.tuples_max, each.answer),
        *(_json(each.plan), each.plan_at, each.plan_selected, each.plan_fits),
        *(each.renegotiations, each.has_priority, each.priority_at, _json(each.composite)),
        *(each.asked, each.asked_at, each.heard_at),
    )


def evse_from(row: Row) -> EvseEnergy:
    tenant, station, evse, ref, needs, needs_at, tuples_max, answer, *later = row
    plan, plan_at, plan_selected, plan_fits, renegotiations, has_priority, *last = later
    priority_at, composite, asked, asked_at, heard_at = last
    return EvseEnergy(
        station=_key(tenant, station),
        evse=EvseNumber(evse),
        transaction=ref,
        needs=_read(needs, Needs),
        needs_at=needs_at,
        tuples_max=tuples_max,
        answer=answer,
        plan=_read(plan, Schedule),
        plan_at=plan_at,
        plan_selected=plan_selected,
        plan_fits=None if plan_fits is None else bool(plan_fits),
        renegotiations=renegotiations,
        has_priority=bool(has_priority),
        priority_at=priority_at,
        composite=_read(composite, Composite),
        asked=asked,
        asked_at=asked_at,
        heard_at=heard_at,
    )


def rule_row(rule: Rule) -> Row:
    return rule.tenant, rule.station or ANY, _json(rule.transfers), rule.power_w


def rule_from(row: Row) -> Rule:
    tenant, station, transfers, power_w = row
    return Rule(
        tenant=TenantId(tenant),
        station=StationId(station) if station else None,
        transfers=_read(transfers, tuple[EnergyTransfer, ...]),
        power_w=power_w,
    )


def control_row(held: HeldControl) -> Row:
    return (
        *(held.station.tenant, held.station.station, held.control.id, _json(held.control)),
        *(held.held, held.superseded, held.unwanted, held.outcome, held.detail),
        *(held.started, held.state_at, held.told_at, held.reported_at),
    )


def control_from(row: Row) -> HeldControl:
    tenant, station, _, control, held, superseded, unwanted, *rest = row
    outcome, detail, started, state_at, told_at, reported_at = rest
    return HeldControl(
        station=_key(tenant, station),
        control=msgspec.convert(control, DerControl),
        held=bool(held),
        superseded=bool(superseded),
        unwanted=bool(unwanted),
        outcome=outcome,
        detail=detail,
        started=None if started is None else bool(started),
        state_at=state_at,
        told_at=told_at,
        reported_at=reported_at,
    )


def alarm_row(alarm: DerAlarm) -> Row:
    station = alarm.station
    return (
        *(station.tenant, station.station, alarm.kind, alarm.at),
        *(alarm.fault, alarm.info, alarm.ended_at),
    )


def alarm_from(row: Row) -> DerAlarm:
    tenant, station, kind, at, fault, info, ended_at = row
    return DerAlarm(
        station=_key(tenant, station),
        kind=DerKind(kind),
        at=at,
        fault=fault,
        info=info,
        ended_at=ended_at,
    )


def _shelf(
    table: sa.Table,
    write: Any,
    read: Any,
    fresh_s: float | None = None,
    remembered_max: int = REMEMBERED_MAX,
) -> Shelf[Any]:
    keys = len(table.primary_key.columns)
    return Shelf(
        table,
        key=lambda each: write(each)[:keys],
        write=write,
        read=read,
        fresh_s=fresh_s,
        remembered_max=remembered_max,
    )


PROFILE_SHELF: Shelf[Held] = _shelf(
    PROFILES,
    profile_row,
    held_from,
    remembered_max=2_000,  # each may have a thousand periods
)
LIMIT_SHELF: Shelf[ExternalLimit] = _shelf(LIMITS, limit_row, limit_from)
EVSE_SHELF: Shelf[EvseEnergy] = _shelf(EVSES, evse_row, evse_from)
RULE_SHELF: Shelf[Rule] = _shelf(RULES, rule_row, rule_from, FRESH_S)
CONTROL_SHELF: Shelf[HeldControl] = _shelf(CONTROLS, control_row, control_from)
ALARM_SHELF: Shelf[DerAlarm] = _shelf(ALARMS, alarm_row, alarm_from)


def of_station(table: sa.Table, station: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == station.tenant, table.c.station == station.station


class SqlEnergyStore:
    """Implements both `EnergyStore` and `DerStore`."""

    def __init__(self, work: Work) -> None:
        self._work = work

    async def profiles(self, station: StationKey) -> list[Held]:
        return sorted(await self._all(PROFILE_SHELF, station), key=lambda held: held.id)

    async def profile(self, station: StationKey, id: int) -> Held | None:
        return await self._work.get(PROFILE_SHELF, (*_place(station), id))

    def save_profile(self, held: Held) -> None:
        self._work.put(PROFILE_SHELF, held)

    def remove_profile(self, held: Held) -> None:
        self._work.remove(PROFILE_SHELF, held)

    async def limits(self, station: StationKey) -> list[ExternalLimit]:
        return await self._all(LIMIT_SHELF, station)

    async def limit(
        self, station: StationKey, evse: EvseNumber, source: str
    ) -> ExternalLimit | None:
        return await self._work.get(LIMIT_SHELF, (*_place(station), evse, source))

    def save_limit(self, limit: ExternalLimit) -> None:
        self._work.put(LIMIT_SHELF, limit)

    async def evse(self, station: StationKey, evse: EvseNumber) -> EvseEnergy | None:
        return await self._work.get(EVSE_SHELF, (*_place(station), evse))

    def save_evse(self, evse: EvseEnergy) -> None:
        self._work.put(EVSE_SHELF, evse)

    async def with_needs(self, tenant: TenantId, station: StationId | None) -> list[EvseEnergy]:
        where = [EVSES.c.tenant == tenant, EVSES.c.needs_at.is_not(None)]
        if station is not None:
            where.append(EVSES.c.station == station)
        return await self._work.find(EVSE_SHELF, *where)

    async def rules(self, tenant: TenantId, stations: Iterable[StationId | None]) -> list[Rule]:
        keys = [(tenant, station or ANY) for station in stations]
        await self._work.load(RULE_SHELF, keys)
        found: list[Rule] = []
        for key in keys:
            rule = await self._work.get(RULE_SHELF, key)
            found += [rule] if rule else []
        return found

    def save_rule(self, rule: Rule) -> None:
        self._work.put(RULE_SHELF, rule)

    def remove_rule(self, rule: Rule) -> None:
        self._work.remove(RULE_SHELF, rule)

    async def controls(self, station: StationKey) -> list[HeldControl]:
        found = await self._all(CONTROL_SHELF, station)
        return sorted(found, key=lambda held: (held.control.kind, held.control.priority))

    async def control(self, station: StationKey, id: str) -> HeldControl | None:
        return await self._work.get(CONTROL_SHELF, (*_place(station), id))

    def save_control(self, held: HeldControl) -> None:
        self._work.put(CONTROL_SHELF, held)

    def remove_control(self, held: HeldControl) -> None:
        self._work.remove(CONTROL_SHELF, held)

    async def alarm(self, station: StationKey, kind: DerKind) -> DerAlarm | None:
        return await self._work.get(ALARM_SHELF, (*_place(station), kind))

    async def alarms(self, station: StationKey) -> list[DerAlarm]:
        return await self._all(ALARM_SHELF, station)

    def save_alarm(self, alarm: DerAlarm) -> None:
        self._work.put(ALARM_SHELF, alarm)

    async def _all(self, shelf: Shelf[E], station: StationKey) -> list[E]:
        """Those of the database, and those that this batch is about to write."""
        found = await self._work.under(shelf, *_place(station))
        entities = {shelf.key(each): each for each in found}
        for key, staged in self._work.staged(shelf).items():
            if key[:2] == _place(station):
                entities.pop(key, None)
                if staged is not None:
                    entities[key] = staged
        return list(entities.values())


def _place(station: StationKey) -> tuple[str, str]:
    return station.tenant, station.station
