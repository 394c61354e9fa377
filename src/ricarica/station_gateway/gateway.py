"""The stations' door: it listens, seats one connection for each station, and drains."""

import random
import ssl
import uuid

import structlog

from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Ask, Challenge, HangUp, Opened, Outcome, Ruled, Told
from ricarica.link.ports import Decisions, Neighbours
from ricarica.ocpp.dialects import BY_SUBPROTOCOL
from ricarica.ocpp.session import Limits as SessionLimits
from ricarica.ocpp.session import Session
from ricarica.station_gateway.admission import Visitor
from ricarica.station_gateway.connection import Connection
from ricarica.station_gateway.counters import GatewayCounts, Tally
from ricarica.station_gateway.drain import drain
from ricarica.station_gateway.duplicates import Claim, Ruling
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.proxies import NO_PROXIES, Proxies
from ricarica.station_gateway.registry import CrowdedError, Registry
from ricarica.station_gateway.server import StationServer
from ricarica.station_gateway.station_socket import StationSocket
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.timers import LoopTimers, Timers
from ricarica.station_gateway.tls import TlsSource
from ricarica.station_gateway.websocket import CloseCode

log = structlog.get_logger("ricarica.gateway")


class StationGateway:
    """Implements `Sockets` for the core, which it knows only as `Decisions`."""

    def __init__(
        self,
        decisions: Decisions,
        clock: Clock,
        limits: GatewayLimits,
        rng: random.Random,
        timers: Timers | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        self._neighbours = neighbours
        self._around = Surroundings(
            decisions, clock, timers or LoopTimers(clock), limits, rng, Tally()
        )
        self._session_limits = SessionLimits(
            own_calls_max=limits.asks_max, peer_calls_max=limits.waiting_max
        )
        self._registry: Registry[Connection] = Registry(limits, clock)
        self._server: StationServer | None = None
        self._leaving = False

    async def start(
        self,
        host: str,
        port: int,
        tls: ssl.SSLContext | TlsSource | None = None,
        proxies: Proxies = NO_PROXIES,
    ) -> int:
        """Listen, also on a second port; returns the port, which 0 leaves to the system."""
        if self._server is None:
            self._server = StationServer(self._around, self._host)
        return await self._server.listen(host, port, tls, proxies)

    async def stop(self) -> None:
        if self._server is None:
            return
        self._leaving = True
        self._server.stop_listening()
        await drain(list(self._registry), self._around)
        await self._server.close(self._around.limits.close_s)

    @property
    def is_open(self) -> bool:
        """It listens, and is not about to stop."""
        return self._server is not None and not self._leaving

    async def send_all_off(self) -> None:
        """Let all stations come anew, here or elsewhere, as they do after a restart."""
        await drain(list(self._registry), self._around)

    def counts(self) -> GatewayCounts:
        return self._around.tally.counts(len(self._registry))

    # -- Sockets

    async def ask(self, ask: Ask) -> Told:
        connection = self._registry.get(ask.key)
        return await connection.ask(ask) if connection else Told(Outcome.UNREACHED)

    def connected(self, key: StationKey) -> int | None:
        connection = self._registry.get(key)
        return connection.epoch if connection else None

    def hang_up(self, hang_up: HangUp) -> None:
        connection = self._registry.get(hang_up.key)
        if connection and (hang_up.epoch is None or connection.epoch <= hang_up.epoch):
            connection.close(hang_up.code, hang_up.reason)

    async def rule(self, challenge: Challenge) -> Ruled | None:
        if self._registry.get(challenge.key) is None:
            return None
        claim = Claim(challenge.remote, challenge.credential, challenge.authenticated)
        return Ruled((await self._registry.rule(challenge.key, claim)).value)

    # -- from the door

    async def _host(self, visitor: Visitor, socket: StationSocket) -> None:
        connection = await self._seated(visitor, socket)
        if connection:
            connection.begin()

    async def _seated(self, visitor: Visitor, socket: StationSocket) -> Connection | None:
        try:
            async with self._registry.turn(visitor.key):
                ruling = await self._registry.rule(visitor.key, visitor.claim)
                if ruling is Ruling.SWAP and visitor.held_by:
                    ruling = await self._rule_elsewhere(visitor)
                if ruling is Ruling.SWAP:
                    return await self._seat(visitor, socket)
        except CrowdedError as error:
            socket.close(CloseCode.POLICY_VIOLATION, str(error))
        except RicaricaError:  # most of all, that the epoch could not be stored
            socket.close(CloseCode.TRY_AGAIN_LATER, "try again later")
        else:
            self._turn_away(visitor, socket, ruling)
        return None

    async def _rule_elsewhere(self, visitor: Visitor) -> Ruling:
        """By the gateway that has the older connection; one that is gone objects to nothing."""
        if self._neighbours is None:
            return Ruling.SWAP
        claim = visitor.claim
        ruled = await self._neighbours.challenge(
            Challenge(
                visitor.held_by, visitor.key, claim.remote, claim.credential, claim.authenticated
            )
        )
        return Ruling(ruled.ruling) if ruled else Ruling.SWAP

    async def _seat(self, visitor: Visitor, socket: StationSocket) -> Connection:
        epoch = await self._around.decisions.open(
            Opened(
                key=visitor.key,
                subprotocol=visitor.subprotocol,
                remote=visitor.claim.remote,
                secure=visitor.secure,
                at=self._around.clock.now(),
                certificate=visitor.certificate,
                certificate_key=visitor.certificate_key,
            )
        )
        session = Session(
            BY_SUBPROTOCOL[visitor.subprotocol],
            new_id=self._new_id,
            limits=self._session_limits,
            introduced=visitor.introduced,
        )
        connection = Connection(visitor, epoch, session, socket, self._around, self._left)
        self._registry.seat(connection)
        log.info(
            "connected",
            station=str(visitor.key),
            epoch=epoch,
            subprotocol=visitor.subprotocol,
            secure=visitor.secure,
            remote=visitor.claim.remote,
        )
        self._around.tally.opened += 1
        self._around.tally.seated[_kind_of(visitor)] += 1
        if visitor.origin:
            connection.note("origin", f"the handshake came with Origin: {visitor.origin[:200]}")
        if self._leaving:
            connection.close(CloseCode.SERVICE_RESTART, "the server restarts")
        return connection

    def _left(self, connection: Connection) -> None:
        self._around.tally.seated[_kind_of(connection.visitor)] -= 1
        self._registry.leave(connection)

    def _turn_away(self, visitor: Visitor, socket: StationSocket, ruling: Ruling) -> None:
        """The older connection stays; that someone else came is an alarm."""
        self._around.tally.refused += 1
        self._around.tally.verdicts["duplicate"] += 1
        if older := self._registry.get(visitor.key):
            older.note("duplicate_refused", f"{ruling.value}, from {visitor.claim.remote}")
        socket.close(CloseCode.POLICY_VIOLATION, "this station is connected already")

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._around.rng.getrandbits(128), version=4))


def _kind_of(visitor: Visitor) -> tuple[str, bool]:
    return visitor.subprotocol, visitor.secure
