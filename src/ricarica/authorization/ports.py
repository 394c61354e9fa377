from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ricarica.authorization.book import AccessBook, ListDefinition
from ricarica.authorization.lists import LocalList
from ricarica.authorization.model import Attempt, CodeGuard, Token
from ricarica.authorization.reports import CustomerReport
from ricarica.kernel.ids import StationKey, TenantId


class TokenStore(Protocol):
    async def get(self, tenant: TenantId, folded_uid: str) -> Token | None: ...

    async def listed(
        self, tenant: TenantId, definitions: Sequence[ListDefinition], most: int
    ) -> list[Token]:
        """Those that these definitions may want, by uid; `most` of them."""
        ...

    def save(self, token: Token) -> None: ...

    def remove(self, token: Token) -> None: ...


class AccessBookStore(Protocol):
    async def book(self, tenant: TenantId) -> AccessBook:
        """An empty one, where nothing was laid down yet."""
        ...

    def save(self, book: AccessBook) -> None: ...

    async def guard(self, station: StationKey) -> CodeGuard: ...

    def save_guard(self, guard: CodeGuard) -> None: ...

    def add_attempt(self, attempt: Attempt) -> None: ...


class LocalListStore(Protocol):
    async def get(self, station: StationKey) -> LocalList | None: ...

    def save(self, known: LocalList) -> None: ...

    async def unseen(self, since: datetime, most: int) -> list[StationKey]:
        """Connected stations of all tenants whose lists were last looked at before; some."""
        ...


class CustomerReportStore(Protocol):
    async def get(self, station: StationKey, number: int) -> CustomerReport | None: ...

    def save(self, report: CustomerReport) -> None: ...
