"""A network in which everything that can have a text has a hostile one, behind real routes."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, TypeVar

import httpx
from litestar import Litestar

from ricarica.access.authentication import Authentication
from ricarica.access.model import SESSION_COOKIE, Role, Tenant, csrf_token_of, system_actor
from ricarica.access.service import AccessService, Browser, NewKey
from ricarica.access.sql import SqlAccessStore
from ricarica.api.application import application
from ricarica.api.caller import House as ApiHouse
from ricarica.api.health import Vitals
from ricarica.app.wiring import Node
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT, StationKey, TenantId
from ricarica.link.letters import Delivered, Knock, Opened, Reply
from ricarica.ocpp import actions
from ricarica.ocpp.dialects import V16, V21, Dialect
from ricarica.web.addresses import whole_names
from ricarica.web.application import routes
from ricarica.web.assets import Assets
from ricarica.web.errors import error_handlers
from ricarica.web.house import House
from ricarica.web.rendering import Pages
from tests.wire.api.house import PlainHasher, Sockets
from tests.wire.ocpp.official import Schema, resolved, schema

T = TypeVar("T")
HOSTILE = "<script>CANARY</script>"
OF_A_NAME = "<script>IDENTITY"  # of a station: it is part of addresses, which have no slash
PIN = "90210735"
OTHER = TenantId("other")
DEPTH_MAX = 6
BUILT = ("app.css", "app.js", "symbols.svg", "mark.svg", "land.json")
FONT = "atkinson-hyperlegible-next-latin-wght-normal.woff2"
SPEAKERS = {f"{OF_A_NAME}-16": V16, f"{OF_A_NAME}-21": V21}
LAST = ("StopTransaction",)  # what would end what the others tell of
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass
class Site:
    """All routes of a node. `ids`: what may stand in an address, by the name of the parameter."""

    node: Node
    authentication: Authentication
    app: Litestar
    ids: dict[str, str] = field(default_factory=dict)
    people: int = 0

    def addresses(self, *methods: str) -> Iterator[tuple[str, str]]:
        """Method and address of every route there is, filled with what is there."""
        for route in self.app.routes:
            for handler in getattr(route, "route_handlers", ()):
                for method in map(str, handler.http_methods):
                    if method in methods and not route.path.startswith("/static"):
                        yield method, PARAMETER.sub(self._filled, route.path)

    def _filled(self, found: "re.Match[str]") -> str:
        return httpx.URL("http://x/").join(self.ids.get(found[1], "1")).raw_path.decode()[1:]

    async def program(self, role: Role, tenant: TenantId = DEFAULT_TENANT) -> httpx.AsyncClient:
        now = self.node.parts.clock.now()
        _, secret = await self.carry_out(
            lambda access: access.create_api_key(system_actor(tenant), NewKey("k", role), now)
        )
        return self._client(headers={"Authorization": f"Bearer {secret}"})

    async def person(self, role: Role, tenant: TenantId = DEFAULT_TENANT) -> httpx.AsyncClient:
        self.people += 1
        name, password = f"{role}-{self.people}", "correct horse"
        await self.authentication.add_operator(system_actor(tenant), name, password, role)
        login = await self.authentication.log_in(tenant, name, password, Browser())
        csrf = {"X-CSRF-Token": csrf_token_of(login.token)}
        return self._client(cookies={SESSION_COOKIE: login.token}, headers=csrf)

    def _client(self, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(whole_names(self.app), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://test", **options)

    async def carry_out(self, work: Callable[[AccessService], Awaitable[T]]) -> T:
        engine = self.node.engine
        return await engine.carry_out(system_actor(), lambda slices: work(slices.access))

    # -- stations

    async def connect(self, identity: str, dialect: Dialect) -> StationKey:
        now = self.node.parts.clock.now()
        offered = (dialect.subprotocol,)
        knock = Knock(DEFAULT_TENANT, identity, offered, False, None, None, "192.0.2.1", now)
        admission = await self.node.link.admit(knock)
        assert admission.key, admission
        opened = Opened(admission.key, dialect.subprotocol, "192.0.2.1", secure=False, at=now)
        await self.node.link.open(opened)
        return admission.key

    async def tell(self, key: StationKey, dialect: Dialect, action: str, payload: Any) -> None:
        """Until it is answered, in whatever way."""
        encoded = json.dumps(payload).encode()
        replies: list[Reply] = []
        delivered = Delivered(
            key,
            self.node.engine.live.epoch(key) or 0,
            dialect.subprotocol,
            f"{action}-{len(encoded)}",
            action,
            encoded,
            digest=encoded[:16],
            wants_answer=actions.response_type(dialect, action) is not None,
            at=self.node.parts.clock.now(),
        )
        self.node.link.deliver(delivered, replies.append)
        await self.node.engine.idle()


@asynccontextmanager
async def site_of(node: Node) -> AsyncIterator[Site]:
    node.link.attach_sockets(Sockets())
    clock, engine = node.parts.clock, node.engine

    async def commit(work: Callable[[AccessService], Awaitable[T]], /) -> T:
        return await engine.carry_out(system_actor(), lambda slices: work(slices.access))

    authentication = Authentication(commit, PlainHasher(), clock.now)
    assets = Assets({name: name for name in (*BUILT, FONT)})
    house = House(engine, authentication, clock.now, node.parts.ids, Pages(assets))
    app = application(
        ApiHouse(engine, engine.database, authentication, clock.now),
        Vitals({}, tuple),
        routes(house),
        exception_handlers=error_handlers(house),
    )
    yield Site(node, authentication, app)


async def other_tenant(site: Site) -> None:
    async def make(unit: UnitOfWork) -> None:
        store = SqlAccessStore(unit.work)
        await store.tenant(OTHER)
        store.save_tenant(Tenant(OTHER, "Other", unit.slices.now))

    await site.node.engine.post(DEFAULT_TENANT, make)


# -- hostile messages


def full(dialect: Dialect, name: str) -> Any:
    """With every member that the schema has, and a hostile text wherever one fits."""
    root = schema(dialect, name)
    return _value(root, root, 0)


def _value(root: Schema, part: Schema, depth: int) -> Any:
    part = resolved(root, part)
    if "enum" in part:
        return part["enum"][-1]
    match part.get("type"):
        case "object":
            needed = part.get("required", ())
            members = part.get("properties", {}).items()
            return {
                member: _value(root, each, depth + 1)
                for member, each in members
                if depth < DEPTH_MAX or member in needed
            }
        case "array":
            return [_value(root, part["items"], depth + 1)]
        case kind:
            return _scalar(kind, part)


def _scalar(kind: str | None, part: Schema) -> Any:
    match kind:
        case "string" if part.get("format") == "date-time":
            return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case "string":
            return HOSTILE[: part.get("maxLength", 100)]
        case "boolean":
            return False
        case "integer" | "number":
            return max(int(part.get("minimum", 1)), 1)
        case _:
            return HOSTILE


async def let_all_speak(site: Site) -> None:
    """Each action that a station has, in an old dialect and in the newest."""
    for identity, dialect in SPEAKERS.items():
        key = await site.connect(identity, dialect)
        known = sorted(actions.from_station(dialect), key=lambda each: (each in LAST, each))
        first = [each for each in known if each == "BootNotification"]
        for action in chain(first, known):
            said = full(dialect, f"{action}Request")
            if action == "TransactionEvent":
                started = {**said, "eventType": "Started", "offline": False}
                await site.tell(key, dialect, action, started)
                updated = {**started, "eventType": "Updated", "seqNo": 2}
                await site.tell(key, dialect, action, updated)
            else:
                await site.tell(key, dialect, action, said)
