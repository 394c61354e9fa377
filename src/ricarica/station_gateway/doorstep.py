"""Those who have come and not yet asked: bounded in number and rate, and fair to each address."""

from typing import Protocol

from ricarica.kernel.clock import Clock
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate, Throttle, TokenBucket


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
