"""Who was turned away at the stations' door, and why: for whoever looks for the reason.

Hostile peers can be turned away any number of times, under any number of names. What is kept of
them is bounded, in memory and in the database, and what they do cannot push out what is known of
stations that are registered.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa

from ricarica.engine.forgetting import forget
from ricarica.engine.sql import REFUSALS
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import NotFoundError, RicaricaError
from ricarica.kernel.ids import TenantId
from ricarica.link.letters import Knock
from ricarica.stations.model import Admittance
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf

LAST = 10  # of one name
WAITING_MAX = 500  # names whose refusals wait to be written, of strangers and of stations each
WRITTEN_AT_ONCE_MAX = 100
STRANGERS_MAX = 1_000  # of one tenant, in the database
WRITE_AFTER_S = 5.0
KEPT = timedelta(days=7)


class Reason(StrEnum):
    UNKNOWN = "unknown"  # nobody has registered it, and strangers are refused
    BLOCKED = "blocked"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a reason
    NO_PASSWORD = "no_password"  # noqa: S105 - the name of a reason
    NOT_SECURE = "not_secure"
    WRONG_CERTIFICATE = "wrong_certificate"
    NO_CERTIFICATE = "no_certificate"
    NO_COMMON_DIALECT = "no_common_dialect"
    NO_SUBPROTOCOL = "no_subprotocol"
    OTHER_USER = "other_user"  # the user name is not the identity
    UNREADABLE_CREDENTIALS = "unreadable_credentials"
    TOO_OFTEN = "too_often"
    CROWDED = "crowded"


@dataclass(frozen=True, slots=True)
class Refusal:
    at: datetime
    reason: Reason
    remote: str
    secure: bool
    offered: str = ""  # subprotocols, with commas in between


@dataclass(frozen=True, slots=True)
class Refusals:
    """Of one name: how often, and the last of them, the latest last."""

    tenant: TenantId
    folded: str
    identity: str  # as it was written the last time
    is_registered: bool
    count: int
    last_at: datetime
    last: tuple[Refusal, ...]


def reason_of(admittance: Admittance, knock: Knock) -> Reason:
    match admittance:
        case Admittance.WRONG_PASSWORD if knock.password is None:
            return Reason.NO_PASSWORD
        case Admittance.WRONG_CERTIFICATE if knock.certificate is None:
            return Reason.NO_CERTIFICATE
        case _:
            return Reason(admittance.value)


def refusal_of(knock: Knock, reason: Reason) -> Refusal:
    offered = ",".join(knock.subprotocols)[:200]
    return Refusal(knock.at, reason, knock.remote, knock.secure, offered)


@dataclass(slots=True)
class _Waiting:
    identity: str
    count: int = 0
    last: deque[Refusal] = field(default_factory=lambda: deque(maxlen=LAST))


Names = OrderedDict[tuple[TenantId, str], _Waiting]
Work = Callable[[UnitOfWork], Awaitable[None]]
Post = Callable[[TenantId, Collection[str], Work], Awaitable[None]]
"""Do it in one unit of work, which is going to ask for stations by these names."""


class RefusalBook:
    """What this node has turned away; written down every few seconds."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._stations: Names = OrderedDict()
        self._strangers: Names = OrderedDict()
        self._writing: asyncio.TimerHandle | None = None

    def note(self, knock: Knock, reason: Reason) -> None:
        """Costs next to nothing, and never waits."""
        names = self._strangers if reason is Reason.UNKNOWN else self._stations
        name = (TenantId(knock.tenant), knock.identity.casefold())
        waiting = names.setdefault(name, _Waiting(knock.identity))
        waiting.identity = knock.identity
        waiting.count += 1
        waiting.last.append(refusal_of(knock, reason))
        if len(names) > WAITING_MAX:
            names.popitem(last=False)
        self._write_later()

    async def write(self) -> None:
        """Store what waits, as far as it is not too much at once, in one commit a tenant."""
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None
        for names in (self._stations, self._strangers):
            some: dict[TenantId, dict[str, _Waiting]] = {}
            for _ in range(min(len(names), WRITTEN_AT_ONCE_MAX)):
                (tenant, folded), waiting = names.popitem(last=False)
                some.setdefault(tenant, {})[folded] = waiting
            for tenant, of_tenant in some.items():
                identities = [waiting.identity for waiting in of_tenant.values()]
                await self._post(tenant, identities, _writer(tenant, of_tenant))
        if self._stations or self._strangers:
            self._write_later()

    def _write_later(self) -> None:
        if self._writing is None:
            loop = asyncio.get_running_loop()
            self._writing = loop.call_later(WRITE_AFTER_S, self._write_soon)

    def _write_soon(self) -> None:
        self._writing = None
        task = asyncio.ensure_future(self.write())
        task.add_done_callback(_forget_failure)


def _forget_failure(task: "asyncio.Task[None]") -> None:
    """What could not be stored is only a hint for people."""
    if not task.cancelled() and (error := task.exception()):
        assert isinstance(error, RicaricaError), repr(error)


def _writer(tenant: TenantId, names: Mapping[str, _Waiting]) -> Work:
    async def write(unit: UnitOfWork) -> None:
        if not await unit.slices.access.has_tenant(tenant):
            return  # whoever knocks may name any, and nobody would ever see what is kept of it
        await unit.work.load(SHELF, [(tenant, folded) for folded in names])
        room = STRANGERS_MAX - await _strangers(unit, tenant)
        for folded, waiting in names.items():
            known = await unit.work.get(SHELF, (tenant, folded))
            is_registered = await _is_registered(unit, tenant, waiting.identity)
            if known is None and not is_registered:
                if room <= 0:
                    continue
                room -= 1
            first = Refusals(tenant, folded, "", is_registered, 0, waiting.last[-1].at, ())
            unit.work.put(SHELF, _added(known or first, waiting, is_registered=is_registered))

    return write


def _added(known: Refusals, waiting: _Waiting, *, is_registered: bool) -> Refusals:
    last = (*known.last, *waiting.last)[-LAST:]
    return replace(
        known,
        identity=waiting.identity,
        is_registered=is_registered,
        count=known.count + waiting.count,
        last_at=last[-1].at,
        last=last,
    )


async def _is_registered(unit: UnitOfWork, tenant: TenantId, identity: str) -> bool:
    try:
        await unit.slices.stations.get(await unit.slices.stations.resolve(tenant, identity))
    except NotFoundError:
        return False
    return True


async def _strangers(unit: UnitOfWork, tenant: TenantId) -> int:
    [(count,)] = await unit.work.fetch(
        sa.select(sa.func.count()).where(REFUSALS.c.tenant == tenant, ~REFUSALS.c.is_registered)
    )
    return int(count)


async def forget_before(unit: UnitOfWork, at: datetime) -> bool:
    """Some of them; whether that was all."""
    return await forget(unit, REFUSALS, REFUSALS.c.last_at < at)


def _row(refusals: Refusals) -> Row:
    return (
        refusals.tenant,
        refusals.folded,
        refusals.identity,
        refusals.is_registered,
        refusals.count,
        refusals.last_at,
        msgspec.to_builtins(refusals.last),
    )


def refusals_from(row: Row) -> Refusals:
    tenant, folded, identity, is_registered, count, last_at, last = row
    return Refusals(
        TenantId(tenant), folded, identity, bool(is_registered), count, last_at, _last_from(last)
    )


def _last_from(kept: Any) -> tuple[Refusal, ...]:
    return msgspec.convert(kept, tuple[Refusal, ...])


SHELF = Shelf[Refusals](
    REFUSALS,
    key=lambda refusals: (refusals.tenant, refusals.folded),
    write=_row,
    read=refusals_from,
    fresh_s=0.0,  # several nodes write there
    remembered_max=100,
)
