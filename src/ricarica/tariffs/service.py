"""Which prices hold, and how they change."""

from dataclasses import dataclass, replace
from datetime import datetime

from ricarica.kernel.errors import ConflictError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import TariffId, TenantId
from ricarica.tariffs.events import TariffChanged
from ricarica.tariffs.model import Prices, Tariff, check_prices, checked_name
from ricarica.tariffs.ports import TariffStore


@dataclass(frozen=True, slots=True)
class TariffChanges:
    """None leaves a field as it is."""

    name: str | None = None
    prices: Prices | None = None


class TariffService:
    def __init__(self, store: TariffStore, announcer: Announcer) -> None:
        self._store = store
        self._announce = announcer.announce

    async def in_force(
        self, tenant: TenantId, *candidates: TariffId | None, at: datetime | None = None
    ) -> Tariff | None:
        """The first of the candidates that exists, else the tenant's default, else nothing.

        With `at`, as they were at that moment; what was chosen then is not known any more.
        """
        for candidate in (*candidates, await self._store.default(tenant)):
            if candidate and (tariff := await self._as_of(tenant, candidate, at)):
                return tariff
        return None

    async def _as_of(
        self, tenant: TenantId, tariff: TariffId, at: datetime | None
    ) -> Tariff | None:
        latest = await self._store.get(tenant, tariff)
        if latest is None or at is None or at >= latest.revised_at:
            return latest
        return await self._store.revision_at(latest, at)

    async def get(self, tenant: TenantId, tariff: TariffId) -> Tariff:
        return await self._known(tenant, tariff)

    async def add(self, tariff: Tariff) -> Tariff:
        """Add the first revision of a tariff; as the default, if it says so."""
        check_prices(tariff.prices)
        added = replace(tariff, name=checked_name(tariff.name), revision=1)
        if await self._store.get(tariff.tenant, tariff.id):
            raise ConflictError(f"the tariff {tariff.id} is there already; change it instead")
        self._store.save(added)
        if added.is_default:
            await self._store.set_default(added.tenant, added.id)
        self._announce(TariffChanged(added.id, added.revision))
        return added

    async def change(
        self, tenant: TenantId, tariff: TariffId, changes: TariffChanges, at: datetime
    ) -> Tariff:
        """Make a new revision. Transactions that have begun keep the prices they began with."""
        known = await self._known(tenant, tariff)
        prices = changes.prices or known.prices
        check_prices(prices)
        name = known.name if changes.name is None else checked_name(changes.name)
        if (name, prices) == (known.name, known.prices):
            return known
        revision = known.revision + 1
        changed = replace(known, name=name, prices=prices, revision=revision, revised_at=at)
        self._store.save(changed)
        self._announce(TariffChanged(changed.id, revision))
        return changed

    async def make_default(self, tenant: TenantId, tariff: TariffId) -> Tariff:
        known = await self._known(tenant, tariff)
        await self._store.set_default(tenant, tariff)
        self._announce(TariffChanged(tariff, known.revision))
        return replace(known, is_default=True)

    async def clear_default(self, tenant: TenantId) -> None:
        """From now on nothing is charged where no tariff is chosen."""
        default = await self._store.default(tenant)
        if default is None:
            return
        known = await self._known(tenant, default)
        await self._store.set_default(tenant, None)
        self._announce(TariffChanged(default, known.revision))

    async def remove(self, tenant: TenantId, tariff: TariffId) -> None:
        """Stations and sites that chose it fall back to the default."""
        known = await self._known(tenant, tariff)
        if known.is_default:
            await self._store.set_default(tenant, None)
        self._store.remove(known)
        self._announce(TariffChanged(tariff, None))

    async def _known(self, tenant: TenantId, tariff: TariffId) -> Tariff:
        known = await self._store.get(tenant, tariff)
        if known is None:
            raise NotFoundError(f"there is no tariff {tariff}")
        return known
