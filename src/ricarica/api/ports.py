"""What the API needs of the engine, in its own words."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

from ricarica.access.model import Actor
from ricarica.engine.commands import Call, Called
from ricarica.engine.diagnosis import Doctor
from ricarica.engine.files import Clerk, FilesSoon
from ricarica.engine.forwarding import Forwards
from ricarica.engine.outbox import Told as ToldEvent
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import EventId, StationKey, TenantId
from ricarica.slices import Slices
from ricarica.stations.commands import Result

T = TypeVar("T")


class Commands(Protocol):
    async def tell(self, key: StationKey, command: object, by: str = "") -> Result:
        """Say it in the station's own words; unreached when it is not connected."""
        ...

    async def call(
        self,
        key: StationKey,
        call: Call,
        *,
        checked: bool = True,
        timeout_s: float = 30,
        by: str = "",
    ) -> Called:
        """
        Raises:
            InvalidError: `checked`, and the station's dialect knows no such request.
        """
        ...

    def sayable(self, dialect: str) -> frozenset[type]:
        """The commands that a dialect has words for, by its name."""
        ...


class Watch(Protocol):
    def __aiter__(self) -> AsyncIterator[ToldEvent]: ...


class Events(Protocol):
    def subscribe(self, tenant: TenantId) -> AbstractContextManager[Watch]: ...

    async def since(self, tenant: TenantId, last: EventId, most: int = ...) -> list[ToldEvent]:
        """What was kept after an event, oldest first."""
        ...

    def behind_which_all_is_known(self, last: EventId) -> EventId:
        """From where to read on, so that nothing is missed; some may then come once more."""
        ...


class Engine(Protocol):
    async def carry_out(
        self,
        actor: Actor,
        work: Callable[[Slices], Awaitable[T]],
        *,
        station: StationKey | None = None,
    ) -> T:
        """Run `work` in one unit of work; its effects are committed when this returns."""
        ...

    async def replay(self, actor: Actor, station: StationKey, number: int) -> None:
        """Read once more what was put aside.

        Raises:
            InvalidError: it still cannot be read; it stays where it is.
        """
        ...

    async def in_order(self, key: StationKey, work: Callable[[UnitOfWork], Awaitable[T]], /) -> T:
        """Run `work` in one unit of work, in the station's order."""
        ...

    async def in_unit(self, tenant: TenantId, work: Callable[[UnitOfWork], Awaitable[T]], /) -> T:
        """Run `work` in one unit of work."""
        ...

    def bring(self, key: StationKey, kind: str = "", *, anew: bool = False) -> None:
        """Have a station told what is missing; `anew`: also what was in vain before."""
        ...

    @property
    def doctor(self) -> Doctor | None: ...

    @property
    def commands(self) -> Commands: ...

    @property
    def files(self) -> FilesSoon: ...

    @property
    def forwards(self) -> Forwards: ...

    @property
    def clerk(self) -> Clerk: ...

    @property
    def events(self) -> Events: ...
