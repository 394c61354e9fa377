"""What this slice needs of the world, in its own words."""

from typing import Protocol

from ricarica.billing.model import Payment, WebPayments
from ricarica.billing.vat import Company, VatNumber
from ricarica.kernel.ids import StationKey, TenantId


class BillingStore(Protocol):
    async def payment(self, station: StationKey, reference: str) -> Payment | None: ...

    async def by_reference(self, tenant: TenantId, reference: str) -> list[Payment]:
        """Of whichever station it is."""
        ...

    def save(self, payment: Payment) -> None: ...

    async def web(self, station: StationKey) -> WebPayments | None: ...

    def save_web(self, web: WebPayments) -> None: ...

    async def vat_number(self, tenant: TenantId, number: str) -> VatNumber | None: ...

    async def vat_numbers_to_check(self, most: int) -> list[VatNumber]:
        """Of all tenants, oldest first."""
        ...

    def save_vat_number(self, number: VatNumber) -> None: ...


class VatRegister(Protocol):
    """Who knows which numbers there are, such as VIES for the European Union."""

    async def look_up(self, number: str) -> tuple[bool, Company | None] | None:
        """Whether it is valid, and whose; None: the register could not say now."""
        ...
