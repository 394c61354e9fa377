"""A simulated station on a real WebSocket."""

import asyncio
import contextlib
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import aiohttp

from ricarica.simulator.driver import Driver
from ricarica.simulator.simulated import SimulatedStation
from ricarica.simulator.transfers import Transfer, Transfers

if TYPE_CHECKING:
    Socket = aiohttp.ClientWebSocketResponse[bool]

POLL_BUSY = timedelta(seconds=2)  # how soon a full battery is noticed
POLL_IDLE = timedelta(seconds=10)
HANDSHAKE_S = 30
DEAD_AFTER = timedelta(seconds=30)  # beyond one ping interval without a sign of life
FRAME_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where stations connect, and how they prove who they are."""

    url: str
    password: str | None = None
    ca_file: Path | None = None
    compress: bool = False

    def address(self, identity: str) -> str:
        return f"{self.url.rstrip('/')}/{quote(identity, safe='')}"

    def ssl_context(self) -> ssl.SSLContext | bool:
        if not self.url.startswith("wss:") or self.ca_file is None:
            return True
        return ssl.create_default_context(cafile=str(self.ca_file))


class StationClient:
    """Keeps one station connected, with people in front of it, until its task is cancelled."""

    def __init__(
        self,
        station: SimulatedStation,
        endpoint: Endpoint,
        http: aiohttp.ClientSession,
        now: Callable[[], datetime],
        drivers: Sequence[Driver] = (),
    ) -> None:
        self.station = station
        self.drivers = tuple(drivers)
        self.connections = 0
        self.failures = 0
        self.last_error: str | None = None
        self.unplug_network = False
        self._endpoint = endpoint
        self._ssl = endpoint.ssl_context()
        self._http = http
        self._now = now
        self._socket: Socket | None = None
        self._heard_at = now()
        self._pinged_at = now()
        self._carrying: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        while True:
            if self.station.wants_connection and not self.unplug_network:
                await self._connect_once()
            await self._idle_for(self._back_off())

    async def _connect_once(self) -> None:
        try:
            async with (
                asyncio.timeout(HANDSHAKE_S) as handshake,
                self._open() as ws,
            ):
                handshake.reschedule(None)
                if ws.protocol != self.station.dialect.subprotocol:
                    self._failed("the server does not speak this version")
                    return
                await self._converse(ws)
        except aiohttp.WSServerHandshakeError as error:
            self._failed(f"HTTP {error.status}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self._failed(str(error) or type(error).__name__)
        finally:
            self._socket = None
            self.station.tick(self._now())
            self.station.go_offline()

    def _open(self) -> AbstractAsyncContextManager["Socket"]:
        password = self.station.settings["password"] or self._endpoint.password
        headers = {"Authorization": basic(self.station.identity, password)} if password else None
        return self._http.ws_connect(
            self._endpoint.address(self.station.identity),
            protocols=(self.station.dialect.subprotocol,),
            headers=headers,
            ssl=self._ssl,
            compress=15 if self._endpoint.compress else 0,
            autoping=False,
            max_msg_size=FRAME_MAX,
        )

    def _failed(self, why: str) -> None:
        self.failures += 1
        self.last_error = why

    async def end_visits(self) -> None:
        """Everybody takes their cable and goes; what that makes to tell is sent."""
        self.drivers = ()
        for evse in self.station.evses.values():
            if evse.vehicle is not None:
                self.station.unplug(evse.number)
        if self._socket is not None and not self._socket.closed:
            await self._send_all(self._socket)

    # While connected

    async def _converse(self, ws: "Socket") -> None:
        self.connections += 1
        self.failures, self.last_error = 0, None
        self._heard_at = self._pinged_at = self._now()
        self._socket = ws
        self._live()
        self.station.go_online()
        while self.station.online and not self.unplug_network:
            await self._send_all(ws)
            if self.station.cut_short() is not None:
                await self._tear_down(ws)
                return
            if not await self._hear(ws):
                return
            self._live()
            self._carry_files()
            if not await self._keep_alive(ws):
                return

    async def _send_all(self, ws: "Socket") -> None:
        for text in self.station.frames_to_send():
            await ws.send_str(text)

    async def _hear(self, ws: "Socket") -> bool:
        """Take one message, or give up when something is due. False when the socket is gone."""
        try:
            message = await ws.receive(timeout=self._wait_s())
        except TimeoutError:
            return True
        self._heard_at = self._now()
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                self.station.tick(self._heard_at)
                self.station.receive(str(message.data))
            case aiohttp.WSMsgType.PING if not self.station.misbehaviour.is_silent:
                await ws.pong(message.data)
            case aiohttp.WSMsgType.PING | aiohttp.WSMsgType.PONG | aiohttp.WSMsgType.BINARY:
                pass
            case _:
                self.last_error = f"closed with {ws.close_code}"
                return False
        return True

    async def _keep_alive(self, ws: "Socket") -> bool:
        """Ping when it is time; False when the server has not shown a sign of life."""
        interval = self.station.settings.seconds("ping_interval")
        now = self._now()
        if not interval or self.station.misbehaviour.is_silent:
            return True
        if now - self._heard_at > interval + DEAD_AFTER:
            self.last_error = "the server went silent"
            return False
        if now - self._pinged_at >= interval:
            self._pinged_at = now
            await ws.ping()
        return True

    # Files

    def _carry_files(self) -> None:
        """Fetch and upload what the station wants, beside the conversation."""
        transfers: Transfers | None = self.station.core.memories.get(Transfers)
        while transfers is not None and transfers.waiting:
            task = asyncio.create_task(self._carry(transfers.waiting.popleft()))
            self._carrying.add(task)
            task.add_done_callback(self._carrying.discard)

    async def _carry(self, transfer: Transfer) -> None:
        is_download = transfer.content is None
        method = "GET" if is_download else "PUT"
        try:
            async with self._http.request(
                method, transfer.url, data=transfer.content, ssl=self._ssl
            ) as response:
                body = await response.read()
                is_done = response.ok
        except (aiohttp.ClientError, TimeoutError, ValueError):  # no HTTP, or no such server
            body, is_done = b"", False
        self.station.tick(self._now())
        transfer.end(body if is_done else None)

    async def _tear_down(self, ws: "Socket") -> None:
        """Write half a frame on the bare socket and break it, as a lost link does."""
        half = (self.station.cut_short() or "").encode()
        with contextlib.suppress(OSError, AttributeError):
            bare: socket.socket = ws.get_extra_info("socket").dup()
            with bare:
                bare.send(half_frame(half))
                bare.shutdown(socket.SHUT_RDWR)
        await ws.receive(timeout=HANDSHAKE_S)

    # Time

    def _live(self) -> None:
        now = self._now()
        self.station.tick(now)
        for driver in self.drivers:
            driver.step(self.station, now)

    def _wait_s(self) -> float:
        """Seconds until something is due, or until it is worth looking again."""
        now = self._now()
        in_use = any(evse.vehicle is not None for evse in self.station.evses.values())
        due = [now + (POLL_BUSY if in_use else POLL_IDLE)]
        deadline = self.station.deadline()
        if deadline is not None:
            due.append(deadline)
        due.extend(driver.due for driver in self.drivers if driver.due is not None)
        return max(0.01, (min(due) - now).total_seconds())

    async def _idle_for(self, seconds: float) -> None:
        """Disconnected: life goes on, and the queue grows."""
        end = self._now() + timedelta(seconds=seconds)
        while self._now() < end:
            left = (end - self._now()).total_seconds()
            await asyncio.sleep(max(0.01, min(left, self._wait_s(), 1)))
            self._live()

    def _back_off(self) -> float:
        """Minimum and a random part, doubled with each failure in a row. (2.x J.2)"""
        settings = self.station.settings
        repeats = min(max(0, self.failures - 1), settings.integer("back_off_repeats"))
        spread = self.station.core.rng.random() * settings.integer("back_off_range")
        return (settings.integer("back_off_wait") * 2.0**repeats) + spread


def basic(identity: str, password: str) -> str:
    """RFC 7617 with the station's identity for a user name. (A00.FR.204)"""
    return "Basic " + b64encode(f"{identity}:{password}".encode()).decode()


def half_frame(payload: bytes) -> bytes:
    """The beginning of a masked text frame that promises twice as much as it brings."""
    length = len(payload) * 2
    head = bytes([0x81])
    if length < 126:
        head += bytes([0x80 | length])
    else:
        head += bytes([0x80 | 126]) + min(length, 65_535).to_bytes(2, "big")
    return head + bytes(4) + payload  # a mask of zeros leaves the payload as it is
