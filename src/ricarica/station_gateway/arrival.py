"""A connection from its first byte to the end of its request."""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from ricarica.kernel.errors import InvalidError
from ricarica.link.letters import ClientCertificate
from ricarica.station_gateway.handshake import Rejection, rejecting
from ricarica.station_gateway.proxies import Peer, Proxies, network_of
from ricarica.station_gateway.proxy_protocol import announced_in
from ricarica.station_gateway.request_head import Head, UnfitHeadError, head_end, head_from
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.timers import Alarm
from ricarica.station_gateway.tls import TlsSource, client_in
from ricarica.station_gateway.tls_transport import TlsTransport


@dataclass(frozen=True, slots=True)
class Entrance:
    """How one port is entered."""

    tls: ssl.SSLContext | TlsSource | None
    proxies: Proxies


class Door(Protocol):
    """Whom an arrival tells."""

    def wait_s(self, arrival: "Arrival") -> float | None:
        """Until its turn; None: it was sent away."""
        ...

    def stepped_up(self, arrival: "Arrival") -> None: ...

    def announced(self, arrival: "Arrival", behind: Peer) -> None:
        """A proxy said whom it connects."""
        ...

    def asked(self, arrival: "Arrival", head: Head) -> None: ...

    def misspoke(self, arrival: "Arrival", why: str) -> None:
        """What came was no TLS, no HTTP, or no announcement."""
        ...

    def refusal_delay_s(self, arrival: "Arrival") -> float:
        """Until it may hear that it is refused."""
        ...

    def left(self, arrival: "Arrival") -> None: ...


class Arrival(asyncio.Protocol):
    """Announced by a proxy, if it comes from one; then TLS, if it is spoken here; then a request.

    All of it together has to come within `handshake_s`. There is no task before the request is
    there, so whoever only connects costs a few small objects.
    """

    __slots__ = (
        "_alarm",
        "_around",
        "_buffer",
        "_door",
        "_drips",
        "_entrance",
        "_read",
        "_sip",
        "peer",
        "transport",
    )

    transport: asyncio.Transport
    peer: Peer

    def __init__(self, surroundings: Surroundings, door: Door, entrance: Entrance) -> None:
        self._around = surroundings
        self._door = door
        self._entrance = entrance
        self._buffer = bytearray()
        self._alarm: Alarm | None = None
        self._drips = 0  # reads that did not complete anything
        self._sip: Alarm | None = None
        self._read: Callable[[], None] = self._read_head

    @property
    def network(self) -> str:
        return network_of(self.peer.remote)

    @property
    def counted_as(self) -> str | None:
        """None stands for a proxy, which is many."""
        return None if self.is_proxied else self.network

    @property
    def expects_tls(self) -> bool:
        return self._entrance.tls is not None

    @property
    def is_proxied(self) -> bool:
        return self._entrance.proxies.trust(self.peer.remote)

    # -- from the transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        peername = transport.get_extra_info("peername")  # None when it has gone already
        self.peer = Peer(peername[0] if peername else "", self.expects_tls)
        wait_s = self._door.wait_s(self)
        if wait_s is None:
            return
        if wait_s:
            self._read = self._hold
            at = self._around.clock.monotonic() + wait_s
            self._alarm = self._around.timers.call_at(at, self._read_on)
        else:
            self._step_up()

    def _hold(self) -> None:
        """What comes too early waits in the socket."""
        self.transport.pause_reading()

    def _read_on(self) -> None:
        transport = self.transport  # not that of TLS, which begins now
        early = bytes(self._buffer)
        self._buffer.clear()
        self._read = self._read_head
        self._step_up()
        if transport.is_closing():
            return
        transport.resume_reading()
        if early:
            cast("asyncio.Protocol", transport.get_protocol()).data_received(early)

    def _step_up(self) -> None:
        self._door.stepped_up(self)
        at = self._around.clock.monotonic() + self._around.limits.handshake_s
        self._alarm = self._around.timers.call_at(at, self.send_away)
        if self._entrance.proxies.announce and self.is_proxied:
            self._read = self._read_announcement
        else:
            self._begin_tls()

    def data_received(self, data: bytes) -> None:
        if self._read is _hear_nothing:
            if not self.transport.is_closing():
                self.transport.pause_reading()
            return
        if data and not self._buffer:
            self._drips = 0
        self._buffer += data
        try:
            self._read()
        except UnfitHeadError as error:
            self._door.misspoke(self, str(error))
            self.refuse(Rejection(error.status, f"{error}\n"))
        except InvalidError as error:
            self._door.misspoke(self, str(error))
            self.refuse()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self._door.left(self)

    # -- what comes, in its order

    def _read_announcement(self) -> None:
        announced = announced_in(self._buffer)
        if announced is None:
            return
        rest = bytes(self._buffer[announced.size :])
        self._buffer.clear()
        self._read = self._read_head
        if announced.remote is not None:
            behind = Peer(announced.remote, announced.secure or self.expects_tls)
            self._door.announced(self, behind)
        hearer = self._begin_tls() or self
        if rest:
            hearer.data_received(rest)

    def _begin_tls(self) -> TlsTransport | None:
        tls = self._entrance.tls
        if tls is None:
            return None
        context = tls if isinstance(tls, ssl.SSLContext) else tls.context
        secured = TlsTransport(self.transport, context, self, self._tls_failed)
        self.transport = secured
        return secured

    def _tls_failed(self, why: str) -> None:
        self._door.misspoke(self, why.lower().replace("_", " "))
        self.refuse()

    def _read_head(self) -> None:
        end = head_end(self._buffer)
        if end is None:
            self._dripped()
            return
        self._rest()
        # What a hasty station sends before it is let in waits in the socket.
        self.transport.pause_reading()
        raw = bytes(self._buffer[:end])
        self._buffer.clear()
        head = head_from(raw)
        self.peer = self.peer._replace(certificate=self._certificate())
        self.peer = self._entrance.proxies.peer_behind(
            self.peer,
            head.headers.lines("X-Forwarded-For"),
            head.headers.lines("X-Forwarded-Proto"),
        )
        self._door.asked(self, head)

    def _dripped(self) -> None:
        self._drips += 1
        if self._drips > self._around.limits.drips_free and self._sip is None:
            self.transport.pause_reading()
            self._sip = self._around.timers.call_at(self._around.next_sip_at(), self._sip_on)

    def _sip_on(self) -> None:
        self._sip = None
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def _certificate(self) -> ClientCertificate | None:
        session, tls = self.transport.get_extra_info("ssl_object"), self._entrance.tls
        if session is None or tls is None:
            return None
        return client_in(session) if isinstance(tls, ssl.SSLContext) else tls.client_in(session)

    # -- to the transport

    def send_away(self) -> None:
        """Without a word: this one has not said enough to deserve one."""
        self._rest()
        self.transport.abort()

    def refuse(self, rejection: Rejection | None = None) -> None:
        """None when there is nothing that could be said, as before TLS is spoken."""
        self._rest()
        self._buffer.clear()
        if self.transport.is_closing():
            return
        if delay_s := self._door.refusal_delay_s(self):
            self.transport.pause_reading()
            at = self._around.clock.monotonic() + delay_s
            self._alarm = self._around.timers.call_at(at, partial(self._end, rejection))
        else:
            self._end(rejection)

    def _end(self, rejection: Rejection | None) -> None:
        if self.transport.is_closing():
            return
        if rejection is not None:
            self.transport.write(rejecting(rejection))
        self.transport.close()

    def _rest(self) -> None:
        self._read = _hear_nothing
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if self._sip:
            self._sip.cancel()
            self._sip = None


def _hear_nothing() -> None:
    """What comes after the request, or after the refusal, is not for us."""
