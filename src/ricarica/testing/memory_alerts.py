"""A store of rules and alerts in memory, for tests of the slice."""

from collections.abc import Mapping
from datetime import datetime

from ricarica.alerts.model import EVERYWHERE, Alert, Rule, Span
from ricarica.kernel.ids import EventId, StationId, TenantId


class MemoryAlertStore:
    def __init__(self) -> None:
        self.saved_rules: dict[tuple[TenantId, str], Rule] = {}
        self.alerts: dict[EventId, Alert] = {}
        self.marks: dict[TenantId, EventId] = {}

    async def rules(self, tenant: TenantId) -> list[Rule]:
        return [rule for (owner, _), rule in self.saved_rules.items() if owner == tenant]

    async def rule(self, tenant: TenantId, rule: str) -> Rule | None:
        return self.saved_rules.get((tenant, rule))

    def save_rule(self, rule: Rule) -> None:
        self.saved_rules[rule.tenant, rule.id] = rule

    def remove_rule(self, rule: Rule) -> None:
        del self.saved_rules[rule.tenant, rule.id]

    async def latest(
        self, tenant: TenantId, station: StationId, rule: str, subject: str
    ) -> Alert | None:
        wanted = (tenant, station, rule, subject)
        found = [
            each
            for each in self.alerts.values()
            if (each.tenant, each.station, each.rule, each.subject) == wanted
        ]
        return max(found, key=lambda alert: alert.id, default=None)

    async def current(
        self, tenant: TenantId, rule: str, span: Span = EVERYWHERE, most: int = 1_000
    ) -> list[Alert]:
        alerts = [a for a in self.alerts.values() if (a.tenant, a.rule) == (tenant, rule)]
        within = [
            a
            for a in sorted(alerts, key=lambda alert: alert.station)
            if a.is_current and span.after < a.station <= (span.until or a.station)
        ]
        return within[:most]

    async def begun(
        self, tenant: TenantId, rule: str, moments: Mapping[StationId, datetime]
    ) -> set[StationId]:
        alerts = [a for a in self.alerts.values() if (a.tenant, a.rule) == (tenant, rule)]
        return {a.station for a in alerts if moments.get(a.station) == a.first_at}

    async def get(self, tenant: TenantId, alert: EventId) -> Alert | None:
        found = self.alerts.get(alert)
        return found if found and found.tenant == tenant else None

    def save(self, alert: Alert) -> None:
        self.alerts[alert.id] = alert

    async def seen(self, tenant: TenantId) -> EventId | None:
        return self.marks.get(tenant)

    async def mark_seen(self, tenant: TenantId, last: EventId) -> None:
        self.marks[tenant] = last
