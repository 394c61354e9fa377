"""Has certificates signed. Whoever signs may take long, so it is done beside all other work."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from ricarica.certificates.commands import IssueCertificate
from ricarica.certificates.ports import Authority, UnreachableError, VaultError
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import StationKey

T = TypeVar("T")


class CarryOut(Protocol):
    def __call__(
        self, key: StationKey, work: Callable[[UnitOfWork], Awaitable[T]], /
    ) -> Awaitable[T]:
        """Do it in one unit of work, in the station's order."""
        ...


async def issue(
    authority: Authority, carry_out: CarryOut, key: StationKey, command: IssueCertificate
) -> None:
    """Whatever becomes of it is committed; who dies in between tries again later."""

    async def give_up(error: RicaricaError) -> None:
        why, is_final = str(error), not isinstance(error, UnreachableError)
        await carry_out(
            key,
            lambda unit: unit.slices.certificates.not_issued(
                key, command.id, why, is_final=is_final
            ),
        )

    try:
        assignment = await carry_out(
            key,
            lambda unit: unit.slices.certificates.assignment(key, command.id, unit.slices.now),
        )
    except VaultError as error:  # what went wrong otherwise is tried again
        await give_up(error)
        return
    if assignment is None:
        return
    try:
        chain = await authority.sign(assignment)
    except RicaricaError as error:
        await give_up(error)
    else:
        await carry_out(key, lambda unit: unit.slices.certificates.issued(key, command.id, chain))
