from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from ricarica.alerts.model import EVERYWHERE, Alert, Rule, Span
from ricarica.kernel.ids import EventId, StationId, TenantId


class AlertStore(Protocol):
    async def rules(self, tenant: TenantId) -> list[Rule]:
        """Those that somebody added or changed."""
        ...

    async def rule(self, tenant: TenantId, rule: str) -> Rule | None: ...

    def save_rule(self, rule: Rule) -> None: ...

    def remove_rule(self, rule: Rule) -> None: ...

    async def latest(
        self, tenant: TenantId, station: StationId, rule: str, subject: str
    ) -> Alert | None:
        """The last one of this rule about this subject."""
        ...

    async def current(
        self, tenant: TenantId, rule: str, span: Span = EVERYWHERE, most: int = 1_000
    ) -> list[Alert]:
        """Those of a rule that are open or acknowledged; `most` of them."""
        ...

    async def begun(
        self, tenant: TenantId, rule: str, moments: Mapping[StationId, datetime]
    ) -> set[StationId]:
        """The stations that have one of this rule that began at this very moment."""
        ...

    async def get(self, tenant: TenantId, alert: EventId) -> Alert | None: ...

    def save(self, alert: Alert) -> None: ...

    async def seen(self, tenant: TenantId) -> EventId | None:
        """The last event that the rules have looked at."""
        ...

    async def mark_seen(self, tenant: TenantId, last: EventId) -> None: ...
