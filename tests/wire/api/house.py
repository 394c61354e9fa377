"""The API in one process with a real engine and database; only the stations are made up."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

import httpx
from litestar import Litestar

from ricarica.access.authentication import Authentication
from ricarica.access.model import Role, system_actor
from ricarica.access.service import AccessService, NewKey
from ricarica.api.application import application
from ricarica.api.caller import House
from ricarica.api.health import Measure, Vitals
from ricarica.api.ports import Engine
from ricarica.app.wiring import Node
from ricarica.kernel.ids import DEFAULT_TENANT, StationKey
from ricarica.link.letters import (
    Answer,
    Ask,
    Challenge,
    Delivered,
    HangUp,
    Knock,
    Opened,
    Outcome,
    Reply,
    Ruled,
    Told,
)
from ricarica.ocpp.dialects import Dialect
from ricarica.slices import Slices
from ricarica.storage.database import Database

T = TypeVar("T")
SYSTEM = system_actor()


@dataclass
class Sockets:
    """Stations that answer what a test says, and keep what they were asked."""

    answers: dict[str, Told] = field(default_factory=dict)
    asked: list[Ask] = field(default_factory=list)

    async def ask(self, ask: Ask) -> Told:
        self.asked.append(ask)
        return self.answers.get(ask.action, Told(Outcome.UNKNOWN, "1"))

    def connected(self, key: StationKey) -> int | None:
        return 1

    def hang_up(self, hang_up: HangUp) -> None:
        pass

    async def rule(self, challenge: Challenge) -> Ruled | None:
        return None

    def will_answer(self, action: str, payload: bytes) -> None:
        self.answers[action] = Told(Outcome.ANSWERED, "1", payload, duration_ms=3)


class PlainHasher:
    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def matches(self, password_hash: str, password: str) -> bool:
        return password_hash == f"hash of {password}"


class Current:
    """The API of the test that runs."""

    api: "Api"

    def now(self) -> datetime:
        return self.api.node.parts.clock.now()

    async def complaint(self) -> str | None:
        return self.api.complaint


CURRENT = Current()
MEASURES = (
    Measure("ricarica_stations", "Connected.", {("1.6",): 2}, ("dialect",)),
    Measure("ricarica_calls", "Calls.", {(): 7}, kind="counter"),
)


class Put:
    """Stands for what the test that runs has put there."""

    def __init__(self, find: Callable[["Api"], object]) -> None:
        self._find = find

    def __getattr__(self, name: str) -> Any:
        return getattr(self._find(CURRENT.api), name)


@cache
def _application() -> Litestar:
    """One for all tests: it remembers nothing, and to make it costs more than most of them."""
    house = House(
        cast("Engine", Put(lambda api: api.node.engine)),
        cast("Database", Put(lambda api: api.node.engine.database)),
        cast("Authentication", Put(lambda api: api.authentication)),
        CURRENT.now,
    )
    return application(house, Vitals({"database": CURRENT.complaint}, lambda: MEASURES))


class Api:
    def __init__(self, node: Node) -> None:
        self.node = node
        self.sockets = Sockets()
        node.link.attach_sockets(self.sockets)
        self.authentication = Authentication(self.commit, PlainHasher(), node.parts.clock.now)
        self.complaint: str | None = None
        self.app: Litestar = _application()
        CURRENT.api = self

    async def commit(self, work: Callable[[AccessService], Awaitable[T]], /) -> T:
        return await self.carry_out(lambda slices: work(slices.access))

    async def carry_out(self, work: Callable[[Slices], Awaitable[T]]) -> T:
        return await self.node.engine.carry_out(SYSTEM, work)

    def client(self, **headers: str) -> httpx.AsyncClient:
        asgi = cast("Any", self.app)
        transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
        return httpx.AsyncClient(
            transport=transport, base_url="http://test/api/v1", headers=headers
        )

    async def client_as(self, role: Role) -> httpx.AsyncClient:
        wanted = NewKey(f"a {role}", role)
        _, secret = await self.commit(
            lambda access: access.create_api_key(SYSTEM, wanted, self.node.parts.clock.now())
        )
        return self.client(Authorization=f"Bearer {secret}")

    async def connect(self, identity: str, dialect: Dialect) -> StationKey:
        """A station that is known and connected."""
        now = self.node.parts.clock.now()
        knock = Knock(
            DEFAULT_TENANT, identity, (dialect.subprotocol,), False, None, None, "192.0.2.1", now
        )
        admission = await self.node.link.admit(knock)
        assert admission.key, "whoever knocks is let in, to wait or to charge"
        await self.node.link.open(
            Opened(admission.key, dialect.subprotocol, "192.0.2.1", secure=False, at=now)
        )
        return admission.key

    async def deliver(
        self, key: StationKey, dialect: Dialect, action: str, payload: Mapping[str, Any]
    ) -> Any:
        """What a station tells; returns what it is answered."""
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        encoded = json.dumps(payload).encode()
        self.node.link.deliver(
            Delivered(
                key,
                self.node.engine.live.epoch(key) or 0,
                dialect.subprotocol,
                f"m-{len(encoded)}",
                action,
                encoded,
                digest=encoded[:16],
                wants_answer=True,
                at=self.node.parts.clock.now(),
            ),
            answered.set_result,
        )
        reply = await answered
        assert isinstance(reply, Answer), f"{action} was answered with {reply}"
        return json.loads(reply.payload)
