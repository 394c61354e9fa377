"""A neutral load: stations in one process of their own, with nothing of ours in them.

Reads its task as JSON from the command line, writes what it measured as JSON. Each station sends
its next message as soon as the one before is answered; a `rate` spreads them instead.
"""

import asyncio
import base64
import json
import os
import resource
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PATH_PREFIX = "BENCH"
START = "2026-03-02T08:00:00Z"
CONNECT_AT_ONCE = 50  # stations
SAMPLES_PER_SESSION = 20  # of a charging session of five minutes, one every 15 s


@dataclass(slots=True)
class Measured:
    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0

    def summary(self, seconds: float) -> dict[str, float]:
        ordered = sorted(self.latencies_ms)
        if not ordered:
            return {"messages": 0, "refused": self.refused}
        return {
            "messages": len(ordered),
            "refused": self.refused,
            "per_s": len(ordered) / seconds,
            "p50_ms": ordered[len(ordered) // 2],
            "p99_ms": ordered[int(len(ordered) * 0.99)],
        }


class Socket(asyncio.Protocol):
    """A WebSocket client that does just enough: text frames, pings, no compression."""

    def __init__(self, path: str, subprotocol: str) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
            f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        )
        self._buffer = b""
        self._is_open = False
        self.waiter: asyncio.Future[bytes] | None = None
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.write(self._request.encode())

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiter and not self.waiter.done():
            self.waiter.set_exception(exc or ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise ConnectionError(head.decode())
            self._is_open, self._buffer = True, rest
            self._resolve(b"")
        while frame := self._frame():
            opcode, payload = frame
            if opcode == 1:
                self._resolve(payload)
            elif opcode == 9:
                self._send(0x8A, payload)

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, start = buffer[1] & 0x7F, 2
        if length == 126:
            length, start = struct.unpack_from(">H", buffer, 2)[0], 4
        elif length == 127:
            length, start = struct.unpack_from(">Q", buffer, 2)[0], 10
        if len(buffer) < start + length:
            return None
        self._buffer = buffer[start + length :]
        return buffer[0] & 0x0F, buffer[start : start + length]

    def _resolve(self, payload: bytes) -> None:
        if self.waiter and not self.waiter.done():
            self.waiter.set_result(payload)

    def send(self, text: str) -> None:
        self._send(0x81, text.encode())

    def _send(self, first: int, payload: bytes) -> None:
        # A mask of zeros is a legal mask, and leaves the payload as it is.
        if len(payload) < 126:
            head = struct.pack(">BB", first, 0x80 | len(payload))
        else:
            head = struct.pack(">BBH", first, 0x80 | 126, len(payload))
        self.transport.write(head + b"\0\0\0\0" + payload)


class Station:
    def __init__(self, number: int, subprotocol: str) -> None:
        self.name = f"{PATH_PREFIX}-{subprotocol[4:]}-{number}"
        self.subprotocol = subprotocol
        self._socket: Socket | None = None
        self._sent = 0

    async def connect(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        socket = Socket(f"/{self.name}", self.subprotocol)
        socket.waiter = loop.create_future()
        await loop.create_connection(lambda: socket, host, port)
        await socket.waiter
        self._socket = socket

    async def call(self, action: str, payload: dict[str, Any]) -> Any:
        assert self._socket is not None, "connect comes first"
        self._sent += 1
        self._socket.waiter = asyncio.get_running_loop().create_future()
        self._socket.send(json.dumps([2, str(self._sent), action, payload]))
        while True:
            answer = json.loads(await self._socket.waiter)
            if answer[0] == 2:  # the server asks; it is told that we cannot
                self._socket.waiter = asyncio.get_running_loop().create_future()
                self._socket.send(json.dumps([4, answer[1], "NotImplemented", "", {}]))
                continue
            return answer

    async def boot(self) -> None:
        await self.call("BootNotification", self.boot_payload())

    def boot_payload(self) -> dict[str, Any]:
        if self.subprotocol == "ocpp1.6":
            return {"chargePointVendor": "Bench", "chargePointModel": "B1"}
        return {"chargingStation": {"vendorName": "Bench", "model": "B1"}, "reason": "PowerUp"}

    def says(self, session: int, ref: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """One charging session; its `transactionId`s are for the caller to fill in."""
        if self.subprotocol == "ocpp1.6":
            return self._says_16(session)
        return self._says_2(session, ref)

    async def work(self, until: float, wait_s: float, pause_s: float, measured: Measured) -> None:
        await asyncio.sleep(wait_s)
        session = 0
        while time.monotonic() < until:
            session += 1
            ref: Any = f"{os.getpid()}-{session}"
            for action, payload in self.says(session, ref):
                if "transactionId" in payload:
                    payload["transactionId"] = ref
                begun = time.perf_counter()
                answer = await self.call(action, payload)
                measured.latencies_ms.append((time.perf_counter() - begun) * 1000)
                measured.refused += answer[0] != 3
                if action == "StartTransaction" and answer[0] == 3:
                    ref = answer[2]["transactionId"]
                if time.monotonic() >= until:
                    return
                if pause_s:
                    await asyncio.sleep(pause_s)

    def _says_16(self, session: int) -> Iterator[tuple[str, dict[str, Any]]]:
        register = session * 10_000
        yield (
            "StartTransaction",
            {
                "connectorId": 1,
                "idTag": "BENCH",
                "meterStart": register,
                "timestamp": _at(session, 0),
            },
        )
        for sample in range(SAMPLES_PER_SESSION):
            values = _values(register + sample * 45)
            for value in values:
                value["value"] = str(value["value"])
            yield (
                "MeterValues",
                {
                    "connectorId": 1,
                    "transactionId": 0,
                    "meterValue": [{"timestamp": _at(session, sample), "sampledValue": values}],
                },
            )
        yield (
            "StopTransaction",
            {
                "transactionId": 0,
                "meterStop": register + 1000,
                "timestamp": _at(session, SAMPLES_PER_SESSION),
            },
        )

    def _says_2(self, session: int, ref: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for number in range(SAMPLES_PER_SESSION + 2):
            last = number == SAMPLES_PER_SESSION + 1
            kind = "Started" if number == 0 else "Ended" if last else "Updated"
            event: dict[str, Any] = {
                "eventType": kind,
                "timestamp": _at(session, number),
                "triggerReason": "MeterValuePeriodic",
                "seqNo": number,
                "transactionInfo": {"transactionId": ref, "chargingState": "Charging"},
                "evse": {"id": 1, "connectorId": 1},
                "meterValue": [
                    {
                        "timestamp": _at(session, number),
                        "sampledValue": _values(session * 10_000 + number * 45),
                    }
                ],
            }
            if number == 0:
                event["idToken"] = {"idToken": "BENCH", "type": "ISO14443"}
            yield "TransactionEvent", event


def _at(session: int, sample: int) -> str:
    seconds = session * 400 + sample * 15
    day, second = divmod(seconds, 86_400)
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"2026-03-{day % 28 + 1:02d}T{clock}Z"


def _values(register: int) -> list[dict[str, Any]]:
    """What an ordinary station samples: the register, the power, and a current per phase."""
    return [
        {"value": register, "measurand": "Energy.Active.Import.Register"},
        {"value": 10_800, "measurand": "Power.Active.Import"},
        {"value": 15.7, "measurand": "Current.Import", "phase": "L1"},
        {"value": 15.6, "measurand": "Current.Import", "phase": "L2"},
        {"value": 15.8, "measurand": "Current.Import", "phase": "L3"},
    ]


async def _arrive(station: Station, task: dict[str, Any]) -> None:
    await station.connect(task["host"], task["port"])
    await station.boot()


async def load(task: dict[str, Any]) -> dict[str, Any]:
    first = task.get("first", 0)
    numbers = range(first, first + task["stations"])
    stations = [Station(number, task["subprotocol"]) for number in numbers]
    for start in range(0, len(stations), CONNECT_AT_ONCE):
        await asyncio.gather(
            *(_arrive(station, task) for station in stations[start : start + CONNECT_AT_ONCE])
        )
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    measured = Measured()
    begun = time.monotonic()
    pause_s = task["stations"] / task["rate"] if task.get("rate") else 0.0
    until = begun + task["seconds"]
    # Spread, for those that begin together would go on together.
    waits = (pause_s * place / len(stations) for place in range(len(stations)))
    await asyncio.gather(
        *(
            station.work(until, wait_s, pause_s, measured)
            for station, wait_s in zip(stations, waits, strict=True)
        )
    )
    return measured.summary(time.monotonic() - begun)


def main() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps(asyncio.run(load(json.loads(sys.argv[1])))), flush=True)


if __name__ == "__main__":
    main()
