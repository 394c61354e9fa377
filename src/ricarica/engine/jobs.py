"""Work that did not come as a message: of people, of timers, of connections."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable
from typing import Any, Generic, TypeVar

import structlog

from ricarica.engine.mailbox import Wanted
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import StationKey, TenantId

T = TypeVar("T")

log = structlog.get_logger("ricarica.engine")


class Errand(Generic[T]):
    """Something to do in one unit of work; whoever sent it may wait for `done`."""

    __slots__ = ("_identities", "_work", "box", "done", "hurries", "tenant")
    connection = None

    def __init__(
        self,
        tenant: TenantId,
        work: Callable[[UnitOfWork], Awaitable[T]],
        station: StationKey | None = None,
        identities: Collection[str] = (),
        *,
        hurries: bool = True,
    ) -> None:
        """`identities`: of stations that are not known yet, for they only knock."""
        self.hurries = hurries
        self.tenant = tenant
        # What concerns no station waits for nobody.
        self.box: Hashable = (station.tenant, station.station) if station else self
        self.done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._work = work
        self._identities = identities

    def prepare(self, wanted: Wanted) -> None:
        if isinstance(self.box, tuple):
            wanted.stations.add(self.box)
        wanted.identities.update((self.tenant, identity) for identity in self._identities)

    async def run(self, unit: UnitOfWork) -> T:
        return await self._work(unit)

    def put_aside(self, unit: UnitOfWork, error: Exception) -> Any:
        if isinstance(error, RicaricaError):
            raise error
        log.error("errand.failed", exc_info=error)
        raise UnexpectedError("this failed by a fault of ours; it is in the log") from error

    def release(self, result: T) -> None:
        if not self.done.done():
            self.done.set_result(result)

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self.done.exception()  # it is logged where it happened; waiting for it is optional


class UnexpectedError(RicaricaError):
    """A fault of ours."""
