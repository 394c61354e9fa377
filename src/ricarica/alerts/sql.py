"""How rules and alerts lie in the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from ricarica.alerts.model import EVERYWHERE, Alert, AlertState, Level, Matches, Rule, Span
from ricarica.configuration.templates import Applies
from ricarica.kernel.ids import EventId, StationId, TenantId
from ricarica.storage.columns import Boolean, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # for what no station owns

ALERT_RULES = sa.Table(
    "alert_rules",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("kind", Text(), nullable=False),
    sa.Column("level", Text(), nullable=False),
    sa.Column("matches", Text(), nullable=False),
    sa.Column("applies", Text(), nullable=False),
    sa.Column("threshold", Integer(), nullable=False),
    sa.Column("window_s", Integer(), nullable=False),
    sa.Column("cool_down_s", Integer(), nullable=False),
    sa.Column("lasting_s", Integer(), nullable=False),
    sa.Column("is_active", Boolean(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

ALERTS = sa.Table(
    "alerts",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("id", Integer(), primary_key=True, autoincrement=False),
    sa.Column("rule", Text(), nullable=False),
    sa.Column("subject", Text(), nullable=False),
    sa.Column("name", Text(), nullable=False),
    sa.Column("level", Text(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("text", Text(), nullable=False),
    sa.Column("first_at", Instant(), nullable=False),
    sa.Column("last_at", Instant(), nullable=False),
    sa.Column("times", Integer(), nullable=False),
    sa.Column("severity", Integer()),
    sa.Column("event", Integer()),
    sa.Column("changed_by", Text()),
    sa.Column("changed_at", Instant()),
    sa.Column("note", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_alerts_state", "tenant", "state", "id"),
    sa.Index("ix_alerts_last_at", "last_at"),
)

# Up to which event the rules of a tenant have looked.
ALERT_MARKS = sa.Table(
    "alert_marks",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("last", Integer(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())


def _rule_row(rule: Rule) -> Row:
    return (
        rule.tenant,
        rule.id,
        rule.name,
        rule.kind,
        rule.level,
        msgspec.json.encode(rule.matches).decode(),
        msgspec.json.encode(rule.applies).decode(),
        rule.threshold,
        _seconds(rule.window),
        _seconds(rule.cool_down),
        _seconds(rule.lasting),
        rule.is_active,
    )


def rule_from(row: Row) -> Rule:
    tenant, id_, name, kind, level, matches, applies, threshold, *spans, is_active = row
    window, cool_down, lasting = (timedelta(seconds=span) for span in spans)
    return Rule(
        tenant,
        id_,
        name,
        kind,
        Level(level),
        msgspec.json.decode(matches, type=Matches),
        msgspec.json.decode(applies, type=Applies),
        threshold,
        window,
        cool_down,
        lasting,
        is_active,
    )


def _alert_row(alert: Alert) -> Row:
    return (
        alert.tenant,
        alert.station,
        alert.id,
        alert.rule,
        alert.subject,
        alert.name,
        alert.level,
        alert.state,
        alert.text,
        alert.first_at,
        alert.last_at,
        alert.count,
        alert.severity,
        alert.event,
        alert.by,
        alert.changed_at,
        alert.note,
    )


def alert_from(row: Row) -> Alert:
    tenant, station, id_, rule, subject, name, level, state, *rest = row
    place = (TenantId(tenant), StationId(station), EventId(id_), rule, subject, name)
    return Alert(*place, Level(level), AlertState(state), *rest)


RULE_SHELF = Shelf[Rule](
    ALERT_RULES,
    key=lambda rule: (rule.tenant, rule.id),
    write=_rule_row,
    read=rule_from,
    fresh_s=FRESH_S,
)
# Rules look at them wherever the timer rings, whoever owns the station.
ALERT_SHELF = Shelf[Alert](
    ALERTS,
    key=lambda alert: (alert.tenant, alert.station, alert.id),
    write=_alert_row,
    read=alert_from,
    fresh_s=0.0,
    remembered_max=1_000,
)
MARK_SHELF = Shelf[tuple[TenantId, EventId]](
    ALERT_MARKS,
    key=lambda mark: (mark[0],),
    write=lambda mark: mark,
    read=lambda row: (TenantId(row[0]), EventId(row[1])),
    fresh_s=0.0,
)


class SqlAlertStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def rules(self, tenant: TenantId) -> list[Rule]:
        return await self._work.find(RULE_SHELF, ALERT_RULES.c.tenant == tenant)

    async def rule(self, tenant: TenantId, rule: str) -> Rule | None:
        return await self._work.get(RULE_SHELF, (tenant, rule))

    def save_rule(self, rule: Rule) -> None:
        self._work.put(RULE_SHELF, rule)

    def remove_rule(self, rule: Rule) -> None:
        self._work.remove(RULE_SHELF, rule)

    async def latest(
        self, tenant: TenantId, station: StationId, rule: str, subject: str
    ) -> Alert | None:
        columns = ALERTS.c
        query = sa.select(ALERTS).where(
            columns.tenant == tenant,
            columns.station == station,
            columns.rule == rule,
            columns.subject == subject,
        )
        last = query.order_by(columns.id.desc()).limit(1)
        found = await self._work.look_up(ALERT_SHELF, last)
        return found[0] if found else None

    async def current(
        self, tenant: TenantId, rule: str, span: Span = EVERYWHERE, most: int = 1_000
    ) -> list[Alert]:
        columns = ALERTS.c
        states = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
        query = sa.select(ALERTS).where(
            columns.tenant == tenant,
            columns.state.in_(states),
            columns.rule == rule,
            columns.station > span.after,
        )
        if span.until is not None:
            query = query.where(columns.station <= span.until)
        return await self._work.look_up(ALERT_SHELF, query.order_by(columns.station).limit(most))

    async def begun(
        self, tenant: TenantId, rule: str, moments: Mapping[StationId, datetime]
    ) -> set[StationId]:
        columns = ALERTS.c
        query = sa.select(columns.station, columns.first_at).where(
            columns.tenant == tenant,
            columns.station.in_(moments),
            columns.rule == rule,
            columns.first_at.in_(set(moments.values())),
        )
        found = await self._work.fetch(query) if moments else []
        return {StationId(name) for name, at in found if moments[StationId(name)] == at}

    async def get(self, tenant: TenantId, alert: EventId) -> Alert | None:
        columns = ALERTS.c
        found = await self._work.find(ALERT_SHELF, columns.tenant == tenant, columns.id == alert)
        return found[0] if found else None

    def save(self, alert: Alert) -> None:
        self._work.put(ALERT_SHELF, alert)

    async def seen(self, tenant: TenantId) -> EventId | None:
        mark = await self._work.get(MARK_SHELF, (tenant,))
        return mark[1] if mark else None

    async def mark_seen(self, tenant: TenantId, last: EventId) -> None:
        await self._work.get(MARK_SHELF, (tenant,))
        self._work.put(MARK_SHELF, (tenant, last))
