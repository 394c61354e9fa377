from collections.abc import Iterable
from typing import Protocol

from ricarica.kernel.ids import EventId, StationKey
from ricarica.monitoring.model import Block, Monitor, Monitoring, StationEvent, Stream


class MonitorStore(Protocol):
    async def monitoring(self, station: StationKey) -> Monitoring | None: ...

    def save_monitoring(self, monitoring: Monitoring) -> None: ...

    async def monitor(self, station: StationKey, number: int) -> Monitor | None: ...

    async def monitors(self, station: StationKey) -> list[Monitor]:
        """By number."""
        ...

    async def save_monitors(self, monitors: Iterable[Monitor]) -> None: ...

    def remove_monitor(self, monitor: Monitor) -> None: ...


class EventStore(Protocol):
    async def unknown(self, events: Iterable[StationEvent]) -> list[StationEvent]:
        """Those of them, all of one station, that nobody told of before."""
        ...

    async def get(self, station: StationKey, event: EventId) -> StationEvent | None: ...

    async def save(self, event: StationEvent) -> None: ...


class StreamStore(Protocol):
    async def get(self, station: StationKey, number: int) -> Stream | None: ...

    async def all(self, station: StationKey) -> list[Stream]:
        """Those that are open, by number."""
        ...

    def save(self, stream: Stream) -> None: ...

    async def save_block(self, block: Block) -> None: ...

    async def remove(self, stream: Stream) -> None:
        """With its values."""
        ...
