"""A station that had been read more slowly once was not read at all any more.

An event loop may ring an alarm a moment early. When the moment passed while the alarm was being
handled, the next one was set for the check of a minute later.
"""

import random

from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon

STEP_S = 0.0001


class Hasty(Hourglass):
    """Time passes with every look at it, and alarms ring between two looks too early."""

    def monotonic(self) -> float:
        self._elapsed_s += STEP_S
        return self._elapsed_s

    def ring_next(self) -> None:
        alarm = min(self._waiting(), key=lambda each: each.at)
        self._alarms.remove(alarm)
        self._elapsed_s = max(self._elapsed_s, alarm.at - 2.5 * STEP_S)
        alarm.callback()


async def test_a_station_that_was_slowed_down_is_read_on_after_an_alarm_that_was_early() -> None:
    clock, core = Hasty(), ScriptedCore()
    limits = GatewayLimits(messages=Rate(per_s=10.0, burst=2), close_s=1.0, ping_s=60.0)
    gateway = StationGateway(core, clock, limits, random.Random(1), clock)
    port = await gateway.start("127.0.0.1", 0)
    address = f"ws://127.0.0.1:{port}/CP1"
    async with connect(
        address, subprotocols=[Subprotocol("ocpp1.6")], close_timeout=0.1
    ) as station:
        for number in range(4):
            await station.send(f'[2,"{number}","Heartbeat",{{}}]')
        await core.until(lambda: "flooding" in core.kinds())
        began = clock.monotonic()

        for number in range(4):
            while core.delivered.qsize() <= number and clock.monotonic() - began < 30:
                clock.ring_next()
            assert await soon(station.recv()) == f'[3,"{number}",{{}}]'

        assert clock.monotonic() - began < 1, "it waited for the check of a minute later"
    await gateway.stop()
