"""`ricarica serve`: everything in one process."""

import asyncio
import contextlib
import os
import random
import re
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import aiohttp
import structlog
import uvicorn

from ricarica.access.authentication import Authentication
from ricarica.access.model import system_actor
from ricarica.access.service import AccessService
from ricarica.api.application import application, health_only
from ricarica.api.caller import House
from ricarica.api.requests import App, counted
from ricarica.app.alone import alone
from ricarica.app.collector import calm_collector
from ricarica.app.config import Config
from ricarica.app.door import limits_of, open_door
from ricarica.app.failpoints import failpoints_from
from ricarica.app.files import files_of, ftp_door
from ricarica.app.forwarding import Forwarder
from ricarica.app.logs import ORIGIN
from ricarica.app.pages import people_of
from ricarica.app.passwords import ArgonPasswordHasher
from ricarica.app.probe import Probe
from ricarica.app.roles import Role, roles_from
from ricarica.app.sealed import try_secrets
from ricarica.app.security import is_key_missing, pki_of, security_policy_of, signers_of
from ricarica.app.station_doctor import StationDoctor
from ricarica.app.tables import metadata
from ricarica.app.vat import CHECK, ViesRegister, check_vat_numbers
from ricarica.app.vitals import Health
from ricarica.app.wiring import Node, Parts, running_node
from ricarica.billing.service import BillingPolicy
from ricarica.firmware.service import FirmwarePolicy
from ricarica.kernel.clock import SystemClock
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.link.bus import Bus
from ricarica.station_gateway.gateway import StationGateway
from ricarica.stations.service import StationPolicy
from ricarica.storage.open import open_database
from ricarica.translation.quirks.models import known_habits
from ricarica.web.addresses import whole_names

T = TypeVar("T")
BACKLOG = 2_048  # people and programs that connect at once
KEY_LENGTH_MIN = 8
JITTER = 0.1  # heartbeats of stations that booted together spread by this share

log = structlog.get_logger("ricarica.serve")


@dataclass(frozen=True, slots=True)
class Serving:
    """A process that serves; `first_password` is told once, when it was made up here."""

    node: Node
    station_port: int
    http_port: int
    first_password: str | None
    renew: Callable[[], None]  # read the certificates again


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[Serving]:
    """Both doors open. Port 0 leaves the choice to the system."""
    config.data.mkdir(parents=True, exist_ok=True)
    # A database server may have many of us; a file in our directory has one.
    held = contextlib.nullcontext() if config.database_url else alone(config.data)
    with held:
        async with _serving(config) as served:
            yield served


@asynccontextmanager
async def _serving(config: Config) -> AsyncIterator[Serving]:
    database = open_database(config.url, metadata)
    rng = random.Random()  # noqa: S311 - it only spreads load over time
    policy = StationPolicy(
        known_habits=known_habits,
        unknown=config.unknown_stations,
        heartbeat=timedelta(seconds=config.heartbeat_s),
        power_max_w=Decimal(config.outlet_power_max_kw * 1000),
        hides_tokens=config.hide_tokens,
        jitter=lambda: rng.uniform(-JITTER, JITTER),
    )
    failpoints = failpoints_from(os.environ)
    firmware = FirmwarePolicy(only_signed=config.only_signed_firmware)
    clock = SystemClock()
    parts = failpoints.shifting(
        Parts(
            database,
            clock,
            policy=policy,
            upkeep_after_boot=timedelta(seconds=config.upkeep_after_boot_s),
            firmware=firmware,
            billing=BillingPolicy(config.public_url),
            security=security_policy_of(config),
            pki=pki_of(config, clock),
            limits=limits_of(config),
            rng=rng,
        )
    )
    try:
        await database.migrate()
        await try_secrets(database, parts.pki.vault, is_key_missing=is_key_missing(config))
        async with _among_others(parts, config) as parts, running_node(parts) as node:
            failpoints.arm(node)
            authentication = authentication_of(node)
            password = await authentication.found(config.admin_password, node.parts.ids)
            health = Health(node)
            async with (
                _traced(node, config, rng) as traced,
                _http(health, authentication, config, traced) as http_port,
                ftp_door(_house_of(node, authentication), config) as ftp_port,
                open_door(_gateway_of(node), config, signers_of(config, database)) as door,
                _forwarding(node, config, rng),
                _checking_numbers(node, config),
            ):
                node.engine.files.now = files_of(config, http_port, ftp_port)
                node.engine.doctor = doctor_of(node, config)
                health.has_started = True
                yield Serving(node, door.port, http_port, password, door.renew)
                # Whoever spreads stations over nodes learns of it before the first has to leave.
                health.is_draining = True
                await node.engine.bulk.drain()
                await node.gateway.stop()
    finally:
        await database.close()


@asynccontextmanager
async def _among_others(parts: Parts, config: Config) -> AsyncIterator[Parts]:
    """A process that shares its database has a name, and a bus to the others."""
    if config.nats_url is None:
        yield parts
        return
    name = f"{_plain(socket.gethostname())}-{secrets.token_hex(4)}"
    ORIGIN.node = name
    bus = Bus(config.nats_url, name)
    await bus.connect()
    try:
        yield replace(parts, bus=bus, name=name, roles=roles_from(config.roles))
    finally:
        await bus.close()


def _plain(host: str) -> str:
    """What may stand in a subject of NATS."""
    return re.sub(r"[^a-z0-9-]", "-", host.lower()) or "node"


async def serve(config: Config, ready: Callable[[Serving], None]) -> None:
    """Until SIGTERM or SIGINT, then an orderly drain. SIGHUP renews the certificates."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with serving(config) as served:
        calm_collector()
        loop.add_signal_handler(signal.SIGHUP, served.renew)
        ready(served)
        await stop.wait()
        log.info("serve.stopping")


def authentication_of(node: Node) -> Authentication:
    async def commit(work: Callable[[AccessService], Awaitable[T]]) -> T:
        actor = system_actor(DEFAULT_TENANT)
        return await node.engine.carry_out(actor, lambda slices: work(slices.access))

    return Authentication(commit, ArgonPasswordHasher(), node.parts.clock.now)


@asynccontextmanager
async def _forwarding(node: Node, config: Config, rng: random.Random) -> AsyncIterator[None]:
    """Mirrors of the stations whose messages are decided about here."""
    if Role.CORE not in node.parts.roles:
        yield
        return
    may_be_private = node.engine.forwards.may_be_private = config.forward_to_private
    forwarder = Forwarder(node.engine, node.parts.clock, rng, may_be_private=may_be_private)
    running = asyncio.create_task(forwarder.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running})


@asynccontextmanager
async def _checking_numbers(node: Node, config: Config) -> AsyncIterator[None]:
    """Asking a register about companies, where one is named."""
    if config.vat_register_url is None or Role.WORKER not in node.parts.roles:
        yield
        return
    async with aiohttp.ClientSession() as http:
        register = ViesRegister(config.vat_register_url, http)
        await node.timers.begin(CHECK)
        running = asyncio.create_task(check_vat_numbers(node.engine, register, node.parts.clock))
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait({running})


def _house_of(node: Node, authentication: Authentication) -> House:
    return House(node.engine, node.engine.database, authentication, node.parts.clock.now)


def doctor_of(node: Node, config: Config) -> StationDoctor:
    parts = node.parts
    probe = Probe(config.stations_url, parts.clock)
    return StationDoctor(
        node.engine.database, node.engine.refusals, parts.policy, probe, parts.clock
    )


def _gateway_of(node: Node) -> StationGateway | None:
    return node.gateway if Role.GATEWAY in node.parts.roles else None


@asynccontextmanager
async def _traced(
    node: Node, config: Config, rng: random.Random
) -> AsyncIterator[Callable[[App], App]]:
    """Traces, if they are wanted; gives what wraps the pages and the API."""
    if config.otel_endpoint is None:
        yield lambda app: app
        return
    from ricarica.app.tracing import OtelTracing, current_trace

    tracing = OtelTracing(config.otel_endpoint, config.otel_sampling, ORIGIN.node, rng)
    ORIGIN.current_trace = current_trace
    ORIGIN.hidden = secrets_of(config.otel_endpoint)
    engine = node.engine
    engine.dispatcher.tracing = engine.batches.tracing = engine.commands.tracing = tracing
    try:
        yield tracing.traced
    finally:
        await asyncio.to_thread(tracing.stop)


def secrets_of(address: str) -> frozenset[str]:
    """What a key may be part of; what is shorter is a name, such as that of a version."""
    parts = urlsplit(address)
    long = {part for part in (parts.path.strip("/"), parts.query) if len(part) >= KEY_LENGTH_MIN}
    return frozenset(long | {parts.password} if parts.password else long)


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, which has the stations to think of too."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _http(
    health: Health, authentication: Authentication, config: Config, traced: Callable[[App], App]
) -> AsyncIterator[int]:
    node = health.node
    clock = node.parts.clock
    house = _house_of(node, authentication)
    if Role.WEB in node.parts.roles:
        people = people_of(node, authentication, config)
        app = application(
            house, health.vitals(), people.routes, exception_handlers=people.exception_handlers
        )
    else:
        app = health_only(health.vitals())
    server = _Server(
        uvicorn.Config(
            whole_names(counted(traced(cast("Any", app)), health.requests, clock.monotonic)),
            host=config.http_host,
            port=config.http_port,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            timeout_graceful_shutdown=5,  # live pages hold their streams open until then
        )
    )
    sockets = [_listening(config.http_host, config.http_port)]
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(sockets))
        pulse = tasks.create_task(health.feel_pulse(clock))
        try:
            yield sockets[0].getsockname()[1]
        finally:
            node.engine.events.end()  # or live pages would hold the server up
            server.should_exit = True
            pulse.cancel()


def _listening(host: str, port: int) -> socket.socket:
    """
    Raises:
        ConflictError: somebody else has the port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        why = f"{host}:{port} cannot be listened at: {error.strerror}"
        raise ConflictError(f"{why}; choose another --http-port") from error
