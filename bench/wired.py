"""Stations that are wired to the gateway without a network, for measuring what lies behind it."""

import asyncio
import json
import struct
from collections.abc import Iterator
from typing import Any

from bench.client import Station
from ricarica.app.wiring import Node
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.letters import Knock, Opened
from ricarica.ocpp.dialects import BY_SUBPROTOCOL
from ricarica.ocpp.session import Session
from ricarica.station_gateway.admission import Visitor
from ricarica.station_gateway.connection import Connection
from ricarica.station_gateway.duplicates import Claim
from ricarica.station_gateway.station_socket import StationSocket
from ricarica.station_gateway.surroundings import Surroundings

REMOTE = "127.0.0.1"


class Written:
    """Counts the answers to a batch."""

    def __init__(self) -> None:
        self._missing = 0
        self.all = asyncio.Event()

    def expect(self, frames: int) -> None:
        self._missing = frames
        self.all.clear()

    def count(self) -> None:
        self._missing -= 1
        if self._missing <= 0:
            self.all.set()


class Outlet(asyncio.Transport):
    """Where a socket writes to: it keeps the last frame, and says that one came."""

    def __init__(self, written: Written) -> None:
        super().__init__()
        self._written = written
        self.last = b""

    def write(self, data: Any) -> None:
        self.last = data
        self._written.count()

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Wired:
    def __init__(self, number: int, subprotocol: str, written: Written) -> None:
        self._station = Station(number, subprotocol)
        self._outlet = Outlet(written)
        self._socket: StationSocket | None = None
        self._ref: Any = 0
        self._sent = 0

    async def connect(self, node: Node, around: Surroundings) -> None:
        name, subprotocol, now = self._station.name, self._station.subprotocol, around.clock.now()
        key = StationKey(DEFAULT_TENANT, StationId(name))
        await node.link.admit(
            Knock(DEFAULT_TENANT, name, (subprotocol,), False, None, None, REMOTE, now)
        )
        epoch = await node.link.open(Opened(key, subprotocol, REMOTE, secure=False, at=now))
        claim = Claim(REMOTE, b"", authenticated=False)
        visitor = Visitor(
            key, subprotocol, subprotocol, claim, secure=False, introduced=True, origin=None
        )
        session = Session(BY_SUBPROTOCOL[subprotocol], new_id=lambda: "ours")
        self._socket = StationSocket(self._outlet, around, lambda _: None, inflates=False)
        Connection(visitor, epoch, session, self._socket, around, lambda _: None).begin()

    def receive(self, frame: bytes) -> None:
        assert self._socket is not None, "connect comes first"
        self._socket.data_received(frame)

    def boot(self) -> bytes:
        return self._frame("BootNotification", self._station.boot_payload())

    def frames(self, session: int) -> Iterator[bytes]:
        """One charging session; call `note_answer` after each."""
        self._ref = f"ref-{session}"
        for action, payload in self._station.says(session, self._ref):
            if "transactionId" in payload:
                payload["transactionId"] = self._ref
            yield self._frame(action, payload)

    def note_answer(self) -> None:
        """The transaction's number, which 1.6 has from us."""
        answer = json.loads(self._outlet.last[self._outlet.last.index(b"[") :])
        assert answer[0] == 3, f"refused: {answer}"
        self._ref = answer[2].get("transactionId", self._ref)

    def _frame(self, action: str, payload: dict[str, Any]) -> bytes:
        self._sent += 1
        text = json.dumps([2, str(self._sent), action, payload]).encode()
        # A mask of zeros is a legal mask, and leaves the text as it is.
        return struct.pack(">BBH4x", 0x81, 0x80 | 126, len(text)) + text
