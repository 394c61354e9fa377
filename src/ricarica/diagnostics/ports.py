from datetime import datetime
from typing import Protocol

from ricarica.diagnostics.model import LogRequest
from ricarica.kernel.ids import StationKey


class LogStore(Protocol):
    async def get(self, station: StationKey, number: int) -> LogRequest | None: ...

    async def recent(self, station: StationKey) -> list[LogRequest]:
        """The last few, the latest first."""
        ...

    async def expired(self, now: datetime) -> list[LogRequest]:
        """Of all tenants: some of those that are open though their address is not any more."""
        ...

    async def kept_since(self, before: datetime) -> list[LogRequest]:
        """Of all tenants: some of those whose files came before that."""
        ...

    def save(self, request: LogRequest) -> None: ...
