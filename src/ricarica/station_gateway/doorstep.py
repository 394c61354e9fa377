"""Those who have come and are not in: bounded in number and rate, and fair to each address."""

import asyncio
from functools import partial
from typing import Protocol

from ricarica.kernel.clock import Clock
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate, Throttle, TokenBucket
from ricarica.station_gateway.timers import Timers


class Guest(Protocol):
    @property
    def network(self) -> str:
        """By which those are counted together who may be one and the same."""
        ...

    def send_away(self) -> None: ...


class Turnstile:
    """So many a second, of which no single address takes more than half."""

    def __init__(self, rate: Rate, names_max: int, clock: Clock) -> None:
        self._clock = clock
        self._all = TokenBucket(rate, clock.monotonic())
        half = Rate(rate.per_s / 2, max(rate.burst // 2, 1))
        self._each = Throttle(half, names_max)

    def wait_s(
        self, network: str | None, patience_s: float, own_patience_s: float = 0.0
    ) -> float | None:
        """How long until its turn; None if that is longer than it should wait.

        Args:
            network: None stands for a proxy, which is many.
            own_patience_s: For what others of its address have taken; they fill the queue that all
                stand in by half of this time.
        """
        now = self._clock.monotonic()
        own_s = 0.0 if network is None else self._each.due_in(network, now)
        if self._all.due_in(now) > patience_s or own_s > own_patience_s:
            return None
        if network is not None:
            self._each.take(network, now)
        return max(own_s, self._all.take(now))


class Bottleneck:
    """So many at a time, however long each takes: a machine that is slow is asked for less."""

    def __init__(self, room: int, timers: Timers) -> None:
        self._room = room
        self._timers = timers
        self._waiting: dict[asyncio.Future[bool], None] = {}  # in their order

    async def enter(self, until: float) -> bool:
        """Whether there was room by then; whoever entered leaves."""
        if self._room:
            self._room -= 1
            return True
        turn: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        alarm = self._timers.call_at(until, partial(self._give_up, turn))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.result():
                self.leave()
            raise
        finally:
            alarm.cancel()
            self._waiting.pop(turn, None)

    def leave(self) -> None:
        while self._waiting:
            turn = next(iter(self._waiting))
            del self._waiting[turn]
            if not turn.done():
                turn.set_result(True)
                return
        self._room += 1

    def _give_up(self, turn: "asyncio.Future[bool]") -> None:
        if not turn.done():
            turn.set_result(False)


class Doorstep:
    def __init__(self, limits: GatewayLimits, clock: Clock) -> None:
        self._guests_max = limits.handshakes_max
        self._patience_s = limits.arrival_wait_s
        self._turnstile = Turnstile(limits.arrivals, limits.names_max, clock)
        self._networks: dict[Guest, str] = {}
        self._guests: dict[str, dict[Guest, None]] = {}  # each address's in their order

    def __len__(self) -> int:
        return len(self._networks)

    def wait_s(self, network: str | None) -> float | None:
        """Until one may step up; None: it has to go."""
        return self._turnstile.wait_s(network, self._patience_s)

    def stand(self, guest: Guest) -> None:
        """When there are too many, the one goes who has dawdled longest at the busiest address.

        A station needs a second or three. Whoever only wants to fill the doorstep pushes out
        its own connections first, and only with very many addresses anybody else's.
        """
        self._networks[guest] = guest.network
        self._guests.setdefault(guest.network, {})[guest] = None
        if len(self) > self._guests_max:
            busiest = max(self._guests.values(), key=len)
            slowest = next(iter(busiest))
            self.leave(slowest)
            slowest.send_away()

    def leave(self, guest: Guest) -> None:
        """Also called for those who have left already."""
        network = self._networks.pop(guest, None)
        if network is not None:
            neighbours = self._guests[network]
            del neighbours[guest]
            if not neighbours:
                del self._guests[network]
