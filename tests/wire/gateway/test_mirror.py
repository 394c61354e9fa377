"""A station's second line, to a back end that comes and goes."""

import asyncio
import json
import random
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from ricarica.link.letters import Outcome, Told
from ricarica.ocpp.dialects import V16
from ricarica.station_gateway import mirror
from ricarica.station_gateway.mirror import TRIES_MAX, Mirror, Said, Target
from ricarica.testing.gateway import Hourglass

START = Said("StartTransaction", b'{"connectorId":1}', b'{"transactionId":5}')
METER = Said("MeterValues", b'{"connectorId":1,"transactionId":5}', b"{}")
WITHIN_S = 10.0


class Other:
    """A back end that hangs up when it hears of a start, so many times."""

    def __init__(self, hangs_up: int) -> None:
        self.left = hangs_up
        self.heard: list[str] = []
        self.meter: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def talk(self, socket: ServerConnection) -> None:
        async for text in socket:
            _, id, action, payload = json.loads(text)
            self.heard.append(action)
            if action == "StartTransaction" and self.left:
                self.left -= 1
                return
            if action == "MeterValues":
                self.meter.set_result(payload)
            answer = {"transactionId": 77} if action == "StartTransaction" else {}
            await socket.send(json.dumps([3, id, answer]))


async def mirrored(other: Other, hourglass: Hourglass) -> tuple[Mirror, dict[str, Any]]:
    async def carry(_action: str, _payload: bytes) -> Told:
        return Told(Outcome.UNREACHED)

    async with serve(other.talk, "127.0.0.1", 0, subprotocols=[Subprotocol("ocpp1.6")]) as door:
        port = door.sockets[0].getsockname()[1]
        target = Target(f"ws://127.0.0.1:{port}", "CP-1", None, V16, may_be_private=True)
        second = Mirror(target, b"{}", lambda _: False, carry, hourglass, random.Random(1))
        second.offer(START)
        second.offer(METER)
        running = asyncio.create_task(second.run())
        try:
            async with asyncio.timeout(WITHIN_S):
                return second, await other.meter
        finally:
            running.cancel()
            await asyncio.wait([running])


async def test_what_was_not_answered_when_the_line_broke_is_told_again(
    hourglass: Hourglass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "BACK_OFF_S", 0.01)
    other = Other(hangs_up=1)

    second, meter = await mirrored(other, hourglass)

    assert other.heard == [*(["BootNotification", "StartTransaction"] * 2), "MeterValues"]
    assert meter["transactionId"] == 77
    assert second.counts.dropped == 0


async def test_what_ends_the_line_again_and_again_is_dropped(
    hourglass: Hourglass, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "BACK_OFF_S", 0.01)
    other = Other(hangs_up=TRIES_MAX)

    second, _ = await mirrored(other, hourglass)

    told = ["BootNotification", "StartTransaction"] * TRIES_MAX
    assert other.heard == [*told, "BootNotification", "MeterValues"]
    assert second.counts.dropped == 1
