"""One request: who asks, what the house has to answer with, and asking twice."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Annotated, Any, TypeVar, cast, get_type_hints

import msgspec
from litestar import Request
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import QueryParameter

from ricarica.access.authentication import Authentication
from ricarica.access.model import Actor, KeptAnswer
from ricarica.api.ports import Engine
from ricarica.api.replies import ENCODER
from ricarica.kernel.errors import (
    ConflictError,
    InvalidError,
    LostUpdateError,
    NotFoundError,
    RicaricaError,
)
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.slices import Slices
from ricarica.stations.commands import Result
from ricarica.storage.database import Database

T = TypeVar("T")
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])

IDEMPOTENCY_HEADER = "Idempotency-Key"
IDEMPOTENCY_KEY_MAX = 255  # characters; a UUID has 36
MULTIPART = "multipart/form-data"
ATTEMPTS = 3  # at a change that another writer crossed


@dataclass(frozen=True, slots=True)
class House:
    """What all requests share; handed in once."""

    engine: Engine
    database: Database
    authentication: Authentication
    now: Callable[[], datetime]


class Caller:
    """Handlers get one for each request."""

    def __init__(self, house: House, actor: Actor, repeat: "Repeat | None") -> None:
        self._house = house
        self.actor = actor
        self._repeat = repeat

    @property
    def tenant(self) -> TenantId:
        return self.actor.tenant

    @property
    def database(self) -> Database:
        return self._house.database

    @property
    def engine(self) -> Engine:
        return self._house.engine

    @property
    def authentication(self) -> Authentication:
        return self._house.authentication

    def now(self) -> datetime:
        return self._house.now()

    async def station(self, identity: str) -> StationKey:
        """Its key, whatever the case it is written in.

        Raises:
            NotFoundError: nobody has registered it.
        """

        async def find(slices: Slices) -> StationKey:
            key = await slices.stations.resolve(self.tenant, identity)
            return (await slices.stations.get(key)).key

        return await self.carry_out(find)

    async def carry_out(self, work: Callable[[Slices], Awaitable[T]]) -> T:
        """In one unit of work, again when another writer was faster."""
        for _ in range(ATTEMPTS - 1):
            try:
                return await self.engine.carry_out(self.actor, work)
            except LostUpdateError:
                continue
        return await self.engine.carry_out(self.actor, work)

    async def tell(self, key: StationKey, command: object) -> Result:
        """What became of it; the log says who gave it."""
        return await self.engine.commands.tell(key, command, self.actor.name)

    def audit(self, slices: Slices, action: str, subject: str, **detail: object) -> None:
        """In the same commit as the change it tells of."""
        slices.access.audit(self.actor, action, subject, slices.now, detail=detail)

    # -- requests that carry an Idempotency-Key

    async def once(
        self,
        reply: type[T],
        work: Callable[[Slices], Awaitable[T]],
        kept: Callable[[T], T] = lambda made: made,
    ) -> T:
        """Carry out a change; a repeat gets the first answer, which is kept in its commit.

        `kept` leaves out what must not be stored, such as a secret.
        """
        repeat = self._repeat
        if repeat is None:
            return await self.carry_out(work)

        async def unless_done(slices: Slices) -> T:
            earlier = await self._earlier(slices, repeat)
            if earlier is not None:
                return msgspec.json.decode(earlier.body, type=reply)
            made = await work(slices)
            await self._keep(slices, repeat, ENCODER.encode(kept(made)))
            return made

        for _ in range(ATTEMPTS - 1):
            try:
                return await self.carry_out(unless_done)
            except ConflictError:
                if await self.carry_out(lambda slices: self._earlier(slices, repeat)) is None:
                    raise  # it contradicts what is there, not an earlier try of itself
        return await self.carry_out(unless_done)

    async def once_outside(self, reply: type[T], act: Callable[[], Awaitable[T]]) -> T:
        """The same for what no database can undo: claimed first, and settled when it is done.

        Raises:
            ConflictError: an earlier try is still under way, or ended with this process.
        """
        repeat = self._repeat
        if repeat is None:
            return await act()
        try:
            earlier = await self.carry_out(lambda slices: self._claim(slices, repeat))
        except ConflictError:
            earlier = await self.carry_out(lambda slices: self._earlier(slices, repeat))
        if earlier is not None:
            return msgspec.json.decode(earlier.body, type=reply)
        try:
            made = await act()
        except (RicaricaError, HTTPException):  # of those, one is that the upload broke off
            await self.carry_out(lambda slices: slices.access.forget_answer(self.actor, repeat.key))
            raise
        body = ENCODER.encode(made)
        await self.carry_out(lambda slices: self._keep(slices, repeat, body))
        return made

    def asking(self, request: msgspec.Struct) -> "Caller":
        """The same, for a request that is known by this and not by its body, which tells a secret:
        a digest that is made fast would tell it too, to whoever tries many."""
        if self._repeat is None:
            return self
        asked = type(request).__name__.encode() + ENCODER.encode(request)
        repeat = Repeat(self._repeat.key, hashlib.sha256(asked).hexdigest())
        return Caller(self._house, self.actor, repeat)

    async def _earlier(self, slices: Slices, repeat: "Repeat") -> KeptAnswer | None:
        kept = await slices.access.answer_kept(
            self.actor, repeat.key, repeat.request_digest, slices.now
        )
        if kept is not None and kept.status is None:
            raise ConflictError(
                "the first request with this idempotency key has not been answered; "
                "look at what became of it before trying with a new key"
            )
        return kept

    async def _claim(self, slices: Slices, repeat: "Repeat") -> KeptAnswer | None:
        earlier = await self._earlier(slices, repeat)
        if earlier is None:
            await slices.access.keep_answer(self.actor, self._answer(slices, repeat, None, b""))
        return earlier

    async def _keep(self, slices: Slices, repeat: "Repeat", body: bytes) -> None:
        await slices.access.keep_answer(self.actor, self._answer(slices, repeat, 200, body))

    def _answer(
        self, slices: Slices, repeat: "Repeat", status: int | None, body: bytes
    ) -> KeptAnswer:
        digest = repeat.request_digest
        return KeptAnswer(self.tenant, "", repeat.key, digest, slices.now, status, body)


Asking = NamedDependency[Caller]


@dataclass(frozen=True, slots=True)
class Repeat:
    """What tells whether two requests are the same."""

    key: str
    request_digest: str


def once_only(handler: Handler) -> Handler:
    """Of a POST that does not see to repeats itself: they get the first answer, too."""
    reply = get_type_hints(handler)["return"]

    @wraps(handler)
    async def asked(*, caller: Caller, **said: Any) -> Any:
        return await caller.once_outside(reply, lambda: handler(caller=caller, **said))

    return cast("Handler", asked)


async def repeat_from(request: Request[Any, Any, Any]) -> Repeat | None:
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is None or request.method != "POST":
        return None
    if not 0 < len(key) <= IDEMPOTENCY_KEY_MAX or not key.isprintable():
        raise InvalidError(
            f"{IDEMPOTENCY_HEADER} has 1 to {IDEMPOTENCY_KEY_MAX} printable characters"
        )
    asked = hashlib.sha256(f"{request.url.path}?{request.url.query}\n".encode())
    if request.headers.get("Content-Type", "").startswith(MULTIPART):
        asked.update(request.headers.get("Content-Length", "").encode())  # it is taken as it comes
    else:
        asked.update(await request.body())
    return Repeat(key, asked.hexdigest())


def provide_caller(house: House) -> Callable[[Request[Any, Any, Any]], Awaitable[Caller]]:
    async def caller(request: Request[Any, Any, Any]) -> Caller:
        return Caller(house, request.user, await repeat_from(request))

    return caller


def require(found: T | None, what: str) -> T:
    if found is None:
        raise NotFoundError(f"there is no {what}")
    return found


async def of_station(
    caller: Asking,
    station: Annotated[
        str | None, QueryParameter(description="Only of this station; its identity in any case.")
    ] = None,
) -> StationId | None:
    """As it is registered: what a list filters by."""
    if not station:
        return None
    key = await caller.carry_out(lambda slices: slices.stations.resolve(caller.tenant, station))
    return key.station


OfStation = NamedDependency[StationId | None]
