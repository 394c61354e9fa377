"""A station's second line, to another back end, which takes us for the station.

It never disturbs the first: what it cannot take in time is dropped, and counted.
"""

import asyncio
import contextlib
import socket
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from urllib.parse import quote

import aiohttp
import structlog

from ricarica.kernel.clock import Clock
from ricarica.kernel.internet import is_public
from ricarica.link.letters import Outcome, Told
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.errors import ErrorKind, code_word
from ricarica.ocpp.events import Answered, CallReceived, Event, Refused, TimedOut
from ricarica.ocpp.session import Session
from ricarica.station_gateway.numbers import Numbers

WAITING_MAX = 500  # messages; a station that charges says as much in some hours
CALL_TIMEOUT_S = 30.0
CONNECT_S = 20.0
BACK_OFF_S, BACK_OFF_MAX_S = 1.0, 300.0
PING_S = 60.0
TRIES_MAX = 3  # of one message: one that ends every line keeps no others waiting
FRAME_MAX = 1024 * 1024

log = structlog.get_logger("ricarica.mirror")

Carry = Callable[[str, bytes], Awaitable[Told]]
"""Have the station asked something in the other's name."""


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    identity: str
    password: str | None
    dialect: Dialect
    may_be_private: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """What the station told us, and what it was answered."""

    action: str
    payload: bytes
    answer: bytes | None = None
    wants_answer: bool = True


@dataclass(slots=True)
class Counts:
    sent: int = 0
    dropped: int = 0
    is_connected: bool = False
    why: str | None = None


class ForbiddenAddressError(OSError):
    """The other's name leads into our own network."""


@dataclass(slots=True)
class Mirror:
    """`run` until it is cancelled; `offer` whenever the station has said something."""

    target: Target
    boot: bytes | None
    allows: Callable[[str], bool]
    carry: Carry
    clock: Clock
    rng: Random
    counts: Counts = field(default_factory=Counts)
    waiting: deque[Said] = field(default_factory=deque)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: Numbers = field(default_factory=Numbers)
    commands: "set[asyncio.Task[None]]" = field(default_factory=set)
    troublesome: Said | None = None  # what was said in vain, so many times
    tries: int = 0

    def offer(self, said: Said) -> None:
        if said.action == "BootNotification":
            self.boot = said.payload
        if len(self.waiting) >= WAITING_MAX:
            self.waiting.popleft()
            self.counts.dropped += 1
        self.waiting.append(said)
        self.woken.set()

    def say_again(self, said: Said) -> None:
        """The other may not have heard it. What it calls a transaction it says but once."""
        self.tries = self.tries + 1 if said is self.troublesome else 1
        self.troublesome = said
        if self.tries < TRIES_MAX:
            self.waiting.appendleft(said)
        else:
            self.counts.dropped += 1

    async def run(self) -> None:
        failures = 0
        connector = aiohttp.TCPConnector(socket_factory=self._socket)
        async with aiohttp.ClientSession(connector=connector) as http:
            while True:
                try:
                    await self._converse(http)
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    failures = 1 if self.counts.is_connected else failures + 1
                    self.counts.why = str(error) or type(error).__name__
                finally:
                    self.counts.is_connected = False
                    for command in self.commands:
                        command.cancel()
                await asyncio.sleep(self._pause_s(failures))

    def _pause_s(self, failures: int) -> float:
        pause = min(BACK_OFF_S * 2.0 ** min(failures, 20), BACK_OFF_MAX_S)
        return pause * (0.5 + self.rng.random())

    async def _converse(self, http: aiohttp.ClientSession) -> None:
        target = self.target
        headers = {}
        if target.password:
            userpass = b64encode(f"{target.identity}:{target.password}".encode()).decode()
            headers["Authorization"] = f"Basic {userpass}"
        async with asyncio.timeout(CONNECT_S) as handshake:
            async with http.ws_connect(
                f"{target.url}/{quote(target.identity, safe='')}",
                protocols=(target.dialect.subprotocol,),
                headers=headers,
                heartbeat=PING_S,
                max_msg_size=FRAME_MAX,
            ) as line:
                handshake.reschedule(None)
                if line.protocol != target.dialect.subprotocol:
                    raise OSError("the other does not speak this version")
                self.counts.is_connected, self.counts.why = True, None
                await self._speak(line)
                raise OSError(f"closed with {line.close_code}")

    async def _speak(self, line: "aiohttp.ClientWebSocketResponse[bool]") -> None:
        """Until the line is gone. It hears first what the station said when it started."""
        session = Session(self.target.dialect, new_id=self._new_id)
        if self.boot is not None and not self._has_boot_waiting:
            self.waiting.appendleft(Said("BootNotification", self.boot))
        talk = _Talk(self, session)
        hearing = asyncio.ensure_future(line.receive())
        try:
            while True:
                talk.go_on()
                for text in session.frames_to_send():
                    await line.send_str(text)
                self.woken.clear()
                waking = asyncio.ensure_future(self.woken.wait())
                done, _ = await asyncio.wait(
                    {hearing, waking}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED
                )
                waking.cancel()
                if hearing in done:
                    message = hearing.result()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        return
                    talk.hear(session.receive(message.data, self.clock.monotonic()))
                    hearing = asyncio.ensure_future(line.receive())
                talk.hear(session.expire(self.clock.monotonic()))
        finally:
            if talk.asked is not None:
                self.say_again(talk.asked)
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError, aiohttp.ClientError):
                await hearing

    @property
    def _has_boot_waiting(self) -> bool:
        return any(said.action == "BootNotification" for said in self.waiting)

    def _new_id(self) -> str:
        return f"{self.rng.getrandbits(120):030x}"

    def _socket(self, address: aiohttp.AddrInfoType) -> socket.socket:
        """Looked at when it is connected to, whatever its name was resolved to before."""
        family, kind, protocol, _, place = address
        host = str(place[0])
        if not self.target.may_be_private and not is_public(host):
            raise ForbiddenAddressError(f"{host} is in our own network")
        return socket.socket(family, kind, protocol)


@dataclass(slots=True)
class _Talk:
    """One connection: what is under way on it."""

    mirror: Mirror
    session: Session
    asked: Said | None = None

    def go_on(self) -> None:
        """One call at a time, as stations do."""
        mirror = self.mirror
        waiting = mirror.waiting
        while waiting and self.asked is None:
            said = waiting.popleft()
            payload = mirror.numbers.to_other(said.action, said.payload)
            if said.wants_answer:
                self.asked = said
                now = mirror.clock.monotonic()
                self.session.call(said.action, payload, now, CALL_TIMEOUT_S, said)
            else:
                self.session.tell(said.action, payload)
            mirror.counts.sent += 1

    def hear(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, CallReceived):
                self._command(event)
                continue
            asked = self.asked
            tag: Said | None = getattr(event, "tag", None)
            if asked is None or tag is not asked:
                continue
            self.asked = None
            if isinstance(event, TimedOut):
                self.mirror.say_again(asked)
                continue
            if isinstance(event, Answered):
                self._note(asked, bytes(event.payload))
            elif isinstance(event, Refused):
                log.debug("mirror.refused", action=event.action, code=event.code)

    def _note(self, said: Said, theirs: bytes) -> None:
        if said.answer is not None:
            self.mirror.numbers.learn(said.action, said.answer, theirs)

    def _command(self, call: CallReceived) -> None:
        mirror = self.mirror
        if not mirror.allows(call.action):
            code = code_word(ErrorKind.NOT_SUPPORTED, mirror.target.dialect)
            self.hear(self.session.refuse(call.id, code, "this is not allowed here"))
            return
        command = asyncio.ensure_future(self._carry(call))
        mirror.commands.add(command)
        command.add_done_callback(mirror.commands.discard)

    async def _carry(self, call: CallReceived) -> None:
        mirror = self.mirror
        payload = mirror.numbers.to_station(call.action, bytes(call.payload))
        told = await mirror.carry(call.action, payload)
        dialect = mirror.target.dialect
        if told.outcome is Outcome.ANSWERED:
            events = self.session.answer(call.id, told.payload or b"{}")
        else:
            code = told.code or code_word(ErrorKind.INTERNAL, dialect)
            events = self.session.refuse(call.id, code, told.description or "")
        self.hear(events)
        mirror.woken.set()
