"""The stations' door: its ports, its bounds, its certificates, and whom it believes."""

import asyncio
import contextlib
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import structlog

from ricarica.app.config import Config
from ricarica.kernel.errors import ConflictError, RicaricaError
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.proxies import Proxies, networks_from
from ricarica.station_gateway.throttle import Rate
from ricarica.station_gateway.tls import OwnAuthority, RenewedTls

# At the certificate files and at the authorities of our own. The first station that asks for a
# certificate has one made, and comes back with what it signed; whoever cannot wait sends SIGHUP.
LOOK_EVERY_S = 5.0
ARRIVALS_PER_ENTRY = 3  # to be turned away costs less than to be let in
KEPT_FILES = 256  # for the database, the log, pages and programs

log = structlog.get_logger("ricarica.door")


@dataclass(frozen=True, slots=True)
class OpenDoor:
    port: int
    renew: Callable[[], None]  # read the certificates again, soon


def limits_of(config: Config) -> GatewayLimits:
    """As the operator says, and as far as the system allows."""
    per_s = config.handshakes_per_s
    return GatewayLimits(
        connections_max=min(config.connections_max, _sockets_allowed()),
        entries=Rate(per_s, burst=max(per_s // 10, 1)),
        arrivals=Rate(ARRIVALS_PER_ENTRY * per_s, burst=ARRIVALS_PER_ENTRY * per_s),
    )


def _sockets_allowed() -> int:
    """Each connection is a file. The last ones are not for stations, or nothing could be stored."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return allowed - min(KEPT_FILES, allowed // 2)


Signers = Callable[[], Awaitable[Sequence[OwnAuthority]]]


@asynccontextmanager
async def open_door(
    gateway: StationGateway | None, config: Config, signers: Signers
) -> AsyncIterator[OpenDoor]:
    """Until the end of the block its certificates are followed; the gateway closes it itself.

    Args:
        signers: Gives the authorities of our own that sign for stations.
    """
    if gateway is None:
        yield OpenDoor(0, _renew_nothing)
        return
    proxies = Proxies(networks_from(config.trusted_proxies.split(",")), config.proxy_protocol)
    host, wanted = config.station_host, (config.station_port, config.station_tls_port)
    with _telling(f"{host}:{wanted[0]}", "--station-port"):
        port = await gateway.start(host, wanted[0], None, proxies)
    if not config.has_tls:
        log.info("door.open", port=port)
        yield OpenDoor(port, _renew_nothing)
        return
    tls = tls_of(config.certificates, config.tls_client_ca)
    tls.trust(await signers())
    with _telling(f"{host}:{wanted[1]}", "--station-tls-port"):
        tls_port = await gateway.start(host, wanted[1], tls, proxies)
    log.info("door.open", port=port, tls_port=tls_port)
    now = asyncio.Event()
    following = asyncio.create_task(_follow(tls, now, signers))
    try:
        yield OpenDoor(port, now.set)
    finally:
        following.cancel()


@contextlib.contextmanager
def _telling(place: str, option: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = f"{place} cannot be listened at: {error.strerror}"
        raise ConflictError(f"{why}; choose another {option}") from error


def tls_of(pairs: Sequence[tuple[Path, Path]], client_authority: Path | None = None) -> RenewedTls:
    """
    Raises:
        OSError: a certificate cannot be used; the text names its file.
    """
    try:
        return RenewedTls(pairs, client_authority)
    except OSError as error:  # which names no file
        files = " and ".join(str(path) for path in (*chain(*pairs), client_authority) if path)
        raise OSError(f"{files} cannot be used for TLS: {error}") from error


async def _follow(tls: RenewedTls, now: asyncio.Event, signers: Signers) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await now.wait()
        is_wanted = now.is_set() or tls.has_changed
        now.clear()
        try:
            if tls.trust(await signers()):
                log.info("tls.authorities_renewed")
            elif is_wanted:
                tls.renew()
                log.info("tls.renewed")
        except OSError as error:
            log.warning("tls.not_renewed", error=str(error), still="the certificates of before")
        except RicaricaError as error:  # the database is away; what is signed meanwhile waits
            log.warning("tls.authorities_unread", error=str(error))


def _renew_nothing() -> None:
    """Without TLS there are no certificates."""
