"""What this slice needs of the world, in its own words."""

from datetime import datetime
from typing import Protocol

from ricarica.kernel.ids import TariffId, TenantId
from ricarica.tariffs.model import Tariff


class TariffStore(Protocol):
    async def get(self, tenant: TenantId, tariff: TariffId) -> Tariff | None:
        """Its latest revision."""
        ...

    async def revision_at(self, tariff: Tariff, at: datetime) -> Tariff:
        """What the tariff was at a moment; before there was one, what it was at first."""
        ...

    async def default(self, tenant: TenantId) -> TariffId | None: ...

    def save(self, tariff: Tariff) -> None:
        """Earlier revisions stay readable. `is_default` is not saved here."""
        ...

    def remove(self, tariff: Tariff) -> None: ...

    async def set_default(self, tenant: TenantId, tariff: TariffId | None) -> None: ...
