"""Templates: what is wanted of stations, and what to tell one that differs from it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ricarica.configuration.commands import WriteSetting, WriteSettings
from ricarica.configuration.events import TemplateChanged
from ricarica.configuration.ports import TemplateStore
from ricarica.configuration.service import ConfigurationService
from ricarica.configuration.templates import (
    Difference,
    Standing,
    Template,
    Wanted,
    check,
    standing_of,
    wanted_of,
)
from ricarica.kernel.errors import NotFoundError
from ricarica.kernel.events import Outgoing
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.stations.commands import BringInStep
from ricarica.stations.model import Station

KINDS = ("settings", "monitors")


class TemplateService:
    def __init__(
        self, store: TemplateStore, configuration: ConfigurationService, outgoing: Outgoing
    ) -> None:
        self._store = store
        self._configuration = configuration
        self._announce = outgoing.announce
        self._tell = outgoing.tell

    async def get(self, tenant: TenantId, template: str) -> Template:
        known = await self._store.get(tenant, template)
        if known is None:
            raise NotFoundError(f"there is no template {template}")
        return known

    def save(self, template: Template) -> None:
        """Add it, or put it in place of the one of this id, which was read before."""
        check(template)
        self._store.save(template)
        self._announce(TemplateChanged(template.id, template.name))

    async def change(self, template: Template, now: datetime) -> Template:
        """
        Raises:
            NotFoundError: there is none of this id.
        """
        known = await self.get(template.tenant, template.id)
        changed = replace(template, created_at=known.created_at, changed_at=now)
        self.save(changed)
        return changed

    async def remove(self, tenant: TenantId, template: str) -> Template:
        """Stations keep what they were told."""
        known = await self.get(tenant, template)
        self._store.remove(known)
        self._announce(TemplateChanged(known.id, known.name))
        return known

    def push(self, stations: Iterable[StationKey]) -> None:
        """Bring these stations in step now, rather than when their turn comes."""
        for station in stations:
            for kind in KINDS:
                self._tell(station, BringInStep(kind))

    async def wanted(self, station: Station) -> Wanted:
        return wanted_of(station, await self._store.all(station.key.tenant))

    async def differences(self, station: Station, wanted: Wanted) -> list[Difference]:
        """What is wanted, setting by setting, and whether it is so."""
        known = await self._configuration.named(station.key, wanted.settings)
        return [
            standing_of(name, value, known.get(name), station.booted_at)
            for name, value in wanted.settings.items()
        ]

    async def next_write(
        self, station: Station, differences: Iterable[Difference]
    ) -> WriteSetting | WriteSettings | None:
        """What to tell the station next, if it is to have other values.

        What it has not told of is left to people: it may not even have a word for it.
        """
        values = {
            each.name: each.wanted for each in differences if each.standing is Standing.DIFFERS
        }
        parts = await self._configuration.writing(station.key, values)
        return parts[0] if parts else None
