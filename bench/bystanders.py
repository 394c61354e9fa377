"""Ordinary stations that go on with their work while something happens to the server."""

import asyncio
import base64
import itertools
import time
from contextlib import suppress
from dataclasses import dataclass, field

from bench.frames import TEXT, framed, frames_from, status_of, upgrade_request

EVERY_S = 0.25  # a call of each
ANSWER_S = 30.0
METER_VALUES = (
    b'{"connectorId":1,"meterValue":[{"timestamp":"2026-11-22T08:00:00Z",'
    b'"sampledValue":[{"value":"%d","measurand":"Energy.Active.Import.Register","unit":"Wh"}]}]}'
)
BOOT = b'{"chargePointVendor":"Bench","chargePointModel":"Bystander"}'


class LostError(Exception):
    """A bystander was not let in, or its connection ended."""


@dataclass
class Bystander:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    rest: bytes = b""
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def call(self, action: bytes, payload: bytes) -> bytes:
        """The frame that answers."""
        wanted = b'"%d"' % next(self.numbers)
        self.writer.write(framed(TEXT, b'[2,%s,"%s",%s]' % (wanted, action, payload)))
        async with asyncio.timeout(ANSWER_S):
            while True:
                for opcode, text in await self._frames():
                    if opcode == TEXT and text[1:].lstrip().startswith(
                        (b"3," + wanted, b"4," + wanted)
                    ):
                        return text

    async def _frames(self) -> list[tuple[int, bytes]]:
        part = await self.reader.read(1 << 16)
        if not part:
            raise LostError("the connection ended")
        frames, self.rest = frames_from(self.rest + part)
        return frames

    def leave(self) -> None:
        self.writer.transport.abort()


async def bystander(port: int, identity: str, password: str | None = None) -> Bystander:
    """Let in, and booted."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = upgrade_request(f"/{identity}", "ocpp1.6").removesuffix(b"\r\n")
    if password:
        known = base64.b64encode(f"{identity}:{password}".encode())
        head += b"Authorization: Basic " + known + b"\r\n"
    writer.write(head + b"\r\n")
    async with asyncio.timeout(ANSWER_S):
        answer = await reader.readuntil(b"\r\n\r\n")
    if status_of(answer) != 101:
        raise LostError(f"{identity} was not let in: {answer!r}")
    station = Bystander(reader, writer)
    await station.call(b"BootNotification", BOOT)
    return station


async def working(stations: list[Bystander], seconds: float) -> list[float]:
    """How long each call took, in seconds. Each makes at least one, and all are answered."""
    until = time.monotonic() + seconds
    taken: list[float] = []

    async def work(station: Bystander, offset_s: float) -> None:
        await asyncio.sleep(offset_s)
        began = 0.0
        while began < until:
            began = time.monotonic()
            answer = await station.call(b"MeterValues", METER_VALUES % len(taken))
            if not answer.startswith(b"[3"):
                raise LostError(f"refused: {answer!r}")
            taken.append(time.monotonic() - began)
            await asyncio.sleep(max(0.0, began + EVERY_S - time.monotonic()))

    spread = EVERY_S / max(len(stations), 1)
    async with asyncio.TaskGroup() as tasks:
        for number, station in enumerate(stations):
            tasks.create_task(work(station, number * spread))
    return taken


async def leaving(stations: list[Bystander]) -> None:
    for station in stations:
        station.leave()
    for station in stations:
        with suppress(ConnectionError):
            await station.writer.wait_closed()
